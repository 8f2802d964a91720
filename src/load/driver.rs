//! Drives a whole load on one thread: the model's loop, the progress reports and the end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::pacer::Pacer;
use super::stats::Stats;
use super::worker::Shared;
use super::{MachineCpu, Progress, Schedule, Target, ThreadCpu, closed, open};
use crate::pipeline::Clock;
use crate::record::{ClientSide, Model, Plan};
use crate::shutdown::StopToken;

/// How often the load's progress is reported.
const WATCH: Duration = Duration::from_millis(250);

/// How often a load in real time checks for a stall.
const PULSE: Duration = Duration::from_millis(20);

/// The system counts CPU time in hundredths of a second. For a shorter load than this, in
/// seconds, it says nothing.
const COUNTED: f64 = 0.1;

/// Whether a load runs in real or in virtual time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Real time, where the generator may be late and has to report it.
    Real,
    /// Virtual time, where nothing is late.
    Virtual,
}

/// The environment of a load.
pub struct Driver<'a> {
    /// The clock of all timestamps.
    pub clock: Clock,
    /// The kind of time it shows.
    pub time: Time,
    /// The server's process, if it is on this machine.
    pub server: Option<u32>,
    /// Statuses that count as refusals.
    pub refusals: Vec<u16>,
    /// Ends the load at once; requests in flight are aborted.
    pub stop: StopToken,
    /// Receives the progress four times a second.
    pub watch: &'a mut dyn FnMut(&Progress),
}

impl Driver<'_> {
    /// Makes the load. Returns the client side once the plan has ended and every request
    /// has its answer, or when it is stopped.
    ///
    /// Must be called within a [`LocalSet`](tokio::task::LocalSet) of a current-thread
    /// runtime.
    ///
    /// # Errors
    /// If the system has no thread for the pacer of an open load.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the load.
    pub async fn run<T: Target + 'static>(self, target: T, plan: &Plan) -> std::io::Result<ClientSide> {
        let Self { clock, time, server, refusals, stop, watch } = self;
        let is_open = matches!(plan.model, Model::Open { .. });
        let shared = Rc::new(Shared {
            target,
            stats: Stats::new(clock, is_open, refusals),
            clock,
            timeout: plan.request.timeout(),
            keep_alive: plan.request.keep_alive,
            repeatable: plan.request.is_idempotent(),
        });
        let backlog = Rc::new(RefCell::new(VecDeque::new()));
        let before = (ThreadCpu::now(), MachineCpu::now(server));
        let looped = async {
            match &plan.model {
                Model::Closed { clients } => closed::run(Rc::clone(&shared), clients, plan.requests).await,
                Model::Open { rate, arrivals, seed, connections } => {
                    let most = plan.requests.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
                    let schedule = Schedule::new(rate, *arrivals, *seed).take(most);
                    let began = clock.now();
                    shared.stats.begin(began);
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
                watch(&shared.stats.progress());
            }
        };
        // The time of the next check for a stall.
        let next_pulse = Cell::new(clock.now());
        let pulse = async {
            if time == Time::Virtual {
                return std::future::pending().await;
            }
            loop {
                next_pulse.set(clock.now().after(PULSE));
                sleep_until(clock.to_instant(next_pulse.get())).await;
                shared.stats.pulse(next_pulse.get());
            }
        };
        tokio::select! {
            biased;
            ended = looped => ended?,
            () = stop.cancelled() => shared.stats.abort(),
            () = pulse => {}
            () = watching => {}
        }
        // The load may have ended before the check could notice a stall.
        if time == Time::Real {
            shared.stats.pulse(next_pulse.get());
        }
        let unsent = backlog.borrow().len() as u64;
        let mut client = shared.stats.finish(unsent);
        if time == Time::Real && client.seconds >= COUNTED {
            let share = ThreadCpu::now().since(&before.0);
            let machine = MachineCpu::now(server).zip(before.1).map(|(now, before)| now.since(&before));
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
