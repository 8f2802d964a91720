//! The output side of a stage, without its task: the events that were emitted, the
//! demand, and where each event goes.
//!
//! Pure state, like the dispatcher and the buffer that it joins. An operation may leave
//! items in the out-tray; the stage's task empties it and does the sending.
//!
//! # Invariants
//! After every operation, unless the outlet is stopped (frozen or paused):
//! 1. If an event is requeued or buffered, there is no unserved demand for it.
//! 2. Requeued events go out before buffered ones, and buffered before new ones.
//! 3. A subscription is never sent more than it asked for.
//!
//! They hold as long as the dispatcher keeps its two rules, and are asserted in debug
//! builds. A dispatcher that breaks its first rule fails the third assertion.

mod flush;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use super::Marker;
use super::mail::{Delivery, Requeue};
use crate::buffer::Buffer;
use crate::dispatch::{Assignment, Dispatcher, Greedy, Requeued, SubscribeError, SubscribeRequest, Tag};

pub(crate) struct Outlet<T, D> {
    dispatcher: D,
    buffer: Buffer<T, Marker>,
    /// Requeued events, by their position in the order of dispatch.
    requeued: BTreeMap<u64, VecDeque<T>>,
    /// The position of the next event that is dispatched for the first time.
    next: u64,
    /// How many freezes are in force.
    freezes: usize,
    paused: bool,
    /// Asks made while paused, to be served one by one.
    asks: VecDeque<(Tag, usize)>,
    /// Emissions made while paused, one by one.
    emitted: VecDeque<Emitted<T>>,
    subscriptions: Vec<Tag>,
    /// Empty between operations; kept for its allocation.
    assignments: Vec<Assignment<T>>,
    out: Vec<Out<T>>,
    /// What each subscription has asked for and not been sent, for invariant 3.
    #[cfg(debug_assertions)]
    asked: BTreeMap<Tag, usize>,
}

enum Emitted<T> {
    Events(Vec<T>),
    Marker(Marker),
}

/// The next thing that the stage's task must do.
pub(crate) enum Out<T> {
    /// Send these events.
    Send(Delivery<T>),
    /// Run this marker.
    Run(Marker),
    /// Account for these events: the buffer had no room for them.
    Overflow(Vec<T>),
}

impl<T, D: Dispatcher<T>> Outlet<T, D> {
    pub(crate) fn new(dispatcher: D, buffer: Buffer<T, Marker>, paused: bool) -> Self {
        Self {
            dispatcher,
            buffer,
            requeued: BTreeMap::new(),
            next: 0,
            freezes: 0,
            paused,
            asks: VecDeque::new(),
            emitted: VecDeque::new(),
            subscriptions: Vec::new(),
            assignments: Vec::new(),
            out: Vec::new(),
            #[cfg(debug_assertions)]
            asked: BTreeMap::new(),
        }
    }

    pub(crate) fn subscribe(
        &mut self,
        tag: Tag,
        request: SubscribeRequest<T>,
    ) -> Result<(), SubscribeError> {
        if self.subscriptions.contains(&tag) {
            return Err(SubscribeError::DuplicateTag);
        }
        self.dispatcher.subscribe(tag, request)?;
        self.subscriptions.push(tag);
        #[cfg(debug_assertions)]
        self.asked.insert(tag, 0);
        Ok(())
    }

    /// Removes a subscription and requeues what it had not started. Returns the events
    /// that the dispatcher discards.
    #[must_use = "the caller must account for discarded events"]
    pub(crate) fn cancel(&mut self, tag: Tag, requeue: Vec<Requeue<T>>) -> Vec<T> {
        self.subscriptions.retain(|&other| other != tag);
        self.asks.retain(|&(other, _)| other != tag);
        #[cfg(debug_assertions)]
        self.asked.remove(&tag);
        self.dispatcher.draining(tag);
        let mut discarded = self.dispatcher.cancel(tag);
        for run in requeue {
            discarded.extend(self.restore(run));
        }
        // The dispatcher may be able to serve the others now.
        self.flush();
        discarded
    }

    /// Notes that every event sent under a cancelled tag is finished or requeued.
    pub(crate) fn drained(&mut self, tag: Tag) {
        self.dispatcher.drained(tag);
        self.flush();
    }

    pub(crate) fn ask(&mut self, tag: Tag, n: usize) {
        if self.paused || !self.asks.is_empty() {
            self.asks.push_back((tag, n));
        } else {
            self.pass_ask(tag, n);
        }
        self.flush();
    }

    /// Takes back events that were delivered and not started; they keep their place in
    /// the order. Returns the events that the dispatcher discards.
    #[must_use = "the caller must account for discarded events"]
    pub(crate) fn requeue(&mut self, run: Requeue<T>) -> VecDeque<T> {
        let discarded = self.restore(run);
        self.flush();
        discarded
    }

    /// Requeues without dispatching.
    fn restore(&mut self, Requeue { first, events }: Requeue<T>) -> VecDeque<T> {
        match self.dispatcher.requeue(first, events) {
            Requeued::Dispatch(events) if !events.is_empty() => {
                self.requeued.insert(first, events);
                VecDeque::new()
            }
            Requeued::Dispatch(events) | Requeued::Discard(events) => events,
            Requeued::Kept => VecDeque::new(),
        }
    }

    /// Passes an ask on to the dispatcher.
    fn pass_ask(&mut self, tag: Tag, n: usize) {
        self.dispatcher.ask(tag, n);
        #[cfg(debug_assertions)]
        if let Some(asked) = self.asked.get_mut(&tag) {
            *asked = asked.saturating_add(n);
        }
    }

    /// Dispatches nothing until [`unfreeze`](Self::unfreeze). Freezes nest.
    pub(crate) fn freeze(&mut self) {
        self.freezes += 1;
    }

    pub(crate) fn unfreeze(&mut self) {
        debug_assert!(self.freezes > 0, "a freeze ends once");
        self.freezes = self.freezes.saturating_sub(1);
        self.flush();
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.freezes > 0
    }

    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    pub(crate) fn resume(&mut self) {
        self.paused = false;
        self.flush();
    }

    fn is_stopped(&self) -> bool {
        self.freezes > 0 || self.paused
    }

    /// Dispatches new events, and buffers those beyond demand.
    pub(crate) fn emit(&mut self, events: Vec<T>) {
        if self.keeps_emissions() {
            self.emitted.push_back(Emitted::Events(events));
            return;
        }
        if self.freezes > 0 || !self.buffer.is_empty() || !self.requeued.is_empty() {
            return self.store(events);
        }
        self.dispatch_or_store(events);
        if !self.asks.is_empty() {
            self.flush();
        }
    }

    /// Dispatches new events and buffers the rest.
    fn dispatch_or_store(&mut self, events: Vec<T>) {
        let mut rest = self.dispatch_new(events);
        // Takes up kept asks first, because the buffer may be too small for their events.
        while !rest.is_empty() && self.take_up_ask() {
            rest = self.dispatch_new(rest);
        }
        if !rest.is_empty() {
            self.store(rest);
        }
    }

    fn store(&mut self, events: Vec<T>) {
        let excess = self.buffer.store(events);
        if !excess.is_empty() {
            self.out.push(Out::Overflow(excess));
            // Markers among the discarded events have nothing left to wait for.
            self.run_markers();
        }
    }

    /// Returns true if new emissions must queue behind earlier ones. An outlet that was
    /// resumed while it was frozen still has the emissions of the pause.
    fn keeps_emissions(&self) -> bool {
        self.paused || !self.emitted.is_empty()
    }

    /// Places a marker behind everything emitted so far.
    pub(crate) fn mark(&mut self, marker: Marker) {
        if self.keeps_emissions() {
            self.emitted.push_back(Emitted::Marker(marker));
        } else {
            self.place(marker);
        }
    }

    /// Places a marker behind everything dispatched and buffered.
    fn place(&mut self, marker: Marker) {
        if self.freezes > 0 || !self.requeued.is_empty() {
            self.buffer.push_mark(marker);
        } else if let Some(marker) = self.buffer.mark(marker) {
            self.pass(marker);
        }
    }

    /// Runs a marker that has nothing buffered in front of it, unless the dispatcher
    /// keeps it because events wait inside.
    fn pass(&mut self, marker: Marker) {
        if let Some(marker) = self.dispatcher.mark(marker) {
            self.out.push(Out::Run(marker));
        }
    }

    fn run_markers(&mut self) {
        if self.is_stopped() || !self.requeued.is_empty() {
            return;
        }
        while let Some(marker) = self.buffer.take_due() {
            self.pass(marker);
        }
    }

    /// Returns how many events the producer should be asked for.
    pub(crate) fn demand(&self) -> usize {
        if self.is_stopped() { 0 } else { self.dispatcher.demand() }
    }

    /// Returns the subscription to warn of, if the dispatcher has found one.
    pub(crate) fn greedy(&mut self) -> Option<Greedy> {
        self.dispatcher.greedy()
    }

    /// Returns how many events were emitted and not dispatched.
    pub(crate) fn buffered(&self) -> usize {
        if self.requeued.is_empty() && self.emitted.is_empty() {
            return self.buffer.len() + self.dispatcher.queued();
        }
        let kept = |emitted: &Emitted<T>| match emitted {
            Emitted::Events(events) => events.len(),
            Emitted::Marker(_) => 0,
        };
        let requeued: usize = self.requeued.values().map(VecDeque::len).sum();
        let emitted: usize = self.emitted.iter().map(kept).sum();
        self.buffer.len() + requeued + emitted + self.dispatcher.queued()
    }

    /// Returns true if everything emitted has been dispatched.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
            && self.requeued.is_empty()
            && self.emitted.is_empty()
            && self.dispatcher.queued() == 0
    }

    /// Takes everything out of the out-tray, oldest first.
    pub(crate) fn outgoing(&mut self) -> std::vec::Drain<'_, Out<T>> {
        self.out.drain(..)
    }

    pub(crate) fn has_outgoing(&self) -> bool {
        !self.out.is_empty()
    }
}

impl<T, D> Outlet<T, D> {
    /// Keeps requeued events without dispatching them. For a stage that has ended.
    pub(crate) fn keep(&mut self, Requeue { first, events }: Requeue<T>) {
        if !events.is_empty() {
            self.requeued.insert(first, events);
        }
    }

    /// Keeps events to be emitted without dispatching them. For a stage that has ended.
    pub(crate) fn keep_emitted(&mut self, events: Vec<T>) {
        self.emitted.push_back(Emitted::Events(events));
    }

    /// Takes every event that was not sent, oldest first, except those that the dispatcher
    /// keeps. For a stage that has ended.
    pub(crate) fn take_all(&mut self) -> Vec<T> {
        let mut all = Vec::new();
        for out in self.out.drain(..) {
            match out {
                Out::Send(delivery) => all.extend(delivery.events),
                Out::Overflow(events) => all.extend(events),
                Out::Run(_) => {}
            }
        }
        all.extend(std::mem::take(&mut self.requeued).into_values().flatten());
        // Taking stops at each marker.
        while !self.buffer.is_empty() {
            all.extend(self.buffer.take(usize::MAX));
            drop(self.buffer.take_due());
        }
        for emitted in self.emitted.drain(..) {
            if let Emitted::Events(events) = emitted {
                all.extend(events);
            }
        }
        all
    }
}
