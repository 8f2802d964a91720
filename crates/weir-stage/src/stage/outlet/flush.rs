//! The order in which an outlet serves demand: requeued events, then buffered ones, then
//! the emissions of a pause.

use super::{Delivery, Emitted, Out, Outlet};
use crate::dispatch::{Assignment, Dispatcher};

impl<T, D: Dispatcher<T>> Outlet<T, D> {
    /// Serves demand until either the demand or the events run out.
    pub(super) fn flush(&mut self) {
        if self.is_stopped() {
            return;
        }
        // The usual case: consumers ask faster than events come.
        if self.is_empty() && self.asks.is_empty() {
            // The dispatcher may have discarded the events that a marker waited for.
            self.next = self.deliver(self.next);
            return;
        }
        loop {
            let served = self.flush_demand();
            self.run_markers();
            debug_assert!(
                !served
                    || self.dispatcher.demand() == 0
                    || (self.requeued.is_empty() && self.buffer.is_empty()),
                "invariants 1 and 2: no event waits for which there is demand, and older events go first"
            );
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

    /// Passes on the next kept ask, once the ones before it are served. Also passes it on
    /// while events wait inside the dispatcher: they may be what this ask is for, and
    /// nothing else would serve them.
    pub(super) fn take_up_ask(&mut self) -> bool {
        if self.dispatcher.demand() > 0 && self.dispatcher.queued() == 0 {
            return false;
        }
        let Some((tag, n)) = self.asks.pop_front() else { return false };
        self.pass_ask(tag, n);
        true
    }

    /// Serves demand from the events that wait. Returns false if the dispatcher broke its
    /// second rule: it took fewer events than it had promised, and the rest waits for the
    /// next ask.
    fn flush_demand(&mut self) -> bool {
        self.dispatcher.dispatch_queued(&mut self.assignments);
        self.next = self.deliver(self.next);
        if !self.serve_requeued() {
            return false;
        }
        while self.requeued.is_empty() && !self.buffer.is_empty() {
            self.run_markers();
            let n = self.dispatcher.demand();
            if n == 0 {
                break;
            }
            let events = self.buffer.take(n);
            let rest = self.dispatch_new(events);
            if !rest.is_empty() {
                self.buffer.put_back(rest);
                return false;
            }
        }
        true
    }

    /// Dispatches requeued events one by one if there are several subscriptions. A pool
    /// requeues them so that its other workers can help: this way the shares are equal,
    /// and the oldest events are begun first. Returns false as
    /// [`flush_demand`](Self::flush_demand) does.
    fn serve_requeued(&mut self) -> bool {
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
            let stuck = !rest.is_empty();
            rest.into_iter().rev().for_each(|event| events.push_front(event));
            if !events.is_empty() {
                self.requeued.insert(first, events);
            }
            if stuck {
                return false;
            }
        }
        true
    }

    pub(super) fn dispatch_new(&mut self, events: Vec<T>) -> Vec<T> {
        let rest = self.dispatcher.dispatch(events, &mut self.assignments);
        // A dispatcher may assign more than it was given: events that it had kept, or
        // copies. So positions are counted by what goes out.
        self.next = self.deliver(self.next);
        rest
    }

    fn dispatch(&mut self, first: u64, events: Vec<T>) -> Vec<T> {
        let rest = self.dispatcher.dispatch(events, &mut self.assignments);
        self.deliver(first);
        rest
    }

    /// Moves assignments to the out-tray, with positions from `first` on. Returns the
    /// position behind the last.
    fn deliver(&mut self, first: u64) -> u64 {
        let mut position = first;
        loop {
            for Assignment { to, events } in self.assignments.drain(..) {
                let n = events.len();
                #[cfg(debug_assertions)]
                if let Some(asked) = self.asked.get_mut(&to) {
                    assert!(n <= *asked, "invariant 3: {n} events are sent, {asked} were asked for");
                    *asked -= n;
                }
                self.out.push(Out::Send(Delivery { to, first: position, events }));
                position += n as u64;
            }
            let Some(marker) = self.dispatcher.take_due() else { return position };
            self.out.push(Out::Run(marker));
            // The events behind the marker may go now.
            self.dispatcher.dispatch_queued(&mut self.assignments);
        }
    }
}
