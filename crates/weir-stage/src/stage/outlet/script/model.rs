//! The naive model of an outlet: it handles one event at a time, and then looks for the next
//! thing to do.

use std::collections::{BTreeMap, VecDeque};

use super::Script;
use super::naive::{Client, Naive};
use super::step::{Rule, Step};
use crate::buffer::Keep;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Event(u32),
    Marker(usize),
}

#[derive(Debug)]
enum Emission {
    Events(Vec<u32>),
    Marker(usize),
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) dispatcher: Naive,
    size: Option<usize>,
    keep: Keep,
    /// Requeued events by position.
    requeued: BTreeMap<u64, u32>,
    buffer: VecDeque<Item>,
    /// Emitted while paused, or behind such an emission.
    backlog: VecDeque<Emission>,
    /// Asks made while paused, or behind such an ask.
    kept: VecDeque<(usize, usize)>,
    paused: bool,
    freezes: usize,
}

impl Model {
    pub(super) fn new(script: &Script, rule: Rule) -> Self {
        Self {
            dispatcher: Naive::new(rule),
            size: script.size,
            keep: script.keep,
            requeued: BTreeMap::new(),
            buffer: VecDeque::new(),
            backlog: VecDeque::new(),
            kept: VecDeque::new(),
            paused: script.paused,
            freezes: 0,
        }
    }

    /// Returns the results of the operations since the last call.
    pub(super) fn step(&mut self) -> Step {
        let level = if self.is_stopped() { 0 } else { self.dispatcher.level() };
        Step { level, buffered: self.buffered(), ..std::mem::take(&mut self.dispatcher.step) }
    }

    pub(super) fn subscribe(&mut self, client: Client) {
        self.dispatcher.subscribe(client);
    }

    pub(super) fn ask(&mut self, who: usize, n: usize) {
        if self.paused || !self.kept.is_empty() {
            self.kept.push_back((who, n));
        } else {
            self.dispatcher.ask(who, n);
        }
        self.advance_all();
    }

    pub(super) fn cancel(&mut self, who: usize, requeue: Vec<(u64, u32)>) {
        self.dispatcher.cancel(who);
        self.kept.retain(|(other, _)| *other != who);
        self.requeue(requeue);
    }

    pub(super) fn drained(&mut self, who: usize) {
        self.dispatcher.drained(who);
        self.advance_all();
    }

    pub(super) fn requeue(&mut self, requeue: Vec<(u64, u32)>) {
        for (place, event) in requeue {
            if !self.dispatcher.takes_back(place, event) {
                self.requeued.insert(place, event);
            }
        }
        self.advance_all();
    }

    pub(super) fn emit(&mut self, events: Vec<u32>) {
        if self.paused || !self.backlog.is_empty() {
            self.backlog.push_back(Emission::Events(events));
        } else {
            self.take_in(events);
        }
        self.advance_all();
    }

    pub(super) fn mark(&mut self, marker: usize) {
        if self.paused || !self.backlog.is_empty() {
            self.backlog.push_back(Emission::Marker(marker));
        } else if self.freezes == 0 && self.requeued.is_empty() && self.buffer.is_empty() {
            self.dispatcher.pass(marker);
        } else {
            self.buffer.push_back(Item::Marker(marker));
        }
    }

    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.advance_all();
    }

    pub(super) fn freeze(&mut self) {
        self.freezes += 1;
    }

    pub(super) fn unfreeze(&mut self) {
        self.freezes = self.freezes.saturating_sub(1);
        self.advance_all();
    }

    fn is_stopped(&self) -> bool {
        self.paused || self.freezes > 0
    }

    /// Returns how many events wait in the buffer.
    fn waiting(&self) -> usize {
        self.buffer.iter().filter(|item| matches!(item, Item::Event(_))).count()
    }

    /// Returns how many events wait anywhere.
    fn buffered(&self) -> usize {
        let backlog = self.backlog.iter().map(|emission| match emission {
            Emission::Events(events) => events.len(),
            Emission::Marker(_) => 0,
        });
        self.waiting() + self.requeued.len() + self.dispatcher.queued() + backlog.sum::<usize>()
    }

    /// Does the next thing to do, until there is none.
    fn advance_all(&mut self) {
        while !self.is_stopped() && self.advance() {}
    }

    fn advance(&mut self) -> bool {
        if self.dispatcher.serve_inside() {
            return true;
        }
        if self.dispatcher.level() > 0
            && let Some((_, event)) = self.requeued.pop_first()
        {
            self.dispatcher.dispatch(event);
            return true;
        }
        match self.buffer.front().copied().filter(|_| self.requeued.is_empty()) {
            Some(Item::Event(event)) if self.dispatcher.level() > 0 => {
                self.buffer.pop_front();
                self.dispatcher.dispatch(event);
                return true;
            }
            Some(Item::Marker(marker)) => {
                self.buffer.pop_front();
                self.dispatcher.pass(marker);
                return true;
            }
            _ => {}
        }
        if self.take_up_ask() {
            return true;
        }
        match self.backlog.pop_front() {
            Some(Emission::Events(events)) => self.take_in(events),
            Some(Emission::Marker(marker)) => self.buffer.push_back(Item::Marker(marker)),
            None => return false,
        }
        true
    }

    /// Takes up kept asks one by one: the next when the last has been served, or when events
    /// wait inside.
    fn take_up_ask(&mut self) -> bool {
        let is_time = self.dispatcher.level() == 0 || self.dispatcher.queued() > 0;
        let next = if is_time { self.kept.pop_front() } else { None };
        next.map(|(who, n)| self.dispatcher.ask(who, n)).is_some()
    }

    /// Dispatches events for which there is demand, buffers the rest, and discards the
    /// excess.
    fn take_in(&mut self, events: Vec<u32>) {
        for event in events {
            let mut direct = self.freezes == 0 && self.requeued.is_empty() && self.buffer.is_empty();
            while direct && self.dispatcher.level() == 0 {
                direct = self.take_up_ask();
            }
            if direct {
                self.dispatcher.dispatch(event);
                while self.dispatcher.serve_inside() {}
            } else {
                self.buffer.push_back(Item::Event(event));
            }
        }
        let mut excess = Vec::new();
        while self.size.is_some_and(|size| self.waiting() > size) {
            let is_event = |item: &Item| matches!(item, Item::Event(_));
            let found = match self.keep {
                Keep::First => self.buffer.iter().rposition(is_event),
                Keep::Last => self.buffer.iter().position(is_event),
            };
            if let Some(Item::Event(event)) = found.and_then(|at| self.buffer.remove(at)) {
                excess.push(event);
            }
        }
        excess.sort_unstable();
        self.dispatcher.step.overflowed.extend(excess);
    }
}
