//! Runs one job, in slices or in one go.

use std::sync::Arc;

use tokio::task::{spawn_blocking, yield_now};
use tokio::time::Instant;

use crate::code::Compiled;
use crate::jobs::inbox::Desk;
use crate::jobs::shared::{Guard, Shared};
use crate::machine::{Fault, Machine, Step};
use crate::outcome::{Finished, Outcome};
use crate::settings::Settings;
use crate::stack::Stack;

/// Runs a job in slices of fuel, and yields to other tasks between two slices.
///
/// `yield_now` puts the task behind all that are ready and lets tokio look at its timers
/// and sockets first. Waking the task's own waker would not: tokio then looks at them only
/// every 61 polls.
pub(crate) async fn in_slices(shared: Arc<Shared>, guard: Guard, code: Arc<Compiled>) -> Finished {
    let entry = Arc::clone(&guard.entry);
    let mut machine = match Machine::new(&code, entry.input, shared.settings().max_memory) {
        Ok(machine) => machine,
        Err(fault) => return guard.finish(failed(fault, Stack::default()), Vec::new()),
    };
    let mut desk = Desk::default();
    let mut next_mark = entry.since;
    let outcome = loop {
        if desk.serve(&entry.inbox, &mut machine) {
            break Outcome::Killed { stack: machine.stack() };
        }
        let settings = shared.settings();
        machine.set_max_memory(settings.max_memory);
        let Some(fuel) = fuel(&settings, entry.reductions(), machine.required()) else {
            break Outcome::OutOfReductions { stack: machine.stack() };
        };
        let began = Instant::now();
        let (burnt, step) = machine.slice(fuel);
        let ended = Instant::now();
        entry.count(burnt, began, ended);
        shared.counters.burn(burnt);
        match step {
            Step::Done(value) => break Outcome::Value(value),
            Step::Failed(fault) => break failed(fault, machine.stack()),
            Step::Paused => {}
        }
        if ended >= next_mark {
            next_mark = entry.mark(ended);
        }
        yield_now().await;
    };
    let killers = desk.close(&mut machine);
    guard.finish(outcome, killers)
}

/// The fuel of the next slice; `None` if the job has reached its limit.
fn fuel(settings: &Settings, burnt: u64, required: u64) -> Option<u64> {
    let wanted = settings.slice.max(required);
    let Some(max) = settings.max_reductions else { return Some(wanted) };
    let left = max.saturating_sub(burnt);
    (left >= required.max(1)).then(|| wanted.min(left))
}

/// Runs a job in one go on the calling thread, where only its own limits can stop it.
pub(crate) fn in_one_go(shared: &Shared, guard: Guard, code: &Arc<Compiled>) -> Finished {
    let entry = Arc::clone(&guard.entry);
    let settings = shared.settings();
    let mut machine = match Machine::new(code, entry.input, settings.max_memory) {
        Ok(machine) => machine,
        Err(fault) => return guard.finish(failed(fault, Stack::default()), Vec::new()),
    };
    let began = Instant::now();
    let (burnt, step) = machine.slice(settings.max_reductions.unwrap_or(u64::MAX));
    entry.count(burnt, began, Instant::now());
    shared.counters.burn(burnt);
    let outcome = match step {
        Step::Done(value) => Outcome::Value(value),
        Step::Failed(fault) => failed(fault, machine.stack()),
        Step::Paused => Outcome::OutOfReductions { stack: machine.stack() },
    };
    guard.finish(outcome, Vec::new())
}

/// Runs a job in one go on one of tokio's blocking threads. If the future is dropped, the
/// job keeps running, together with its entry.
pub(crate) async fn on_a_thread(shared: Arc<Shared>, guard: Guard, code: Arc<Compiled>) -> Finished {
    match spawn_blocking(move || in_one_go(&shared, guard, &code)).await {
        Ok(finished) => finished,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and will not poll this again.
            Err(_) => std::future::pending().await,
        },
    }
}

fn failed(fault: Fault, stack: Stack) -> Outcome {
    match fault {
        Fault::Trap(trap) => Outcome::Trap { trap, stack },
        Fault::OutOfMemory => Outcome::OutOfMemory { stack },
    }
}
