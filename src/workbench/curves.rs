//! Percentile curves: each mode's times at the percentages of the usual log-nines
//! axis.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::Workbench;
use crate::record::{ByMode, Mode, quantile_ms};

/// The percentages at which a curve is drawn.
pub const PERCENTS: [f64; 18] = [
    0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99,
    99.999, 100.0,
];

/// The answer of `/api/curves`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curves {
    /// [`PERCENTS`].
    pub percents: Vec<f64>,
    /// The curves of each mode.
    pub modes: ByMode<ModeCurves>,
}

/// The curves of one mode since the last reset, in milliseconds; empty if nothing was
/// timed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModeCurves {
    /// The number of successful responses.
    pub count: u64,
    /// From the request head to the response, of successful responses.
    pub http_ms: Vec<f64>,
    /// The number of events done.
    pub response_count: u64,
    /// From arrival to finish, of events done.
    pub response_ms: Vec<f64>,
}

impl Workbench {
    /// Returns the percentile curves of each mode since the last reset.
    pub fn curves(&self) -> Curves {
        let of_mode = |mode: Mode| {
            let stats = self.bench.stats(mode);
            let (http, response) = (stats.http().ok, stats.response());
            ModeCurves {
                count: http.len(),
                http_ms: curve(&http),
                response_count: response.len(),
                response_ms: curve(&response),
            }
        };
        Curves { percents: PERCENTS.to_vec(), modes: ByMode::from_fn(of_mode) }
    }
}

fn curve(times: &Histogram<u64>) -> Vec<f64> {
    PERCENTS.iter().filter_map(|percent| quantile_ms(times, percent / 100.0)).collect()
}
