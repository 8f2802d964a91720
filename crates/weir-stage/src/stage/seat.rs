//! Where a producer can be found, also across its restarts.
//!
//! Most producers are spawned and then referred to; when such a producer is gone,
//! its reference is of no more use. A *vacant* reference comes first: whoever
//! holds it can subscribe, and is connected when a stage takes the seat. When
//! that stage fails and a supervisor starts another one there, consumers that
//! [resubscribe](super::CancelMode::Resubscribe) are connected to the new one.

use std::sync::Arc;

use tokio::sync::Notify;

use super::Reason;
use super::mail::{ConsumerMail, ProducerMail, ToConsumer};
use crate::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct Seat<T> {
    /// Whether another stage may sit here after the first.
    returns: bool,
    seated: Mutex<Seated<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct Seated<T> {
    mail: Option<ProducerMail<T>>,
    name: Arc<str>,
    /// Set when the last one has left and nobody is expected.
    ended: Option<Reason>,
    /// Consumers, and the slot of the subscription that waits.
    waiting: Vec<(ConsumerMail<T>, usize)>,
}

/// Whom a consumer finds.
pub(super) enum Found<T> {
    Here(ProducerMail<T>),
    /// Nobody yet; the consumer will be told.
    Later,
    Gone(Reason),
}

impl<T> Seat<T> {
    pub(super) fn taken(mail: ProducerMail<T>, name: Arc<str>) -> Self {
        let seated = Seated { mail: Some(mail), name, ended: None, waiting: Vec::new() };
        Self { returns: false, seated: Mutex::new(seated), changed: Notify::new() }
    }

    pub(super) fn vacant(name: Arc<str>) -> Self {
        let seated = Seated { mail: None, name, ended: None, waiting: Vec::new() };
        Self { returns: true, seated: Mutex::new(seated), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Seated<T>> {
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.lock().name)
    }

    /// Whoever sits here now.
    pub(super) fn mail(&self) -> Option<ProducerMail<T>> {
        self.lock().mail.clone()
    }

    /// Whoever sits here, or a place among those who are told when somebody
    /// does.
    pub(super) fn find(&self, consumer: &ConsumerMail<T>, slot: usize) -> Found<T> {
        let mut seated = self.lock();
        match (&seated.mail, &seated.ended) {
            (Some(mail), _) if !mail.is_closed() => Found::Here(mail.clone()),
            (_, Some(reason)) => Found::Gone(reason.clone()),
            _ if self.returns => {
                seated.waiting.push((consumer.clone(), slot));
                Found::Later
            }
            _ => Found::Gone(Reason::Lost),
        }
    }

    /// Whether a consumer whose producer ended so may expect another one.
    pub(super) fn expects_another_after(&self, reason: &Reason) -> bool {
        self.returns && !reason.is_normal()
    }

    /// Takes the seat, and tells those who wait. `false` if somebody sits here.
    pub(super) fn take(&self, mail: ProducerMail<T>, name: Arc<str>) -> bool {
        let mut seated = self.lock();
        if seated.mail.as_ref().is_some_and(|mail| !mail.is_closed()) {
            return false;
        }
        seated.mail = Some(mail);
        seated.name = name;
        seated.ended = None;
        for (consumer, slot) in seated.waiting.drain(..) {
            // One that is gone has nothing to be told.
            drop(consumer.send(ToConsumer::Seated { slot }));
        }
        self.changed.notify_waiters();
        true
    }

    /// Leaves the seat, unless somebody else has it by now.
    pub(super) fn leave(&self, mail: &ProducerMail<T>, reason: &Reason) {
        let mut seated = self.lock();
        if !seated.mail.as_ref().is_some_and(|seated| seated.same_channel(mail)) {
            return;
        }
        seated.mail = None;
        if reason.is_normal() || !self.returns {
            seated.ended = Some(reason.clone());
            for (consumer, slot) in seated.waiting.drain(..) {
                drop(consumer.send(ToConsumer::Seated { slot }));
            }
        }
        self.changed.notify_waiters();
    }

    /// Why the last one left, if nobody is expected.
    pub(super) fn reason(&self) -> Option<Reason> {
        self.lock().ended.clone()
    }

    /// Whether nobody sits here and nobody is expected.
    pub(super) fn is_gone(&self) -> bool {
        let seated = self.lock();
        match &seated.mail {
            Some(mail) => !self.returns && mail.is_closed(),
            None => !self.returns || seated.ended.is_some(),
        }
    }

    pub(super) async fn gone(&self) {
        if !self.returns {
            if let Some(mail) = self.mail() {
                mail.closed().await;
            }
            return;
        }
        loop {
            let changed = self.changed.notified();
            if self.is_gone() {
                return;
            }
            changed.await;
        }
    }
}
