//! Checks of the client side: how its requests ended, and whether its times and its
//! schedule can be trusted.

use crate::record::{Audit, ByAnswer, ClientSide, Model, Run, Timing, Verdict};
use crate::runs::words::{count, figure, percent};

/// The names that `load::RequestError` and oha give to requests in flight at the end.
const CUT_OFF: [&str; 2] = ["the load ended first", "aborted due to deadline"];
/// The share of requests without an answer, or of due requests never sent, above which
/// the p99 is unknown.
const MISSING: f64 = 0.01;
/// The share of errors among the answers above which a run is disturbed, and the share
/// above which it is invalid.
const ERRORS: f64 = 0.01;
const MOST_ERRORS: f64 = 0.5;
/// The largest relative difference between the two sides of Little's law.
const LITTLE: f64 = 0.02;
/// Times are recorded in whole microseconds. Below this mean, rounding alone exceeds
/// the limit of Little's law.
const TOO_SHORT_MS: f64 = 0.02;
/// The allowed lateness of the generator at the median and at the 99th percentile, in
/// milliseconds, or as a share of the measured time if that is longer.
const LAG_MS: [f64; 2] = [0.2, 1.0];
const LAG_SHARE: f64 = 0.05;
/// A run is invalid if lateness makes up more than this share of the measured time.
const MOST_LAG: f64 = 0.5;

impl Audit {
    /// Checks how the requests ended, in imported runs too.
    pub(super) fn counts(&mut self, run: &Run, client: &ClientSide) {
        if !client.is_counted() {
            return;
        }
        let ClientSide { sent, ok, refused, failed, aborted, unsent, .. } = *client;
        let answered = client.answered();
        let says = format!(
            "{} sent = {} ok + {} refused + {} failed + {} aborted",
            count(sent),
            count(ok),
            count(refused),
            count(failed),
            count(aborted)
        );
        self.check("every request ended once", answered.saturating_add(aborted) == sent, says);
        let cut = CUT_OFF.iter().filter_map(|reason| client.errors.get(*reason)).sum();
        let missing = aborted.saturating_sub(cut);
        let why = || {
            let reasons = client.errors.iter().filter(|(reason, _)| !CUT_OFF.contains(&reason.as_str()));
            let mut reasons: Vec<(&String, &u64)> = reasons.collect();
            reasons.sort_by(|a, b| b.1.cmp(a.1));
            let all: Vec<&str> = reasons.into_iter().take(3).map(|(reason, _)| reason.as_str()).collect();
            if all.is_empty() { String::new() } else { format!(" ({})", all.join("; ")) }
        };
        let asked = sent.saturating_sub(cut);
        if answered == 0 {
            let says = format!("0 of {} requests were answered{}", count(sent), why());
            self.note("something was measured", Verdict::Failed, says);
        } else if missing > 0 {
            let share = missing as f64 / asked as f64;
            let of = format!("{} of {} requests ({})", count(missing), count(asked), percent(share));
            let (verdict, consequence) = match share > MISSING {
                true => (Verdict::Failed, "so the p99 is unknown"),
                false => (Verdict::Disturbed, "and the times leave them out"),
            };
            let says = format!("{of} got no answer{}, {consequence}", why());
            self.note("every request was answered", verdict, says);
        }
        if answered > 0 {
            self.errors(run, client);
        }
        if client.interrupted {
            let under_way = if cut > 0 {
                format!("; {} requests in flight have no times", count(cut))
            } else {
                String::new()
            };
            let says = format!("the load was interrupted after {} s{under_way}", figure(client.seconds));
            self.note("the load came to its end", Verdict::Note, says);
        }
        if unsent > 0 {
            let (unsent, due) = (unsent, sent.saturating_add(unsent));
            let many = unsent as f64 > MISSING * due as f64;
            let says = format!(
                "{} of {} requests were due but not sent before the load was interrupted; the times leave \
                 their waits out",
                count(unsent),
                count(due)
            );
            self.note(
                "the schedule was kept",
                if many { Verdict::Failed } else { Verdict::Disturbed },
                says,
            );
        }
    }

    /// Checks the share of answers that are errors or refusals.
    fn errors(&mut self, run: &Run, client: &ClientSide) {
        let ClientSide { ok, refused, failed, .. } = *client;
        let answered = client.answered();
        let bad = refused.saturating_add(failed);
        let share = failed as f64 / answered as f64;
        // The bench fails and refuses as configured. Another server's intent is unknown.
        let as_configured = run.mode_side().is_some();
        let separated = !self.checks.iter().any(|check| check.name == "answers");
        let codes: Vec<&str> = client
            .statuses
            .keys()
            .map(String::as_str)
            .filter(|status| status.starts_with(['4', '5']))
            .take(4)
            .collect();
        let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
        let (verdict, says) = if ok == 0 {
            let what = if failed > 0 { "errors" } else { "refusals" };
            let verdict = if failed > 0 && !as_configured { Verdict::Failed } else { Verdict::Disturbed };
            let of = format!("{} of {} answers", count(bad), count(answered));
            (verdict, format!("{of} were {what}{codes}; no success was timed"))
        } else if failed > 0 && separated {
            let verdict = match share {
                _ if as_configured => Verdict::Note,
                share if share > MOST_ERRORS => Verdict::Failed,
                share if share > ERRORS => Verdict::Disturbed,
                _ => Verdict::Note,
            };
            let of = format!("{} of {} answers ({})", count(failed), count(answered), percent(share));
            (
                verdict,
                format!("{of} were errors{codes}; the rate counts them, the times of successes do not"),
            )
        } else {
            return;
        };
        self.note("answers were successes", verdict, says);
    }

    /// Checks the times. Only for runs that Weir measured.
    pub(super) fn client_times(&mut self, run: &Run, client: &ClientSide) {
        let sent = client.sent;
        if client.waited > 0 {
            let connections = match run.load.as_ref().map(|load| &load.model) {
                Some(Model::Open { connections, .. }) => {
                    format!("all {} connections", count(*connections as u64))
                }
                _ => "every connection".to_owned(),
            };
            let says = format!(
                "{} of {} requests found {connections} in use; response times include that wait, service \
                 times do not",
                count(client.waited),
                count(sent)
            );
            self.note("a connection was free", Verdict::Note, says);
        }
        if client.repeated > 0 {
            let many = client.repeated as f64 > ERRORS * sent as f64;
            let says = format!(
                "{} of {} requests were sent twice because the server closed the connection at that \
                 moment; their times include both",
                count(client.repeated),
                count(sent)
            );
            let verdict = if many { Verdict::Disturbed } else { Verdict::Note };
            self.note("no request was sent twice", verdict, says);
        }
        // Aborted requests were in flight but have no time.
        if client.aborted == 0 {
            self.little("client", client.in_flight, &client.service, client.seconds);
        }
        if let Some(lag) = &client.lag {
            self.lag(run, lag, client.response.as_ref().unwrap_or(&client.service));
        }
    }

    /// Checks N = X · R (Little, "A proof for the queuing formula L = λW", 1961): the mean
    /// number inside is the throughput times the mean time inside.
    pub(super) fn little(&mut self, whose: &str, inside: f64, times: &ByAnswer, seconds: f64) {
        let total_ms: f64 = [&times.ok, &times.refused, &times.failed].into_iter().map(total_ms).sum();
        let count: u64 = [&times.ok, &times.refused, &times.failed].iter().filter_map(|t| t.count()).sum();
        if count == 0 || seconds <= 0.0 || total_ms / (count as f64) < TOO_SHORT_MS {
            return;
        }
        let (x, r) = (count as f64 / seconds, total_ms / count as f64);
        let n = x * r / 1e3;
        let apart = (inside - n).abs() / n;
        let says = format!(
            "{inside:.3} were in flight on average, and rate times mean time is {x:.1}/s * {r:.3} ms = {n:.3}, \
             {:.2} % apart (limit {:.0} %)",
            apart * 100.0,
            LITTLE * 100.0
        );
        self.check(&format!("Little's law ({whose})"), apart <= LITTLE, says);
    }

    /// Checks how late requests were sent, relative to the measured times. The client's
    /// response times include the lateness; the bench's times do not. A run whose lateness
    /// is small compared to the bench's times is therefore only disturbed.
    fn lag(&mut self, run: &Run, lag: &Timing, response: &ByAnswer) {
        let bench = run.mode_side().map(|side| &side.response);
        for (share, name, least) in [(0.5, "p50", LAG_MS[0]), (0.99, "p99", LAG_MS[1])] {
            let Some(late) = lag.quantile_ms(share) else { continue };
            let measured = response.ok.quantile_ms(share).unwrap_or_default();
            let work = bench.and_then(|times| times.quantile_ms(share)).unwrap_or_default();
            let verdict = match late {
                late if late <= least.max(measured * LAG_SHARE) => Verdict::Passed,
                late if late <= LAG_MS[1].max(measured.max(work) * MOST_LAG) => Verdict::Disturbed,
                _ => Verdict::Failed,
            };
            let but = if work > measured { "; the bench's own times do not include it" } else { "" };
            let says = format!(
                "requests were sent {} ms late at the {name}, where the answer time is {} ms{but}",
                figure(late),
                figure(measured)
            );
            self.note("the schedule was kept", verdict, says);
        }
    }
}

fn total_ms(times: &Timing) -> f64 {
    times.count().unwrap_or_default() as f64 * times.mean_ms().unwrap_or_default()
}
