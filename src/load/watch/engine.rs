//! The loop of all watchers: one thread and one epoll.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token, Waker};
use tokio::time::Instant;

use super::connect::{Sources, connect};
use super::handshake::Handshake;
use super::ramp::{Pacer, Ramp};
use super::stream::MOST_REST;
use super::watcher::{Shared, State, Watcher};
use super::{WatchPlan, WatchProgress, WatchTarget, arrivals::Arrivals, tally::Tally};
use crate::load::http::reason;
use crate::record;
use crate::shutdown::StopToken;

/// What is read at once, of one watcher.
const READ: usize = 256 << 10;
/// Readiness that one look at epoll returns.
const EVENTS: usize = 1024;
/// Connects between two looks at epoll, so that those who wait are read in between.
const CONNECTS: usize = 64;
/// The longest look at epoll, and how often the progress is reported.
const TICK: Duration = Duration::from_millis(250);
/// The longest look while the plan may be stopped from outside.
const PATIENCE: Duration = Duration::from_millis(20);
/// The token of the pacer.
const PACER: Token = Token(usize::MAX);

/// The watchers of one plan, while they run.
pub(super) struct Engine<'a> {
    plan: &'a WatchPlan,
    target: &'a WatchTarget,
    ramp: Ramp,
    sources: Sources,
    poll: Poll,
    events: Events,
    began: Instant,
    watchers: Vec<Option<Watcher>>,
    /// Watchers that have not got their snapshot and have not been refused.
    in_flight: usize,
    /// Connections that are open or under way.
    open: usize,
    pub(super) shared: Shared,
    /// Time with events on their way, and the part of it that this thread waited.
    on_their_way: Duration,
    waited: Duration,
    progress: &'a mut dyn FnMut(&WatchProgress),
    next_progress: Duration,
}

impl<'a> Engine<'a> {
    /// Prepares the watchers. With `same_clock`, the server has the clock of this machine.
    pub(super) fn new(
        plan: &'a WatchPlan,
        target: &'a WatchTarget,
        same_clock: bool,
        progress: &'a mut dyn FnMut(&WatchProgress),
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let (began, epoch) = both_clocks();
        let shared = Shared {
            handshake: Handshake::new(target, plan.transport),
            transport: plan.transport,
            snapshot: target.match_id.is_some(),
            epoch: same_clock.then_some(epoch),
            buffer: vec![0; READ + MOST_REST],
            out: Vec::new(),
            tally: Tally::new(),
            arrivals: Arrivals::default(),
            incomplete: 0,
            all_connected: false,
        };
        Ok(Self {
            plan,
            target,
            ramp: plan.ramp.map_or(Ramp::Closed(plan.in_flight), Ramp::Open),
            sources: Sources::new(target.address, plan.sources),
            poll,
            events: Events::with_capacity(EVENTS),
            began,
            watchers: Vec::with_capacity(plan.watchers),
            in_flight: 0,
            open: 0,
            shared,
            on_their_way: Duration::ZERO,
            waited: Duration::ZERO,
            progress,
            next_progress: TICK,
        })
    }

    /// Connects the watchers and reads what arrives until the plan's time is over or `stop`
    /// is cancelled; earlier if all watchers are gone. Returns whether it was cancelled.
    pub(super) fn run(&mut self, stop: &StopToken) -> io::Result<bool> {
        let waker = Waker::new(self.poll.registry(), PACER)?;
        let _pacer = Pacer::start(self.ramp, self.plan.watchers, self.began, waker)?;
        let mut end = self.plan.duration;
        let mut is_full = false;
        while self.began.elapsed() < end {
            if stop.is_cancelled() {
                return Ok(true);
            }
            let more = self.connect_some();
            if self.open == 0 && self.watchers.len() == self.plan.watchers {
                return Ok(false);
            }
            if self.shared.all_connected && !is_full {
                is_full = true;
                end = self.plan.full.map_or(end, |full| end.min(self.began.elapsed() + full));
            }
            let left = end.saturating_sub(self.began.elapsed());
            self.look(if more { Duration::ZERO } else { left.min(PATIENCE) })?;
        }
        Ok(false)
    }

    /// Reads on until `done`, or for `most`. Events that first arrive now have no times of
    /// first, median and last.
    pub(super) fn go_on(&mut self, most: Duration, mut done: impl FnMut(&Self) -> bool) -> io::Result<()> {
        self.shared.all_connected = false;
        let end = self.began.elapsed() + most;
        while !done(self) && self.began.elapsed() < end {
            self.look(Duration::from_millis(2))?;
        }
        Ok(())
    }

    /// Begins the connects that are due. Returns whether there are more.
    fn connect_some(&mut self) -> bool {
        for _ in 0..CONNECTS {
            let (n, now) = (self.watchers.len(), self.now());
            if n == self.plan.watchers || !self.ramp.allows(n, self.in_flight, now) {
                return false;
            }
            let begun = self.ramp.due(n).unwrap_or(now);
            self.watchers.push(None);
            let slow = n < self.plan.slow;
            let opened = connect(self.target.address, self.sources, n, slow).and_then(|mut socket| {
                let both = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut socket, Token(n), both)?;
                Ok(socket)
            });
            match opened {
                Ok(socket) => {
                    self.watchers[n] = Some(Watcher::new(socket, begun));
                    self.in_flight += 1;
                    self.open += 1;
                }
                Err(error) => self.shared.tally.refused(format!("connect: {}", reason(&error))),
            }
            self.note_all_connected();
        }
        true
    }

    fn note_all_connected(&mut self) {
        self.shared.all_connected = self.in_flight == 0 && self.watchers.len() == self.plan.watchers;
    }

    /// Waits for readiness, at most for `most`, and handles it.
    fn look(&mut self, most: Duration) -> io::Result<()> {
        let before = self.began.elapsed();
        let on_their_way = self.shared.incomplete > 0;
        match self.poll.poll(&mut self.events, Some(most)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let woken = self.began.elapsed();
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in events.iter().filter(|event| event.token() != PACER) {
            self.handle(event);
        }
        self.events = events;
        if on_their_way {
            self.waited += woken - before;
            self.on_their_way += self.began.elapsed() - before;
        }
        let now = self.began.elapsed();
        self.shared.tally.rows(now.as_micros() as u64);
        if now >= self.next_progress {
            self.next_progress = now + TICK;
            let progress = self.shared.tally.progress(now.as_micros() as u64, self.shared.arrivals.events);
            (self.progress)(&progress);
        }
        Ok(())
    }

    fn handle(&mut self, event: &Event) {
        let n = event.token().0;
        let Some(Some(watcher)) = self.watchers.get_mut(n) else { return };
        let was_in_flight = watcher.state.is_in_flight();
        let closed = event.is_read_closed() || event.is_error();
        if watcher.state == State::Connecting && (event.is_writable() || closed) {
            watcher.establish(n, &mut self.shared);
        }
        match watcher.state {
            State::Slow if closed || event.is_write_closed() => {
                watcher.leave("closed by the server".to_owned(), &mut self.shared);
            }
            _ if event.is_readable() || closed => {
                let began = self.began;
                let clock = || began.elapsed().as_micros() as u64;
                watcher.read(closed, n < self.plan.slow, &mut self.shared, clock);
                if watcher.state == State::Slow {
                    // Only its end is of interest, which the system reports in any case.
                    let socket = &mut watcher.socket;
                    let _ = self.poll.registry().reregister(socket, Token(n), Interest::WRITABLE);
                }
            }
            _ => {}
        }
        if was_in_flight && !watcher.state.is_in_flight() {
            self.in_flight -= 1;
        }
        if watcher.state == State::Over {
            // Closes the socket.
            self.watchers[n] = None;
            self.open -= 1;
        }
        if was_in_flight {
            self.note_all_connected();
        }
    }

    /// Microseconds since the beginning.
    fn now(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    /// The events that all watchers have counted so far.
    pub(super) fn deliveries(&self) -> u64 {
        self.shared.tally.side.deliveries + self.shared.tally.side.twice
    }

    /// True if every event that has arrived anywhere has arrived everywhere.
    pub(super) fn is_quiet(&self) -> bool {
        self.shared.arrivals.are_complete()
    }

    /// The share of the time with events on their way in which this thread worked.
    pub(super) fn busy(&self) -> Option<f64> {
        let all = self.on_their_way.as_secs_f64();
        (all > 0.0).then(|| 1.0 - self.waited.as_secs_f64() / all)
    }

    /// Closes all connections, and returns what the watchers saw.
    pub(super) fn finish(mut self) -> record::WatchSide {
        let seconds = self.began.elapsed().as_secs_f64();
        let busy = self.busy();
        let shared = &mut self.shared;
        let (next, mut pending) = (shared.arrivals.next, 0);
        for watcher in self.watchers.iter_mut().flatten() {
            match watcher.state {
                State::Reading => {
                    shared.tally.side.expected += watcher.order.entitled(next);
                    pending += watcher.order.next().map_or(0, |own| next.saturating_sub(own));
                }
                State::Connecting | State::Shaking | State::Joining => {
                    shared.tally.refused("not answered before the end".to_owned());
                }
                _ => {}
            }
            watcher.close(shared);
        }
        drop(self.watchers);
        let tally = &mut shared.tally;
        let events = shared.arrivals.events;
        shared.arrivals.end(|event| tally.leave(&event));
        let side = self.shared.tally.finish(seconds);
        record::WatchSide { events, pending, busy, ..side }
    }
}

/// Reads both clocks at one moment: the steady one, and microseconds of the calendar. A thread that
/// loses its core between two readings would shift all times, so the closest readings count.
fn both_clocks() -> (Instant, i64) {
    let read = |_| {
        let before = Instant::now();
        let wall = record::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
        (before.elapsed(), before, wall)
    };
    let (_, began, wall) = (0..10).map(read).min_by_key(|(apart, ..)| *apart).unwrap_or_else(|| read(0));
    (began, wall)
}
