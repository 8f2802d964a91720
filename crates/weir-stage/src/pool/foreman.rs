//! Who hires and retires the members of a pool: its workers, or the one that spawns a task per event.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};

use super::{Handler, PoolSettings, Spread, Work, per_event, worker};
use crate::demand::Limits;
use crate::dispatch::SubscribeError;
use crate::stage::inlet::Inlet;
use crate::stage::mail::{ConsumerMail, ToConsumer};
use crate::stage::meter::Meter;
use crate::stage::{CancelMode, Kind, ProducerRef, Reason, Status, SubscribeOptions};

/// What the pool's handle tells the foreman.
#[derive(Debug)]
pub(super) enum Order<T> {
    Resize {
        settings: PoolSettings,
        done: oneshot::Sender<()>,
    },
    /// Handle this one too.
    Start(T),
    /// Finish what was begun, and end.
    Stop,
}

/// The members' meters, to be added up by whoever wants to know.
#[derive(Debug, Default)]
pub(super) struct Roll(Mutex<Members>);

#[derive(Debug, Default)]
struct Members {
    meters: Vec<(Id, Meter)>,
    /// What those delivered to who are gone.
    events_in: u64,
    /// What those dropped who are gone.
    dropped: u64,
}

/// The members' numbers, added up, in events.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) events_in: u64,
    pub(super) asked: usize,
    pub(super) held: usize,
    pub(super) dropped: u64,
}

impl Roll {
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, id: Id, meter: Meter) {
        self.lock().meters.push((id, meter));
    }

    /// Strikes a member off, and says how many events it was delivered.
    fn leave(&self, id: Id) -> u64 {
        let mut members = self.lock();
        let Some(at) = members.meters.iter().position(|(other, _)| *other == id) else { return 0 };
        let (_, meter) = members.meters.swap_remove(at);
        let Status { events_in, dropped, .. } = meter.read();
        members.events_in += events_in;
        members.dropped += dropped;
        events_in
    }

    pub(super) fn sum(&self) -> Sum {
        let members = self.lock();
        let mut sum = Sum { events_in: members.events_in, dropped: members.dropped, ..Sum::default() };
        for (_, meter) in &members.meters {
            let member = meter.read();
            sum.events_in += member.events_in;
            sum.asked = sum.asked.saturating_add(member.asked);
            sum.held += member.held;
            sum.dropped += member.dropped;
        }
        sum
    }
}

/// One worker, or the one that spawns a task per event.
struct Member<T> {
    id: Id,
    mail: ConsumerMail<T>,
}

impl<T> Member<T> {
    /// Sends an order and waits until it is carried out.
    async fn told(&self, order: impl FnOnce(oneshot::Sender<()>) -> ToConsumer<T>) {
        let (done, carried_out) = oneshot::channel();
        if self.mail.send(order(done)).is_ok() {
            // An error means that it ended, and gave back all it had.
            let _ = carried_out.await;
        }
    }
}

pub(super) struct Foreman<T, H> {
    producer: ProducerRef<T>,
    work: Arc<Work<H>>,
    settings: PoolSettings,
    /// How each member subscribes, but for its limits.
    options: SubscribeOptions<T>,
    /// Whether the producer's dispatcher serves a consumer by one subscription. The
    /// pool then has one member, which keeps what it has when the pool is resized.
    once: bool,
    /// Those that are not retired, oldest first.
    members: Vec<Member<T>>,
    /// All of them, the retired ones that still have an event in hand, and the
    /// events that were started by hand.
    tasks: JoinSet<Reason>,
    /// Why the producer ended, if a member has heard.
    ended: Option<Reason>,
    /// Set when nobody is to be hired any more: the pool was told to stop, or its
    /// producer does not take it.
    closing: Option<Reason>,
}

impl<T: Send + 'static, H: Handler<T>> Foreman<T, H> {
    pub(super) fn new(
        producer: ProducerRef<T>,
        work: Work<H>,
        settings: PoolSettings,
        options: SubscribeOptions<T>,
    ) -> Self {
        Self {
            producer,
            work: Arc::new(work),
            settings,
            options,
            once: false,
            members: Vec::new(),
            tasks: JoinSet::new(),
            ended: None,
            closing: None,
        }
    }

    pub(super) async fn run(&mut self, mut inbox: mpsc::UnboundedReceiver<Order<T>>) -> Reason {
        self.hire();
        loop {
            if self.tasks.is_empty()
                && let Some(reason) = &self.closing
            {
                return reason.clone();
            }
            tokio::select! {
                Some(order) = inbox.recv() => match order {
                    Order::Resize { settings, done } => {
                        self.resize(settings).await;
                        // Whoever asked may have stopped waiting.
                        let _ = done.send(());
                    }
                    Order::Start(event) => self.start(event),
                    Order::Stop => {
                        self.closing.get_or_insert(Reason::Stopped);
                        self.retire_to(0).await;
                    }
                },
                Some(ended) = self.tasks.join_next_with_id() => {
                    let (id, reason) = match ended {
                        Ok(ended) => ended,
                        Err(error) => (error.id(), Reason::Aborted),
                    };
                    self.left(id, reason);
                }
                // Only then is there certainly nothing more to do.
                () = self.producer.gone(), if self.tasks.is_empty() => {
                    return self.ended.take().or(self.producer.reason()).unwrap_or(Reason::Aborted);
                }
                else => return Reason::Stopped,
            }
        }
    }

    /// Aborts all members and what they run, and waits until nothing of it runs.
    pub(super) async fn dismiss_all(&mut self) -> Reason {
        self.tasks.shutdown().await;
        // A supervisor's tasks are its own, and aborted with it, but nobody has
        // waited for them; each holds a slot. When only one slot is left and we
        // are in it, we are alone.
        self.work.slots().resize(Some(1));
        drop(self.work.slots().acquire().await);
        Reason::Aborted
    }

    fn left(&mut self, id: Id, reason: Reason) {
        let before = self.members.len();
        self.members.retain(|member| member.id != id);
        // Not one that was retired or started by hand: those end as we told them.
        let by_itself = self.members.len() < before;
        let worked = self.work.face.roll.leave(id) > 0;
        if reason == Reason::Refused(SubscribeError::OneSubscription) {
            // All members hear this, and the last of them to leave makes room.
            self.once = true;
            self.hire();
            return;
        }
        // Without a successor to wait for, the pool ends as its producer did.
        let alone = self.options.cancel != CancelMode::Resubscribe;
        let failed = by_itself && alone && !reason.is_normal();
        if failed || matches!(reason, Reason::Refused(_)) {
            self.closing.get_or_insert(reason.clone());
        }
        // One that came and got nothing is not replaced, whatever the reason: a
        // producer that is ending waits until it is alone, and if two pools
        // replaced theirs in turn, it never would be. Nor is one that has finished
        // while others still work. But the last one is: a retired worker may have
        // given events back after the others had left.
        if worked && (self.tasks.is_empty() || reason != Reason::Finished) {
            self.hire();
        }
        // One that came when the producer had just gone has nothing to tell.
        if by_itself && (worked || self.ended.is_none()) {
            self.ended = Some(reason);
        }
    }

    /// A member of its own for an event that came by another way.
    fn start(&mut self, event: T) {
        let work = Arc::clone(&self.work);
        self.tasks.spawn(async move {
            work.run(event).await;
            Reason::Stopped
        });
    }

    async fn resize(&mut self, new: PoolSettings) {
        let old = std::mem::replace(&mut self.settings, new);
        if old == new {
            return;
        }
        if self.once {
            self.work.slots().resize(Some(new.concurrency));
            if let Some(limits) = new.single_limits() {
                for member in &self.members {
                    member.told(|done| ToConsumer::Adjust { limits, done }).await;
                }
            }
            self.hire();
            return;
        }
        // While the producer holds, everything it has dispatched is in some
        // worker's mailbox, and nothing is dispatched to the first who asks.
        let mut freeze = self.producer.freeze();
        if let Some(freeze) = &mut freeze {
            freeze.in_force().await;
        }
        self.work.slots().resize(Some(new.concurrency));
        let wanted = if old.spread == new.spread { new.members() } else { 0 };
        self.retire_to(wanted).await;
        if new.requeue || old.member_limits() != new.member_limits() {
            self.recall().await;
        }
        self.hire();
    }

    /// Keeps the `n` oldest members.
    async fn retire_to(&mut self, n: usize) {
        for retired in self.members.split_off(n.min(self.members.len())) {
            retired.told(|done| ToConsumer::Stop { reason: Reason::Stopped, done }).await;
        }
    }

    /// Has every member give back what it has not started and ask anew.
    async fn recall(&self) {
        let limits = self.settings.member_limits();
        for member in &self.members {
            member.told(|done| ToConsumer::Requeue { limits, done }).await;
        }
    }

    /// How many members there are to be, and with which limits; none when the pool
    /// rests.
    fn wanted(&self) -> Option<(usize, Limits)> {
        let (members, limits) = match self.once {
            true => (1, self.settings.single_limits()),
            false => (self.settings.members(), self.settings.member_limits()),
        };
        Some((members, limits?))
    }

    fn hire(&mut self) {
        let Some((wanted, limits)) = self.wanted().filter(|_| self.closing.is_none()) else { return };
        while self.members.len() < wanted && !self.producer.is_gone() {
            let meter = Meter::new(Some(Arc::clone(&self.work.face.name)), Kind::Consumer, None);
            let mut inlet = Inlet::new(meter.clone(), None);
            let mail = inlet.address();
            let (producer, options) = (self.producer.clone(), self.options.clone().limits(limits));
            match self.once {
                true => inlet.subscribe(producer, options),
                false => inlet.subscribe_pooled(producer, options),
            };
            let work = Arc::clone(&self.work);
            let task = match self.settings.spread {
                Spread::Workers if !self.once => self.tasks.spawn(worker::run(inlet, work)),
                Spread::Workers | Spread::PerEvent => self.tasks.spawn(per_event::run(inlet, work)),
            };
            self.work.face.roll.enter(task.id(), meter);
            self.members.push(Member { id: task.id(), mail });
        }
    }
}
