//! What the lab runs: its scheduler threads, those that a job keeps for good, and the
//! supervisors of the load's workers.

use std::sync::Arc;
use std::time::Duration;

use super::scheduler::Scheduler;
use super::verdict::ROGUE_MS;
use super::{Inner, lock};
use crate::lab::LabPart;
use crate::runs::words::count;

impl Inner {
    /// Returns the threads in the order of their numbers, then the lost ones, then the workers.
    pub(super) fn components(&self) -> Vec<LabPart> {
        let (active, lost, rows) = (self.threads.active(), self.threads.lost(), self.core.jobs.top());
        let (shares, restarts) = {
            let sampled = lock(&self.sampled);
            let shares: Vec<f64> = sampled.cores.iter().map(|core| core.share).collect();
            (shares, self.restarts(&sampled))
        };
        let crews = lock(&self.crews);
        let active = active.iter().enumerate().map(|(at, scheduler)| {
            let on_it = format!(
                "{}, {}",
                counted(crews.workers_on(scheduler), "worker"),
                counted(scheduler.number_carried() as u64, "submitted job")
            );
            match scheduler.kept_by(&rows, Duration::from_millis(ROGUE_MS)) {
                Some(id) => part(scheduler, "lost", format!("kept by job {id}; {on_it}")),
                None => {
                    let percent = shares.get(at).copied().unwrap_or_default() * 100.0;
                    part(scheduler, "running", format!("{percent:.0} % of a core, {on_it}"))
                }
            }
        });
        let lost = lost.iter().filter_map(|scheduler| {
            let (id, _) = scheduler.meter.current()?;
            Some(part(scheduler, "lost", format!("kept by job {id}; replaced")))
        });
        let (workers, supervisors) = crews.running();
        let under = match supervisors {
            0 => String::new(),
            _ => format!(" under {}", counted(supervisors, "supervisor")),
        };
        let workers = LabPart {
            name: "workers".to_owned(),
            state: if workers > 0 { "running" } else { "idle" }.to_owned(),
            says: format!("{}{under}, {}", counted(workers, "worker"), counted(restarts, "restart")),
        };
        active.chain(lost).chain([workers]).collect()
    }
}

fn part(scheduler: &Arc<Scheduler>, state: &str, says: String) -> LabPart {
    LabPart { name: scheduler.thread_name(), state: state.to_owned(), says }
}

fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}
