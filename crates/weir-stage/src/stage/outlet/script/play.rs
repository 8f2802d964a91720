//! Applies a script to an outlet and to the model, and keeps a record of the results.

use std::sync::{Arc, Mutex};

use super::model::Model;
use super::naive::Client;
use super::record::{Record, Sub};
use super::step::{Part, Rule, Step};
use super::{Op, PARTITIONS, Script};
use crate::buffer::Buffer;
use crate::dispatch::{Dispatcher, SubscribeRequest, Tag};
use crate::stage::Marker;
use crate::stage::mail::{Delivery, Requeue};
use crate::stage::outlet::{Out, Outlet};

pub(super) struct Play<D> {
    outlet: Outlet<u32, D>,
    model: Model,
    pub(super) record: Record,
    /// The markers that ran, noted by themselves.
    runs: Arc<Mutex<Vec<usize>>>,
}

impl<D: Dispatcher<u32>> Play<D> {
    pub(super) fn new(script: &Script, rule: Rule, dispatcher: D) -> Self {
        let outlet = Outlet::new(dispatcher, Buffer::new(script.size, script.keep), script.paused);
        Self { outlet, model: Model::new(script, rule), record: Record::new(rule), runs: Arc::default() }
    }

    /// Releases every event, to consumers with enough demand.
    pub(super) fn finish(&mut self) {
        self.step(Op::Resume);
        while self.outlet.freezes > 0 {
            self.step(Op::Unfreeze);
        }
        while self.draining().next().is_some() {
            self.step(Op::Drain { who: 0 });
        }
        for partition in 0..PARTITIONS {
            let consumer = 100 + partition as u64;
            self.step(Op::Subscribe { consumer, partition, picky: false });
        }
        for who in 0..self.present().len() {
            self.step(Op::Ask { who, n: 1000 });
        }
        self.record.over = true;
    }

    fn present(&self) -> Vec<usize> {
        (0..self.record.subs.len()).filter(|who| self.record.subs[*who].present).collect()
    }

    /// Returns the cancelled subscriptions that may still have events.
    fn draining(&self) -> impl Iterator<Item = usize> {
        (0..self.record.subs.len()).filter(|who| self.record.subs[*who].draining)
    }

    pub(super) fn step(&mut self, op: Op) {
        self.record.seen = Step::default();
        let present = self.present();
        let chosen = |who: usize| present.get(who % present.len().max(1)).copied();
        match op {
            Op::Subscribe { consumer, partition, picky } => self.subscribe(consumer, partition, picky),
            Op::Ask { who, n } => chosen(who).into_iter().for_each(|who| self.ask(who, n)),
            Op::LateAsk { who, n } => {
                let all = self.record.subs.len();
                (all > 0).then(|| self.ask(who % all, n));
            }
            Op::Emit(n) => self.emit(n),
            Op::Mark => self.mark(),
            Op::Cancel { who, keeps, half } => {
                chosen(who).into_iter().for_each(|who| self.cancel(who, keeps, half));
            }
            Op::Requeue { who, keeps } => self.requeue(who, keeps),
            Op::Drain { who } => {
                let draining: Vec<usize> = self.draining().collect();
                if let Some(&who) = draining.get(who % draining.len().max(1)) {
                    self.drained(who);
                }
            }
            Op::Pause => {
                self.outlet.pause();
                self.model.pause(true);
            }
            Op::Resume => {
                self.outlet.resume();
                self.model.pause(false);
            }
            Op::Freeze => {
                self.outlet.freeze();
                self.model.freeze();
            }
            Op::Unfreeze if self.outlet.freezes == 0 => {}
            Op::Unfreeze => {
                self.outlet.unfreeze();
                self.model.unfreeze();
            }
        }
        self.empty_the_tray();
        let record = &mut self.record;
        record.seen.level = self.outlet.demand();
        record.seen.buffered = self.outlet.buffered();
        record.outside = record.seen.buffered - self.outlet.dispatcher.queued();
        record.expected = self.model.step();
    }

    fn subscribe(&mut self, consumer: u64, partition: usize, picky: bool) {
        let (tag, joined) = (Tag::unique(), self.record.gone_out(self.outlet.buffered()).len());
        let mut request = SubscribeRequest::new(consumer).partition(partition);
        if picky {
            request.selector = Some(Arc::new(|event: &u32| event.is_multiple_of(2)));
        }
        self.record.seen.refused = self.outlet.subscribe(tag, request).is_err();
        if !self.record.seen.refused {
            self.record.subs.push(Sub::new(tag, picky, joined));
        }
        self.model.subscribe(Client {
            present: true,
            draining: false,
            consumer,
            partition,
            picky,
            wants: 0,
        });
    }

    fn ask(&mut self, who: usize, n: usize) {
        let sub = &mut self.record.subs[who];
        sub.asked += if sub.present { n } else { 0 };
        self.outlet.ask(sub.tag, n);
        self.model.ask(who, n);
    }

    fn emit(&mut self, n: u32) {
        let first = self.record.with_consumers.len() as u32;
        let events: Vec<u32> = (first..first + n).collect();
        self.record.with_consumers.resize(events.len() + first as usize, 0);
        self.outlet.emit(events.clone());
        self.model.emit(events);
    }

    fn mark(&mut self) {
        let (marker, runs) = (self.record.marked.len(), Arc::clone(&self.runs));
        self.record.marked.push(self.record.with_consumers.len() as u32);
        self.outlet.mark(Marker::new(move || runs.lock().unwrap().push(marker)));
        self.model.mark(marker);
    }

    fn cancel(&mut self, who: usize, keeps: usize, half: bool) {
        (self.record.subs[who].present, self.record.subs[who].draining) = (false, true);
        let back = self.take_back(who, keeps, half);
        self.record.came_back(who, &back);
        let discarded = self.outlet.cancel(self.record.subs[who].tag, runs(&back));
        self.discard(discarded);
        self.model.cancel(who, back);
    }

    fn requeue(&mut self, who: usize, keeps: usize) {
        let all = self.record.subs.len().max(1);
        // With partitions only cancelled subscriptions requeue: order is kept from one
        // consumer to the next, but not for a consumer that continues.
        let stays = self.record.rule == Rule::Shared || self.record.rule == Rule::Broadcast;
        let holding = |who: &usize| {
            self.record.subs.get(*who).is_some_and(|sub| !sub.held.is_empty() && (stays || sub.draining))
        };
        let Some(who) = (who..who + all).map(|who| who % all).find(holding) else { return };
        self.requeue_all(who, keeps);
    }

    fn drained(&mut self, who: usize) {
        self.requeue_all(who, 0);
        self.record.subs[who].draining = false;
        self.outlet.drained(self.record.subs[who].tag);
        self.model.drained(who);
    }

    fn requeue_all(&mut self, who: usize, keeps: usize) {
        // One by one, because they may cross with other messages.
        for back in self.take_back(who, keeps, false) {
            self.record.came_back(who, &[back]);
            for run in runs(&[back]) {
                let discarded = self.outlet.requeue(run);
                self.discard(discarded);
            }
            self.model.requeue(vec![back]);
            self.empty_the_tray();
        }
    }

    /// Takes the events to requeue from a subscription. The first `keeps` are started and
    /// stay.
    fn take_back(&mut self, who: usize, keeps: usize, half: bool) -> Vec<(u64, u32)> {
        let held = &mut self.record.subs[who].held;
        held.drain(..keeps.min(held.len()));
        let n = if half { held.len() / 2 } else { held.len() };
        held.drain(..n).collect()
    }

    fn discard(&mut self, discarded: impl IntoIterator<Item = u32>) {
        for event in discarded {
            self.record.discarded(event);
        }
    }

    /// Empties the out-tray, and records deliveries, markers and overflows.
    fn empty_the_tray(&mut self) {
        let record = &mut self.record;
        for out in self.outlet.outgoing() {
            match out {
                Out::Send(Delivery { to, first, events }) => {
                    let who = record.subs.iter().position(|sub| sub.tag == to).expect("a known tag");
                    record.strays += usize::from(events.is_empty());
                    self.model.dispatcher.took(who, events.len());
                    for (place, event) in (first..).zip(events) {
                        record.delivered(who, place, event);
                        record.seen.send((record.rule != Rule::Shared).then_some(who), event);
                    }
                }
                Out::Run(marker) => {
                    marker.run();
                    for marker in self.runs.lock().unwrap().drain(..) {
                        record.marker_ran(marker);
                        record.seen.out.push(Part::Ran(marker));
                    }
                }
                Out::Overflow(events) => {
                    record.overflowed.extend(&events);
                    record.seen.overflowed.extend(events);
                }
            }
        }
    }
}

/// Groups consecutive events into runs.
fn runs(back: &[(u64, u32)]) -> Vec<Requeue<u32>> {
    let mut runs: Vec<Requeue<u32>> = Vec::new();
    for &(place, event) in back {
        match runs.last_mut() {
            Some(run) if run.first + run.events.len() as u64 == place => run.events.push_back(event),
            _ => runs.push(Requeue { first: place, events: [event].into() }),
        }
    }
    runs
}
