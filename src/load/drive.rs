//! A whole load on one thread: the model's loop, who watches it, and its end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::pace::Pacer;
use super::tally::Tally;
use super::worker::Shared;
use super::{Machine, Progress, Schedule, Target, Usage, closed, open};
use crate::pipeline::Clock;
use crate::record::{ClientSide, Model, Plan};
use crate::shutdown::StopToken;

/// How often the load's progress is reported.
const WATCH: Duration = Duration::from_millis(250);

/// How often a load in real time looks whether it has stood still.
const PULSE: Duration = Duration::from_millis(20);

/// The system counts cores in hundredths of a second: of a shorter load than
/// this, in seconds, there is nothing to say.
const COUNTED: f64 = 0.1;

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
    /// The process of the server, if it is one of this machine.
    pub server: Option<u32>,
    /// Statuses that mean that a request was turned away.
    pub refusals: Vec<u16>,
    /// Ends the load at once; what is under way is aborted.
    pub stop: StopToken,
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
        let Self { clock, time, server, refusals, stop, watch } = self;
        let is_open = matches!(plan.model, Model::Open { .. });
        let shared = Rc::new(Shared {
            target,
            tally: Tally::new(clock, is_open, refusals),
            clock,
            timeout: plan.request.timeout(),
            keep_alive: plan.request.keep_alive,
            repeatable: plan.request.is_idempotent(),
        });
        let backlog = Rc::new(RefCell::new(VecDeque::new()));
        let before = (Usage::now(), Machine::now(server));
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
                next += clock.to_tokio(WATCH);
                sleep_until(next).await;
                watch(&shared.tally.progress());
            }
        };
        // When the generator means to look next whether it has stood still.
        let next_pulse = Cell::new(clock.now());
        let pulse = async {
            if time == Time::Virtual {
                return std::future::pending().await;
            }
            loop {
                next_pulse.set(clock.now().after(PULSE));
                sleep_until(clock.to_instant(next_pulse.get())).await;
                shared.tally.pulse(next_pulse.get());
            }
        };
        tokio::select! {
            biased;
            ended = looped => ended?,
            () = stop.cancelled() => shared.tally.abort(),
            () = pulse => {}
            () = watching => {}
        }
        // The load may have ended before the pulse could see that it stood still.
        if time == Time::Real {
            shared.tally.pulse(next_pulse.get());
        }
        let unsent = backlog.borrow().len() as u64;
        let mut client = shared.tally.finish(unsent);
        if time == Time::Real && client.seconds >= COUNTED {
            let share = Usage::now().since(&before.0);
            let machine = Machine::now(server).zip(before.1).map(|(now, before)| now.since(&before));
            let per_second = |seconds: f64| seconds / client.seconds;
            client.cpu = share.cpu.map(|time| per_second(time.as_secs_f64()));
            client.starved = share.starved.map(|time| per_second(time.as_secs_f64()));
            client.server_cpu = machine.and_then(|used| used.server).map(per_second);
            client.server_starved = machine.and_then(|used| used.server_starved).map(per_second);
            client.other_cpu = machine.map(|used| per_second(used.others));
        }
        Ok(client)
    }
}
