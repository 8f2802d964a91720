//! A whole load on one thread: the model's loop, who watches it, and its end.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::pace::Pacer;
use super::tally::Tally;
use super::worker::Shared;
use super::{Model, Plan, Progress, Schedule, Target, Usage, closed, open};
use crate::pipeline::Clock;
use crate::runs::ClientSide;

/// How often whoever watches is told.
const WATCH: Duration = Duration::from_millis(250);

/// In what world a load runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Where the generator may be late, and must say so.
    Real,
    /// Where nothing takes longer than it is said to.
    Virtual,
}

/// What a load runs with.
pub struct Driver<'a> {
    /// Stamps everything.
    pub clock: Clock,
    /// What kind of time that is.
    pub time: Time,
    /// Statuses that mean that a request was turned away.
    pub refusals: Vec<u16>,
    /// Ends the load at once; what is under way is aborted.
    pub stop: CancellationToken,
    /// Is told four times a second how it goes.
    pub watch: &'a mut dyn FnMut(&Progress),
}

impl Driver<'_> {
    /// Makes the load, and returns what came of it: when the plan has ended and
    /// every request has its answer, or when it is stopped.
    ///
    /// To be called within a [`LocalSet`](tokio::task::LocalSet) of a
    /// current-thread runtime.
    ///
    /// # Errors
    /// When the system has no thread for the pacing of an open load.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the load.
    pub async fn run<T: Target + 'static>(self, target: T, plan: &Plan) -> std::io::Result<ClientSide> {
        let Self { clock, time, refusals, stop, watch } = self;
        let is_open = matches!(plan.model, Model::Open { .. });
        let shared = Rc::new(Shared {
            target,
            tally: Tally::new(clock, is_open, refusals),
            clock,
            timeout: plan.request.timeout(),
            keep_alive: plan.request.keep_alive,
        });
        let backlog = Rc::new(RefCell::new(VecDeque::new()));
        let before = Usage::now();
        let looped = async {
            match &plan.model {
                Model::Closed { clients } => closed::run(Rc::clone(&shared), clients, plan.requests).await,
                Model::Open { rate, arrivals, seed, connections } => {
                    let most = plan.requests.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
                    let schedule = Schedule::new(rate, *arrivals, *seed).take(most);
                    let began = clock.now();
                    shared.tally.begin(began);
                    let pacer = match time {
                        Time::Real => Pacer::thread(clock, began, schedule)?,
                        Time::Virtual => Pacer::timer(clock, began, schedule),
                    };
                    open::run(Rc::clone(&shared), pacer, *connections, Rc::clone(&backlog)).await;
                }
            }
            Ok::<(), std::io::Error>(())
        };
        let watching = async {
            let mut next = Instant::now();
            loop {
                next += clock.stretch(WATCH);
                sleep_until(next).await;
                watch(&shared.tally.progress());
            }
        };
        tokio::select! {
            biased;
            ended = looped => ended?,
            () = stop.cancelled() => shared.tally.abort(),
            () = watching => {}
        }
        let share = (time == Time::Real).then(|| Usage::now().since(&before));
        let unsent = backlog.borrow().len() as u64;
        Ok(shared.tally.finish(unsent, share))
    }
}
