//! Runs a rehearsal: each of the latest inputs on old and new code.

use std::sync::Arc;

use tokio::task::yield_now;

use crate::code::{Code, Compiled};
use crate::jobs::entry::Entry;
use crate::jobs::inputs::Kept;
use crate::jobs::shared::Shared;
use crate::machine::{Fault, Machine, Step};
use crate::outcome::Ending;
use crate::rehearsal::{Answer, Change, Rehearsal, RehearsalLimits, Trial};

/// Runs a rehearsal in slices, with a yield to other tasks between two of them.
pub(crate) async fn rehearse(shared: &Shared, new: &Code, limits: RehearsalLimits) -> Rehearsal {
    let (version, old) = shared.versions.lock().current();
    let kept = shared.inputs();
    let mut rehearsal = Rehearsal {
        version,
        inputs: kept.len(),
        same: 0,
        skipped: 0,
        changes: Vec::new(),
        each: limits.each,
    };
    let mut left = limits.total;
    for Kept { entry, times, .. } in kept {
        let input = entry.input;
        if left == 0 {
            rehearsal.skipped += 1;
            continue;
        }
        let observed = observed(&entry, version);
        let old = match observed {
            Some(trial) => trial,
            None => attempt(shared, &old, input, limits.each, &mut left).await,
        };
        let new = attempt(shared, new.compiled(), input, limits.each, &mut left).await;
        rehearsal.add(Change { input, times, old, new });
    }
    rehearsal.sort();
    rehearsal
}

/// Returns the answer of an earlier job, if it ran to its end on this version.
fn observed(entry: &Entry, version: u32) -> Option<Trial> {
    let answer = match entry.ending()? {
        Ending::Value(value) => Answer::Value(value),
        Ending::Trap(trap) => Answer::Trap(trap),
        Ending::OutOfMemory => Answer::OutOfMemory,
        Ending::Killed | Ending::OutOfReductions | Ending::Cancelled => return None,
    };
    (entry.version == version).then(|| Trial { answer, reductions: entry.reductions() })
}

/// Runs one input to its end, or to the limit.
async fn attempt(shared: &Shared, code: &Arc<Compiled>, input: i64, each: u64, left: &mut u64) -> Trial {
    let failed = |fault| match fault {
        Fault::Trap(trap) => Answer::Trap(trap),
        Fault::OutOfMemory => Answer::OutOfMemory,
    };
    let settings = shared.settings();
    let mut machine = match Machine::new(code, input, settings.max_memory) {
        Ok(machine) => machine,
        Err(fault) => return Trial { answer: failed(fault), reductions: 0 },
    };
    let mut reductions = 0;
    loop {
        let fuel = settings.slice.max(machine.required()).min(each.saturating_sub(reductions));
        if fuel == 0 || fuel < machine.required() {
            return Trial { answer: Answer::NoEnd, reductions };
        }
        let (burnt, step) = machine.slice(fuel);
        reductions += burnt;
        *left = left.saturating_sub(burnt);
        match step {
            Step::Done(value) => return Trial { answer: Answer::Value(value), reductions },
            Step::Failed(fault) => return Trial { answer: failed(fault), reductions },
            Step::Paused => yield_now().await,
        }
    }
}
