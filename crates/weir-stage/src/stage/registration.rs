//! The name under which consumers find a producer, also across its restarts.
//!
//! Most references are made with their stage and are of no use once it has ended. A
//! *reserved* reference exists before its stage: consumers subscribe to it and are
//! connected when a stage registers. If that stage fails and a supervisor starts
//! another one under the name, consumers that
//! [resubscribe](super::CancelMode::Resubscribe) are connected to the successor.

use std::sync::Arc;

use tokio::sync::Notify;

use super::Reason;
use super::mail::{ConsumerMail, ProducerMail, ToConsumer};
use crate::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct Registration<T> {
    /// True for a reserved name: another stage may register after the first.
    restartable: bool,
    entry: Mutex<Entry<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct Entry<T> {
    /// The address of the registered stage.
    mail: Option<ProducerMail<T>>,
    name: Arc<str>,
    /// The reason why the last stage ended, if no successor is expected.
    ended: Option<Reason>,
    /// Consumers that wait for a stage, and which of their subscriptions does.
    waiting: Vec<(ConsumerMail<T>, usize)>,
}

/// The answer to a consumer that looks for its producer.
pub(super) enum Lookup<T> {
    Found(ProducerMail<T>),
    /// No stage is registered yet; the consumer will be sent `Registered`.
    Pending,
    Gone(Reason),
}

impl<T> Registration<T> {
    /// Makes the registration of a stage that has no successor.
    pub(super) fn of(mail: ProducerMail<T>, name: Arc<str>) -> Self {
        Self::with(Some(mail), name, false)
    }

    /// Makes a registration without a stage.
    pub(super) fn reserved(name: Arc<str>) -> Self {
        Self::with(None, name, true)
    }

    fn with(mail: Option<ProducerMail<T>>, name: Arc<str>, restartable: bool) -> Self {
        let entry = Entry { mail, name, ended: None, waiting: Vec::new() };
        Self { restartable, entry: Mutex::new(entry), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Entry<T>> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.lock().name)
    }

    /// Returns the address of the registered stage.
    pub(super) fn mail(&self) -> Option<ProducerMail<T>> {
        self.lock().mail.clone()
    }

    /// Looks the stage up. If none is registered yet, adds the consumer to those that
    /// get a message when one registers.
    pub(super) fn lookup(&self, consumer: &ConsumerMail<T>, slot: usize) -> Lookup<T> {
        let mut entry = self.lock();
        match (&entry.mail, &entry.ended) {
            (Some(mail), _) if !mail.is_closed() => Lookup::Found(mail.clone()),
            (_, Some(reason)) => Lookup::Gone(reason.clone()),
            _ if self.restartable => {
                entry.waiting.push((consumer.clone(), slot));
                Lookup::Pending
            }
            _ => Lookup::Gone(Reason::Aborted),
        }
    }

    /// Returns true if a stage that ended for `reason` may have a successor.
    pub(super) fn expects_another_after(&self, reason: &Reason) -> bool {
        self.restartable && !reason.is_normal()
    }

    /// Registers a stage and tells the consumers that wait. Returns false if another
    /// stage is registered and still running.
    pub(super) fn register(&self, mail: ProducerMail<T>, name: Arc<str>) -> bool {
        let mut entry = self.lock();
        if entry.mail.as_ref().is_some_and(|mail| !mail.is_closed()) {
            return false;
        }
        entry.mail = Some(mail);
        entry.name = name;
        entry.ended = None;
        entry.tell_waiting();
        self.changed.notify_waiters();
        true
    }

    /// Removes a stage, unless another one has registered since.
    pub(super) fn unregister(&self, mail: &ProducerMail<T>, reason: &Reason) {
        let mut entry = self.lock();
        if !entry.mail.as_ref().is_some_and(|registered| registered.same_channel(mail)) {
            return;
        }
        entry.mail = None;
        if reason.is_normal() || !self.restartable {
            entry.ended = Some(reason.clone());
            entry.tell_waiting();
        }
        self.changed.notify_waiters();
    }

    /// Returns the reason why the last stage ended, if no successor is expected.
    pub(super) fn reason(&self) -> Option<Reason> {
        self.lock().ended.clone()
    }

    /// Returns true if no stage is registered and none is expected.
    pub(super) fn is_gone(&self) -> bool {
        let entry = self.lock();
        match &entry.mail {
            Some(mail) => !self.restartable && mail.is_closed(),
            None => !self.restartable || entry.ended.is_some(),
        }
    }

    /// Waits until [`is_gone`](Self::is_gone).
    pub(super) async fn gone(&self) {
        if !self.restartable {
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

impl<T> Entry<T> {
    /// Has every waiting consumer look again.
    fn tell_waiting(&mut self) {
        for (consumer, slot) in self.waiting.drain(..) {
            // A consumer that is gone no longer waits.
            drop(consumer.send(ToConsumer::Registered { slot }));
        }
    }
}
