//! oha: the output of `--output-format json` (`-j` in older versions). Any field may be
//! missing, and is null where it would be 0/0.
//!
//! <https://github.com/hatoo/oha/blob/master/schema.json>

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ReadError, Results, number, timing};
use crate::record::{ByAnswer, Verdict};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Output {
    summary: Summary,
    /// Of all answers; seconds by names such as `p99.9`.
    latency_percentiles: Option<BTreeMap<String, Option<f64>>>,
    /// With `--stats-success-breakdown`: of 2xx, and of the others.
    latency_percentiles_successful: Option<BTreeMap<String, Option<f64>>>,
    latency_percentiles_not_successful: Option<BTreeMap<String, Option<f64>>>,
    status_code_distribution: Option<BTreeMap<String, u64>>,
    error_distribution: Option<BTreeMap<String, u64>>,
}

/// In seconds, bytes, and requests a second.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Summary {
    total: Option<f64>,
    slowest: Option<f64>,
    average: Option<f64>,
    requests_per_sec: Option<f64>,
    total_data: Option<u64>,
}

/// Reads the JSON of oha.
pub(super) fn read(text: &str) -> Result<Results, ReadError> {
    let output: Output = serde_json::from_str(text).map_err(ReadError::Json)?;
    let known = output.summary.total.is_some()
        || output.latency_percentiles.is_some()
        || output.status_code_distribution.is_some();
    if !known {
        return Err(ReadError::NoSummary);
    }
    let mut results = Results::default();
    let client = &mut results.client;
    client.statuses = output.status_code_distribution.unwrap_or_default();
    client.errors = output.error_distribution.unwrap_or_default();
    results.by_status();
    let client = &mut results.client;
    let answered = client.answered();
    client.bytes = output.summary.total_data.unwrap_or_default();
    client.seconds = positive(output.summary.total).unwrap_or_default();
    // Its requests per second include those without an answer.
    let rate = (client.seconds > 0.0 && answered > 0).then(|| answered as f64 / client.seconds);
    client.rate = rate.or(positive(output.summary.requests_per_sec)).unwrap_or_default();

    let count = (answered > 0).then_some(answered);
    let mean_ms = positive(output.summary.average).map(|seconds| seconds * 1e3);
    let longest = positive(output.summary.slowest).map(|seconds| [100.0, seconds * 1e3]);
    let (ok, refused, failed) = (client.ok, client.refused, client.failed);
    // If all are successful, the figures of all say more: they have the mean and the
    // slowest.
    let all_ok = refused.saturating_add(failed) == 0 && output.latency_percentiles.is_some();
    let apart = (output.latency_percentiles_successful, output.latency_percentiles_not_successful);
    match apart {
        // oha does not count redirects as successful; Weir counts them as neither refused
        // nor failed.
        (Some(successful), Some(others)) if others_are_one_kind(refused, failed) => {
            let others = timing(Some(refused.saturating_add(failed)), None, points(&others));
            let ok = timing(Some(ok), None, points(&successful));
            results.client.service = if refused > 0 {
                ByAnswer { ok, refused: others, ..ByAnswer::default() }
            } else {
                ByAnswer { ok, failed: others, ..ByAnswer::default() }
            };
        }
        (Some(successful), _) if !all_ok => {
            results.client.service.ok = timing(Some(ok), None, points(&successful));
        }
        _ => {
            let all = output.latency_percentiles.unwrap_or_default();
            let points = points(&all).into_iter().chain(longest).collect();
            results.times(count, mean_ms, points);
            results.mixed("oha without --stats-success-breakdown");
        }
    }
    let says = "oha does not report its target and load, so both are unknown";
    results.note(Verdict::Note, "load", says.to_owned());
    Ok(results)
}

fn others_are_one_kind(refused: u64, failed: u64) -> bool {
    (refused == 0) != (failed == 0)
}

fn positive(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}

/// Percentages and milliseconds.
fn points(percentiles: &BTreeMap<String, Option<f64>>) -> Vec<[f64; 2]> {
    let point = |(name, seconds): (&String, &Option<f64>)| {
        let percent = number(name.strip_prefix('p')?).filter(|percent| *percent <= 100.0)?;
        Some([percent, positive(*seconds)? * 1e3]).filter(|[_, ms]| ms.is_finite())
    };
    percentiles.iter().filter_map(point).collect()
}
