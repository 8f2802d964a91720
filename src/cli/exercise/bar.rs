//! The live line of a check: a bar, the load, and its progress.

use crate::cli::load::{ProgressLine, in_words};
use crate::exercise::{Exercise, Load};
use crate::measure::{Phase, PlanArgs};
use crate::record::Model;

const WIDTH: usize = 16;

pub(super) struct Bar<'a> {
    exercise: &'a Exercise,
    line: ProgressLine,
    /// The largest number of events that the bench has held since the load was sent.
    most: u64,
}

impl<'a> Bar<'a> {
    pub(super) fn new(exercise: &'a Exercise) -> Self {
        Self { exercise, line: ProgressLine::new(false), most: 0 }
    }

    pub(super) fn show(&mut self, load: &Load, phase: Phase) {
        let (share, words) = match phase {
            Phase::Load(progress) => {
                self.most = 0;
                (sent(load, progress.answered, progress.seconds), in_words(&progress))
            }
            Phase::Draining(held) => {
                self.most = self.most.max(held);
                let done = (self.most - held) as f64 / self.most.max(1) as f64;
                (done, format!("sent; the bench still holds {held}"))
            }
        };
        let loads = self.exercise.measured_loads();
        let at = loads.clone().position(|other| other.name == load.name).unwrap_or(0) + 1;
        let which = match loads.count() {
            1 => String::new(),
            all => format!(" {at}/{all} {}:", load.name),
        };
        self.line.write(&format!("{}{which} {words}", drawn(share)));
    }

    pub(super) fn clear(&self) {
        self.line.clear();
    }
}

/// The share of a load that has been sent, of its requests or of its time.
fn sent(load: &Load, answered: u64, seconds: f64) -> f64 {
    let plan = PlanArgs::read(&load.run).and_then(|args| args.plan());
    let Ok(plan) = plan else { return 0.0 };
    let by_count = plan.requests.map(|requests| answered as f64 / requests as f64);
    let profile = match &plan.model {
        Model::Closed { clients } => clients,
        Model::Open { rate, .. } => rate,
    };
    let by_time = profile.seconds().map(|all| seconds / all);
    [by_count, by_time].into_iter().flatten().fold(0.0, f64::max)
}

fn drawn(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
    format!("[{}{}]", "█".repeat(full), "·".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_load_is_sent() {
        let load = |run: &str| Load { run: run.to_owned(), ..Load::default() };
        assert_eq!(sent(&load("serial -n 200 -c 5"), 50, 9.0), 0.25);
        assert_eq!(sent(&load("serial --rate 100 -d 20s"), 50, 5.0), 0.25);
        assert_eq!(drawn(0.25), "[████············]");
        assert_eq!(drawn(1.2), "[████████████████]");
    }
}
