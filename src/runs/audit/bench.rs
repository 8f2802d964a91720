//! Checks of the bench side: whether its ledger balances, and which events and requests
//! were not part of the load.

use crate::record::{Audit, BenchSide, ByAnswer, LedgerState, MarkKind, Mode, ModeSide, Run, Verdict};
use crate::runs::words::{count, figure, percent};

/// The share of events from before the load up to which the bench's figures are only
/// disturbed.
const EARLY: f64 = 0.01;

impl Audit {
    pub(super) fn bench(&mut self, run: &Run, bench: &BenchSide) {
        let LedgerState { accepted, recovered, done, failed, dropped, held, shared, unaccounted, .. } =
            bench.ledger;
        let before =
            if recovered > 0 { format!(" + recovered {}", count(recovered)) } else { String::new() };
        let elsewhere = if shared != 0 { format!(" + shared {shared}") } else { String::new() };
        let says = format!(
            "accepted {}{before} = done {} + failed {} + dropped {} + held {}{elsewhere}, {} unaccounted",
            count(accepted),
            count(done),
            count(failed),
            count(dropped),
            count(held),
            unaccounted
        );
        // While events move, the parts are read at slightly different moments.
        self.check("the ledger balances", unaccounted == 0 || !bench.drained, says);
        if !bench.drained {
            let all = accepted + recovered;
            let share = if all > 0 { held as f64 / all as f64 } else { 0.0 };
            let says = format!(
                "{} of {} events ({}) were not finished when the run ended; the bench's times leave them out",
                count(held),
                count(all),
                percent(share)
            );
            self.note("the bench drained", if held > 0 { Verdict::Disturbed } else { Verdict::Note }, says);
        }
        let resets = bench.marks.iter().filter(|mark| mark.kind == MarkKind::Reset).count();
        if resets > 0 {
            let says = format!(
                "{} counter {} during the run; events around that moment may be missing",
                count(resets as u64),
                if resets == 1 { "reset happened" } else { "resets happened" }
            );
            self.note("counted from beginning to end", Verdict::Disturbed, says);
        }
        for (name, mode) in &bench.modes {
            self.early(name, mode, bench.drained);
        }
        self.other_modes(run, bench);
        for (name, mode) in bench.modes.iter().filter(|_| bench.drained) {
            let times = ByAnswer {
                ok: mode.response.clone(),
                failed: mode.response_failed.clone(),
                ..ByAnswer::default()
            };
            self.little(&format!("bench, {name}"), mode.in_system, &times, mode.seconds);
        }
    }

    /// Notes the events that were inside when the run began.
    fn early(&mut self, name: &str, mode: &ModeSide, drained: bool) {
        let before = match mode.inside_before {
            Some(before) => before,
            // Runs of earlier versions lack the number. After the drain, each event has had
            // its request. Before that, some requests are still in flight.
            None if drained => mode.accepted.saturating_sub(mode.requests.saturating_add(mode.aborted)),
            None => 0,
        };
        if before == 0 {
            return;
        }
        let few = before as f64 <= EARLY * mode.accepted as f64;
        let (waiting, advice) = match name == Mode::Pipelined.name() {
            true => ("waiting", "Empty the queue first: `weir purge`"),
            false => ("in progress", "Wait until they are done"),
        };
        let were = if before == 1 { "event was" } else { "events were" };
        let says = format!(
            "{} {name} {were} already {waiting} when the load began, so waits and peaks include theirs. {advice}",
            count(before)
        );
        self.note("it began with nothing", if few { Verdict::Disturbed } else { Verdict::Failed }, says);
    }

    /// Notes the requests to modes other than the one under load. They shared the resource.
    fn other_modes(&mut self, run: &Run, bench: &BenchSide) {
        if run.client.is_none() {
            return;
        }
        for (name, mode) in &bench.modes {
            if Some(name.as_str()) == run.mode().map(Mode::name) || mode.requests == 0 {
                continue;
            }
            let says = format!(
                "{} {name} requests came from other clients in {} s and used the same resource",
                count(mode.requests),
                figure(bench.seconds)
            );
            self.note("the bench had no other load", Verdict::Disturbed, says);
        }
    }
}
