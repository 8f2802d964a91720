//! Checks whether the figures of another tool are consistent. How the tool measured is
//! unknown, but some figures contradict each other.

use crate::record::{Audit, ClientSide, Model, Origin, Run, Timing, Verdict};
use crate::runs::words::{count, figure};

/// The largest relative difference between two figures that follow from each other,
/// beyond their rounding.
const APART: f64 = 0.1;
/// wrk adds synthetic times to correct for coordinated omission, so its mean may be several
/// times too high for its rate.
const APART_WRK: f64 = 4.0;
/// Tools print means in milliseconds or finer, and durations in hundredths of a second
/// or finer.
const ROUNDING_MS: f64 = 0.5;
const ROUNDING_S: f64 = 0.01;
/// A test that took less than this share of its planned time was cut short.
const CUT_SHORT: f64 = 0.5;

impl Audit {
    pub(super) fn imported(&mut self, run: &Run, client: &ClientSide) {
        for (what, times) in [
            ("successes", &client.service.ok),
            ("refusals", &client.service.refused),
            ("errors", &client.service.failed),
        ] {
            self.ascending(what, times, client.seconds);
        }
        self.clients(run, client);
        self.rate(client);
        self.length(run, client);
    }

    /// Checks that percentiles rise, that the mean is not above the longest time, and that no
    /// answer took longer than the test.
    fn ascending(&mut self, of: &str, times: &Timing, seconds: f64) {
        let falls = times.known_points().windows(2).find(|pair| pair[1][1] < pair[0][1]);
        if let Some(&[[low, low_ms], [high, high_ms]]) = falls {
            let says = format!(
                "the p{low} is {} ms and the p{high} is {} ms ({of}), but percentiles cannot fall",
                figure(low_ms),
                figure(high_ms)
            );
            self.note("percentiles rise", Verdict::Failed, says);
        }
        let Some(longest) = times.max_ms() else { return };
        if let Some(mean) = times.mean_ms().filter(|mean| *mean > longest + ROUNDING_MS) {
            let says = format!(
                "the mean is {} ms, above the longest time of {} ms ({of})",
                figure(mean),
                figure(longest)
            );
            self.note("the mean is below the longest", Verdict::Failed, says);
        }
        let allowed = seconds * (1.0 + APART) + ROUNDING_S;
        if seconds > 0.0 && longest / 1e3 > allowed {
            let says = format!(
                "the longest answer took {} s ({of}), but the whole test took {} s",
                figure(longest / 1e3),
                figure(seconds)
            );
            self.note("no answer outlasts the test", Verdict::Failed, says);
        }
    }

    /// Checks that Little's law does not need more clients than there were.
    fn clients(&mut self, run: &Run, client: &ClientSide) {
        let Some(Model::Closed { clients }) = run.load.as_ref().map(|load| &load.model) else { return };
        let Some(mean) = client.service.ok.mean_ms() else { return };
        let (clients, inside) = (clients.peak(), client.rate * mean / 1e3);
        let apart = if run.origin == Origin::Wrk { APART_WRK } else { APART };
        let possible = inside <= clients * (1.0 + apart) + client.rate * ROUNDING_MS / 1e3;
        let says = format!(
            "{}/s of {} ms each need {} clients by Little's law, and there were {}",
            count(client.rate as u64),
            figure(mean),
            count(inside.ceil() as u64),
            count(clients as u64)
        );
        self.check("Little's law (told)", possible, says);
    }

    fn rate(&mut self, client: &ClientSide) {
        let (answers, seconds) = (client.answered() as f64, client.seconds);
        if !client.is_counted() || seconds <= 0.0 || client.rate <= 0.0 {
            return;
        }
        let followed = client.rate * seconds;
        let apart = (followed - answers).abs();
        // A difference of one answer is not a contradiction.
        let possible = apart <= answers * APART + client.rate * ROUNDING_S + 1.0 + client.aborted as f64;
        let says = format!(
            "{}/s for {} s are {} answers, and {} were counted",
            figure(client.rate),
            figure(seconds),
            count(followed.round() as u64),
            count(answers as u64)
        );
        self.check("rate and count agree", possible, says);
    }

    fn length(&mut self, run: &Run, client: &ClientSide) {
        let Some(Model::Closed { clients }) = run.load.as_ref().map(|load| &load.model) else { return };
        let Some(planned) = clients.seconds().filter(|planned| client.seconds < planned * CUT_SHORT) else {
            return;
        };
        let says = format!("the test took {} s of the planned {planned} s", figure(client.seconds));
        self.note("the test came to its end", Verdict::Disturbed, says);
    }
}
