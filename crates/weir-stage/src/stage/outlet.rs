//! The producing side of a stage, without its task: what was emitted, who asked,
//! and what goes where.
//!
//! Pure state, like the dispatcher and the buffer it joins. Each operation may
//! leave something in the out-tray; the stage's task empties it and does the
//! sending.
//!
//! Three rules hold after every operation, unless the outlet is held:
//! 1. if anything is returned or buffered, nobody has unserved demand for it;
//! 2. returned events go out before buffered ones, buffered before new ones;
//! 3. a subscription is never sent more than it asked for.

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
    /// Events that consumers gave back, by their place in the order of dispatch.
    requeued: BTreeMap<u64, VecDeque<T>>,
    /// The place that the next event to be dispatched for the first time gets.
    next: u64,
    freezes: usize,
    paused: bool,
    /// Asks made while paused, to be replayed one by one.
    asks: VecDeque<(Tag, usize)>,
    /// What was emitted while paused, each emission by itself.
    emitted: VecDeque<Emitted<T>>,
    subscriptions: Vec<Tag>,
    /// Emptied at once after every dispatch; kept for its allocation.
    assignments: Vec<Assignment<T>>,
    out: Vec<Out<T>>,
}

enum Emitted<T> {
    Events(Vec<T>),
    Marker(Marker),
}

/// What the stage's task is to do next, in order.
pub(crate) enum Out<T> {
    /// Send these.
    Send(Delivery<T>),
    /// Run this.
    Run(Marker),
    /// The buffer had no room for these.
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
        Ok(())
    }

    /// Forgets a subscription, and takes back what it had not started. Returns
    /// what the dispatcher discards with it.
    #[must_use = "what is discarded is handed back to be accounted for"]
    pub(crate) fn cancel(&mut self, tag: Tag, requeue: Vec<Requeue<T>>) -> Vec<T> {
        self.subscriptions.retain(|&other| other != tag);
        self.asks.retain(|&(other, _)| other != tag);
        self.dispatcher.draining(tag);
        let mut discarded = self.dispatcher.cancel(tag);
        for run in requeue {
            discarded.extend(self.restore(run));
        }
        // A dispatcher may be able to serve the others now.
        self.flush();
        discarded
    }

    /// Every event that went out under a cancelled tag is finished or has come
    /// back.
    pub(crate) fn drained(&mut self, tag: Tag) {
        self.dispatcher.drained(tag);
        self.flush();
    }

    pub(crate) fn ask(&mut self, tag: Tag, n: usize) {
        if self.paused || !self.asks.is_empty() {
            self.asks.push_back((tag, n));
        } else {
            self.dispatcher.ask(tag, n);
        }
        self.flush();
    }

    /// Takes back events that were delivered and not started. They keep their
    /// place in the order.
    /// Returns what the dispatcher discards of it.
    #[must_use = "what is discarded is handed back to be accounted for"]
    pub(crate) fn requeue(&mut self, run: Requeue<T>) -> VecDeque<T> {
        let discarded = self.restore(run);
        self.flush();
        discarded
    }

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

    pub(crate) fn freeze(&mut self) {
        self.freezes += 1;
    }

    pub(crate) fn unfreeze(&mut self) {
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

    /// Dispatches new events; what nobody asked for is buffered.
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

    /// Only when nothing waits already for which anybody asks.
    fn dispatch_or_store(&mut self, events: Vec<T>) {
        let mut rest = self.dispatch_new(events);
        // The buffer may be too small for what a kept ask is for.
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
            // Markers among the discarded events have nothing to wait for.
            self.run_markers();
        }
    }

    /// Whether what is emitted now has to queue up behind earlier emissions: an
    /// outlet that was resumed while it was held still has those of the pause.
    fn keeps_emissions(&self) -> bool {
        self.paused || !self.emitted.is_empty()
    }

    /// Puts a marker behind everything that was emitted.
    pub(crate) fn mark(&mut self, marker: Marker) {
        if self.keeps_emissions() {
            self.emitted.push_back(Emitted::Marker(marker));
        } else {
            self.place(marker);
        }
    }

    /// Puts a marker behind what is dispatched and buffered.
    fn place(&mut self, marker: Marker) {
        if self.freezes > 0 || !self.requeued.is_empty() {
            self.buffer.push_mark(marker);
        } else if let Some(marker) = self.buffer.mark(marker) {
            self.pass(marker);
        }
    }

    /// Runs a marker that has nothing buffered in front of it, unless something
    /// waits inside the dispatcher.
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

    /// How many events the producer should be asked for.
    pub(crate) fn demand(&self) -> usize {
        if self.is_stopped() { 0 } else { self.dispatcher.demand() }
    }

    /// A subscription to be warned of, if the dispatcher has found one.
    pub(crate) fn greedy(&mut self) -> Option<Greedy> {
        self.dispatcher.greedy()
    }

    /// How many events were emitted and not dispatched.
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

    /// Whether everything that was emitted has been dispatched.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
            && self.requeued.is_empty()
            && self.emitted.is_empty()
            && self.dispatcher.queued() == 0
    }

    /// The next things to do, oldest first.
    pub(crate) fn outgoing(&mut self) -> std::vec::Drain<'_, Out<T>> {
        self.out.drain(..)
    }

    pub(crate) fn has_outgoing(&self) -> bool {
        !self.out.is_empty()
    }

    fn flush(&mut self) {
        if self.is_stopped() {
            return;
        }
        // The usual case: consumers ask faster than events come.
        if self.is_empty() && self.asks.is_empty() {
            // What a marker waited for inside the dispatcher may be discarded.
            self.next = self.deliver(self.next);
            return;
        }
        loop {
            self.flush_demand();
            self.run_markers();
            if self.take_up_ask() {
                continue;
            }
            match self.emitted.pop_front() {
                Some(Emitted::Events(events)) => self.dispatch_or_store(events),
                Some(Emitted::Marker(marker)) => self.place(marker),
                None => break,
            }
        }
    }

    /// Kept asks are taken up one by one: the next when the last is served. Or
    /// when something waits inside the dispatcher: it may be what the next is for,
    /// and nothing else would bring it there.
    fn take_up_ask(&mut self) -> bool {
        if self.dispatcher.demand() > 0 && self.dispatcher.queued() == 0 {
            return false;
        }
        let Some((tag, n)) = self.asks.pop_front() else { return false };
        self.dispatcher.ask(tag, n);
        true
    }

    /// Serves the demand there is from what there is.
    fn flush_demand(&mut self) {
        self.dispatcher.dispatch_queued(&mut self.assignments);
        self.next = self.deliver(self.next);
        self.serve_requeued();
        while self.requeued.is_empty() && !self.buffer.is_empty() {
            self.run_markers();
            let n = self.dispatcher.demand();
            if n == 0 {
                break;
            }
            let events = self.buffer.take(n);
            let rest = self.dispatch_new(events);
            if !rest.is_empty() {
                // The dispatcher broke its second rule; wait for its next ask.
                self.buffer.put_back(rest);
                break;
            }
        }
    }

    /// Deals returned events out one by one, where there are several to deal them
    /// to: they were recalled so that others could help with them, and so the
    /// shares are equal and the oldest events are begun first.
    fn serve_requeued(&mut self) {
        let most = if self.subscriptions.len() > 1 { 1 } else { usize::MAX };
        while self.dispatcher.demand() > 0
            && let Some((mut first, mut events)) = self.requeued.pop_first()
        {
            let mut rest = Vec::new();
            while self.dispatcher.demand() > 0 && !events.is_empty() && rest.is_empty() {
                let n = most.min(self.dispatcher.demand()).min(events.len());
                rest = self.dispatch(first, events.drain(..n).collect());
                first += (n - rest.len()) as u64;
            }
            // The dispatcher broke its second rule, if so; wait for its next ask.
            let stuck = !rest.is_empty();
            rest.into_iter().rev().for_each(|event| events.push_front(event));
            if !events.is_empty() {
                self.requeued.insert(first, events);
            }
            if stuck {
                return;
            }
        }
    }

    fn dispatch_new(&mut self, events: Vec<T>) -> Vec<T> {
        let rest = self.dispatcher.dispatch(events, &mut self.assignments);
        // A dispatcher may assign more than it was given, from what it had kept,
        // or copies; so the places are counted by what goes out.
        self.next = self.deliver(self.next);
        rest
    }

    fn dispatch(&mut self, first: u64, events: Vec<T>) -> Vec<T> {
        let rest = self.dispatcher.dispatch(events, &mut self.assignments);
        self.deliver(first);
        rest
    }

    /// Moves assignments to the out-tray, their places counted from `first`.
    /// Returns the place behind the last.
    fn deliver(&mut self, first: u64) -> u64 {
        let mut place = first;
        loop {
            for Assignment { to, events } in self.assignments.drain(..) {
                let n = events.len() as u64;
                self.out.push(Out::Send(Delivery { to, first: place, events }));
                place += n;
            }
            let Some(marker) = self.dispatcher.take_due() else { return place };
            self.out.push(Out::Run(marker));
            // What was behind it.
            self.dispatcher.dispatch_queued(&mut self.assignments);
        }
    }
}
