//! A worker of the load: it sleeps until its next job is due, submits it, and waits for its
//! end. If the job fails, the worker fails with it, and its supervisor starts it again.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use weir_job_wasm::outcome::Ending;
use weir_job_wasm::settings::Isolation;

use super::core::Core;
use super::ledger::Ticket;
use super::scheduler::Scheduler;
use super::turns::Metered;
use crate::stage::Reason;

/// The input that fails.
const FAILS: i64 = 13;
/// Other inputs are 1 to this.
const LARGEST: i64 = 1_000;
/// The fractional part of the golden ratio.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The data that the workers of one supervisor share.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) core: Arc<Core>,
    pub(super) scheduler: Arc<Scheduler>,
    /// The time between two jobs of a worker.
    pub(super) period: Duration,
}

/// Does jobs until one fails.
pub(super) async fn work(crew: Arc<Crew>, index: u64, seed: u64) -> Reason {
    let mut random = fastrand::Rng::with_seed(seed);
    loop {
        let due = next_due(&crew, index);
        sleep_until(due).await;
        let input = input(&mut random, crew.core.fail_share());
        let finished = Running::begin(&crew, input).await;
        let late = due.elapsed();
        crew.scheduler.window.record(late);
        crew.core.lateness.record_duration(late);
        if !matches!(finished, Ending::Value(_)) {
            return Reason::Failed(finished.to_string());
        }
    }
}

/// Returns when the worker's next job is due. Each worker has its own place in the period:
/// multiples of the golden ratio spread any number of workers evenly. Jobs that were missed
/// while the thread was stalled are not made up for.
fn next_due(crew: &Crew, index: u64) -> Instant {
    let (period, now) = (crew.period.as_secs_f64(), crew.core.epoch.elapsed().as_secs_f64());
    let place = (index as f64 * GOLDEN).fract() * period;
    let periods = ((now - place) / period).floor() + 1.0;
    crew.core.epoch + Duration::from_secs_f64((place + periods.max(0.0) * period).max(0.0))
}

fn input(random: &mut fastrand::Rng, fail_share: f64) -> i64 {
    if fail_share > 0.0 && random.f64() < fail_share {
        return FAILS;
    }
    // Mostly small, because small inputs are cheap; any of them from time to time.
    let input = 1 + (random.f64().powi(2) * LARGEST as f64) as i64;
    if input == FAILS { FAILS + 1 } else { input }
}

/// The job of a worker. If the worker is dropped, its job runs on in a task of its own.
struct Running(Option<Submitted>);

struct Submitted {
    job: Metered,
    ticket: Ticket,
    crew: Arc<Crew>,
}

impl Running {
    async fn begin(crew: &Arc<Crew>, input: i64) -> Ending {
        let ticket = crew.core.ledger.accept();
        let in_slices = crew.core.jobs.settings().isolation == Isolation::Fuel;
        let job = Metered::new(crew.core.jobs.submit(input), in_slices);
        let mut running = Self(Some(Submitted { job, ticket, crew: Arc::clone(crew) }));
        poll_fn(|context| running.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        let Some(submitted) = &mut self.0 else { return Poll::Ready(Ending::Cancelled) };
        let finished = ready!(submitted.poll(context));
        if let Some(Submitted { ticket, .. }) = self.0.take() {
            ticket.end(finished);
        }
        Poll::Ready(finished)
    }
}

impl Submitted {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        self.job.poll(&self.crew.scheduler.meter, context).map(|finished| finished.outcome.ending())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut job) = self.0.take() else { return };
        // Outside of a runtime, the scheduler thread has ended.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let ending = poll_fn(|context| job.poll(context)).await;
                job.ticket.end(ending);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_small_positive_and_fail_only_at_the_given_share() {
        let mut random = fastrand::Rng::with_seed(1);
        let never: Vec<i64> = (0..10_000).map(|_| input(&mut random, 0.0)).collect();
        assert!(never.iter().all(|input| (1..=LARGEST).contains(input) && *input != FAILS));
        let failing = (0..10_000).filter(|_| input(&mut random, 0.02) == FAILS).count();
        assert!((100..=300).contains(&failing), "{failing} of 10,000 at 2 %");
    }

    #[test]
    fn any_number_of_workers_is_spread_evenly_over_the_period() {
        for workers in [1_u64, 10, 999, 10_000] {
            let mut parts = [0_u64; 10];
            for index in 0..workers {
                parts[((index as f64 * GOLDEN).fract() * 10.0) as usize] += 1;
            }
            let even = workers / 10;
            assert!(parts.iter().all(|part| part.abs_diff(even) <= 2), "{workers}: {parts:?}");
        }
    }
}
