//! Whether a run can be trusted, and if not, why.

use serde::{Deserialize, Serialize};

use super::{BenchSide, ByAnswer, ClientSide, Run, Timing};
use crate::workbench::{LedgerState, MarkKind};

/// The checks that were made of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Audit {
    /// What was looked at, and what was found.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Such as `Little's law`.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found and what is allowed, in a sentence.
    pub says: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// The figures hold, and something about them has to be known.
    Caution,
    /// The figures do not mean what they say: the run is invalid.
    Failed,
}

impl Audit {
    /// Whether the figures of the run mean what they say.
    pub fn is_valid(&self) -> bool {
        self.checks.iter().all(|check| check.verdict != Verdict::Failed)
    }

    /// What a reader has to know: cautions and failures.
    pub fn remarks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.verdict != Verdict::Passed)
    }
}

/// The share of events from before the load that the bench's figures bear.
const EARLY: f64 = 0.01;
/// How far apart the two sides of Little's law may be.
const LITTLE: f64 = 0.02;
/// Times are recorded in whole microseconds, so below this mean their rounding is
/// seen in the law.
const TOO_SHORT_MS: f64 = 0.02;
/// How late the generator may be, in milliseconds: at the median, and at the 99th
/// percentile; or else this share of what it measures there.
const LAG_MS: [f64; 2] = [0.2, 1.0];
const LAG_SHARE: f64 = 0.05;
/// The share of the time for which the generator may have no core although it has
/// something to do: more of it shows in what it measures.
const STARVED: f64 = 0.05;
/// If it has none for more than that, it matters who has it: of what was used by
/// others, this share may be that of processes which are not the server.
const OTHERS: f64 = 0.3;
/// A generator that is busy for more of the time than this sets the rate itself.
const BUSY: f64 = 0.95;

impl Run {
    /// The run, audited anew from what it holds.
    pub fn audited(mut self) -> Self {
        let mut audit = Audit::default();
        if let Some(client) = &self.client {
            audit.client(client);
        }
        if let Some(bench) = &self.bench {
            audit.bench(bench);
        }
        audit.both(&self);
        self.audit = audit;
        self
    }
}

impl Audit {
    fn note(&mut self, name: &str, verdict: Verdict, says: String) {
        self.checks.push(Check { name: name.to_owned(), verdict, says });
    }

    /// Passed or failed.
    fn check(&mut self, name: &str, passed: bool, says: String) {
        self.note(name, if passed { Verdict::Passed } else { Verdict::Failed }, says);
    }

    fn client(&mut self, client: &ClientSide) {
        let ClientSide { sent, ok, refused, failed, aborted, unsent, .. } = client;
        let ended = ok + refused + failed + aborted;
        let says =
            format!("{sent} sent = {ok} ok + {refused} refused + {failed} failed + {aborted} aborted");
        self.check("every request ended once", ended == *sent, says);
        let says = format!("{} of {sent} requests were answered", ok + refused + failed);
        self.check("something was measured", ok + refused + failed > 0, says);
        if *aborted > 0 {
            let reasons: Vec<&str> = client.errors.keys().map(String::as_str).collect();
            let says = format!("{aborted} of {sent} requests got no answer: {}", reasons.join("; "));
            self.note("every request was answered", Verdict::Caution, says);
        }
        if *unsent > 0 {
            let says = format!("{unsent} requests were due and were never sent");
            self.check("the schedule was kept", false, says);
        }
        if client.waited > 0 {
            let says = format!(
                "{} of {sent} requests were due when every connection was in use: their response says how long \
                 they waited, their service does not",
                client.waited
            );
            self.note("a connection was free", Verdict::Caution, says);
        }
        // Those that were aborted were under way, and have no time.
        if *aborted == 0 {
            self.little("client", client.in_flight, &client.service, client.seconds);
        }
        if let Some(lag) = &client.lag {
            self.lag(lag, client.response.as_ref().unwrap_or(&client.service));
        }
        self.generator(client);
    }

    /// N = X · R (Little, "A proof for the queuing formula L = λW", 1961): the mean
    /// number inside is the rate at which they pass times the mean time they take.
    fn little(&mut self, whose: &str, inside: f64, times: &ByAnswer, seconds: f64) {
        let total_ms: f64 = [&times.ok, &times.refused, &times.failed].into_iter().map(total_ms).sum();
        let count: u64 = [&times.ok, &times.refused, &times.failed].iter().filter_map(|t| t.count()).sum();
        if count == 0 || seconds <= 0.0 || total_ms / (count as f64) < TOO_SHORT_MS {
            return;
        }
        let (x, r) = (count as f64 / seconds, total_ms / count as f64);
        let n = x * r / 1e3;
        let apart = (inside - n).abs() / n;
        let says = format!(
            "N = {inside:.3} on average, X * R = {x:.1}/s * {r:.3} ms = {n:.3}: {:.2} % apart, {:.0} % allowed",
            apart * 100.0,
            LITTLE * 100.0
        );
        self.check(&format!("Little's law ({whose})"), apart <= LITTLE, says);
    }

    fn lag(&mut self, lag: &Timing, response: &ByAnswer) {
        for (share, name, least) in [(0.5, "p50", LAG_MS[0]), (0.99, "p99", LAG_MS[1])] {
            let Some(late) = lag.quantile_ms(share) else { continue };
            let measured = response.ok.quantile_ms(share).unwrap_or_default();
            let allowed = least.max(measured * LAG_SHARE);
            let says =
                format!("requests were sent {late:.3} ms late at the {name}, {allowed:.3} ms allowed");
            self.check("the schedule was kept", late <= allowed, says);
        }
    }

    fn generator(&mut self, client: &ClientSide) {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        if let Some(starved) = client.starved {
            let (server, others) =
                (client.server_cpu.unwrap_or_default(), client.other_cpu.unwrap_or_default());
            let says = format!(
                "the generator had no core although it was ready to run for {} of the time, {} allowed; \
                 meanwhile the server used {server:.2} cores, and other processes {others:.2}",
                percent(starved),
                percent(STARVED)
            );
            let verdict = match starved {
                share if share <= STARVED => Verdict::Passed,
                // The server has it: that is what both can do on this machine.
                _ if others <= OTHERS * (server + others) => Verdict::Caution,
                _ => Verdict::Failed,
            };
            self.note("the generator had a core", verdict, says);
        }
        let busy = client.cpu.unwrap_or_default() + client.starved.unwrap_or_default();
        if busy > BUSY && client.lag.is_none() {
            let says = "the generator was busy all the time: the server may be able to do more than this";
            self.note("the server set the rate", Verdict::Caution, says.to_owned());
        }
    }

    fn bench(&mut self, bench: &BenchSide) {
        let LedgerState { accepted, done, failed, dropped, held, unaccounted, .. } = bench.ledger;
        let says = format!(
            "accepted {accepted} = done {done} + failed {failed} + dropped {dropped} + held {held}, \
             {unaccounted} unaccounted"
        );
        // While events move, the parts are read at slightly different moments.
        self.check("the ledger balances", unaccounted == 0 || !bench.drained, says);
        if !bench.drained {
            let says =
                format!("{held} events were not finished: what became of them is not in these figures");
            self.note("the bench drained", Verdict::Caution, says);
        }
        if bench.marks.iter().any(|mark| mark.kind == MarkKind::Reset) {
            let says = "counters were reset meanwhile: up to a few times around that moment may be missing";
            self.note("counted from beginning to end", Verdict::Caution, says.to_owned());
        }
        for (name, mode) in &bench.modes {
            let before = mode.accepted.saturating_sub(mode.requests + mode.aborted);
            if before > 0 {
                let says = format!(
                    "{before} events of {name} were in the bench before: its times and peaks are theirs too. \
                     Begin when it holds nothing"
                );
                let few = before as f64 <= EARLY * mode.accepted as f64;
                self.note(
                    "it began with nothing",
                    if few { Verdict::Caution } else { Verdict::Failed },
                    says,
                );
            }
        }
        for (name, mode) in bench.modes.iter().filter(|_| bench.drained) {
            let times = ByAnswer {
                ok: mode.response.clone(),
                failed: mode.response_failed.clone(),
                ..ByAnswer::default()
            };
            self.little(&format!("bench, {name}"), mode.in_system, &times, mode.seconds);
        }
    }

    /// What both sides have counted.
    fn both(&mut self, run: &Run) {
        let (Some(client), Some(side)) = (&run.client, run.mode_side()) else { return };
        let answers = client.ok + client.refused + client.failed;
        let says = format!("the client had {answers} answers, the bench gave {}", side.requests);
        let verdict = match side.requests {
            count if count == answers => Verdict::Passed,
            // Those whose client gave up, or somebody else's.
            count if count > answers => Verdict::Caution,
            _ => Verdict::Failed,
        };
        self.note("both sides count the same", verdict, says);
    }
}

fn total_ms(times: &Timing) -> f64 {
    times.count().unwrap_or_default() as f64 * times.mean_ms().unwrap_or_default()
}
