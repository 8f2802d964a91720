//! Asks the other nodes about an event that comes again.
//!
//! The server delivers an event again if it was given back, if its node was silent for a lease, and
//! if a server that takes over does not know of an answer or of a delivery. In the last case the
//! other node may still work on the event, or has finished it, so it is asked before the event is
//! handed out. A node that was lost does not answer. If its note has the event, that was an attempt.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::{Message, Subscriber};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::begun::Note;
use super::delivery::{Attempts, Delivery};
use super::inner::{AGAIN, Inner};
use super::leases::Said;
use super::verdict::{Answer, Verdict, judge, said};
use crate::connection::REQUEST;
use crate::trouble::NatsError;

/// Records of attempts that are read at once.
const AT_ONCE: usize = 16;
/// Asks for the events that a node has delayed.
const DELAYED: &str = "delayed";
/// Asks for the highest number that a node has seen.
const HIGHEST: &str = "highest";
/// Delayed events of one answer, of about 70 bytes each.
const MOST_DELAYED: usize = 4_096;
/// How long nodes may take to connect again after this one has.
const RECONNECT: Duration = Duration::from_secs(5);

impl Inner {
    fn holds_subject(&self, instance: &str) -> String {
        format!("{}.holds.{instance}", self.options.stream)
    }

    /// Subscribes to the questions of other nodes.
    pub(super) async fn hear_others(&self) -> Result<Subscriber, NatsError> {
        let subject = self.holds_subject(&self.instance);
        self.nats.client().subscribe(subject).await.map_err(NatsError::away)
    }

    /// Answers the questions of other nodes, until the subscription ends.
    pub(super) async fn answer_others(&self, mut questions: Subscriber) {
        while let Some(Message { payload, reply: Some(reply), .. }) = questions.next().await {
            let question = String::from_utf8_lossy(&payload);
            let text = match &*question {
                DELAYED => self.give_delayed(),
                HIGHEST => self.leases.highest().to_string(),
                events => self.tell(events),
            };
            _ = self.nats.client().publish(reply, text.into()).await;
        }
    }

    /// Says which of some events this node holds or has settled.
    fn tell(&self, question: &str) -> String {
        let answer = |line: &str| {
            let (id, stored) = line.split_once(' ')?;
            let said = self.leases.said(id.parse().ok()?, stored.parse().ok()?)?;
            Some(format!("{id} {}\n", if said == Said::Held { "held" } else { "settled" }))
        };
        question.lines().filter_map(answer).collect()
    }

    /// Hands over events that this node has delayed, so that the other node can purge them.
    fn give_delayed(&self) -> String {
        let delayed = self.leases.take_delayed(MOST_DELAYED);
        delayed.iter().map(|delivery| format!("{}\n", delivery.reply)).collect()
    }

    /// Takes the events that other nodes have delayed. Those of a node that does not answer come when
    /// their delay is over.
    pub(super) async fn take_delayed_elsewhere(&self) -> Result<Vec<Delivery>, NatsError> {
        let mut taken = Vec::new();
        for note in self.read_notes().await? {
            while let Some(answer) = self.ask_other(&note, DELAYED).await? {
                let before = taken.len();
                taken.extend(answer.lines().filter_map(|reply| Delivery::read(reply.into())));
                if taken.len() - before < MOST_DELAYED {
                    break;
                }
            }
        }
        Ok(taken)
    }

    /// Asks another node. Returns `None` if it does not answer, and so is lost.
    async fn ask_other(&self, note: &Note, question: &str) -> Result<Option<String>, NatsError> {
        let patience = REQUEST.min(self.options.lease / 2);
        if self.silent.is(&note.instance) {
            return Ok(None);
        }
        loop {
            let request =
                self.nats.client().request(self.holds_subject(&note.instance), question.to_owned().into());
            let is_silent = match timeout(patience, request).await {
                Ok(Ok(answer)) => return Ok(Some(String::from_utf8_lossy(&answer.payload).into_owned())),
                Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => false,
                Ok(Err(error)) if error.kind() != RequestErrorKind::TimedOut => {
                    return Err(NatsError::away(error));
                }
                _ => true,
            };
            if !self.nats.is_connected() {
                return Err(NatsError::Away { why: "there is no connection".to_owned() });
            }
            // After an outage the other node may connect again a moment later than this one. Until
            // then the server may still write to its last connection.
            if self.nats.has_reconnected_within(RECONNECT) {
                sleep(AGAIN).await;
                continue;
            }
            if is_silent {
                self.silent.note(&note.instance, Instant::now() + self.options.lease / 2);
            }
            return Ok(None);
        }
    }

    /// Decides about those of some deliveries that this node did not give back last. Their leases go
    /// on meanwhile.
    ///
    /// # Errors
    /// [`NatsError::Away`]: nothing is decided.
    pub(super) async fn decide(
        &self,
        deliveries: Vec<Delivery>,
    ) -> Result<HashMap<u64, Verdict>, NatsError> {
        let may_have_successor = self.may_have_successor.load(Ordering::Acquire);
        let is_known = |delivery: &Delivery| self.leases.attempts_of(delivery).is_some();
        if deliveries.is_empty() || !may_have_successor && deliveries.iter().all(is_known) {
            return Ok(HashMap::new());
        }
        let replies: Vec<_> = deliveries.iter().map(|delivery| delivery.reply.clone()).collect();
        let deciding = async {
            if may_have_successor {
                self.look_back().await?;
            }
            let unknown = deliveries.into_iter().filter(|delivery| !is_known(delivery));
            self.look_up(unknown.collect()).await
        };
        let extending = async {
            loop {
                sleep(self.options.lease / 4).await;
                for reply in &replies {
                    _ = self.nats.client().publish(reply.clone(), "+WPI".into()).await;
                }
            }
        };
        tokio::select! {
            decided = deciding => decided,
            () = extending => Ok(HashMap::new()),
        }
    }

    /// Finds out which events may have been delivered before, if a server may have taken over since
    /// the last time: up to the highest number that any node has seen.
    ///
    /// # Errors
    /// [`NatsError::Away`]: it is found out the next time.
    async fn look_back(&self) -> Result<(), NatsError> {
        let _looking = self.looking_back.lock().await;
        if !self.may_have_successor.load(Ordering::Acquire) {
            return Ok(());
        }
        let notes = self.read_notes().await?;
        let mut seen = self.leases.highest();
        for answer in join_all(notes.iter().map(|note| self.ask_other(note, HIGHEST))).await {
            let highest = answer?.and_then(|text| text.parse().ok());
            seen = seen.max(highest.unwrap_or(0));
        }
        self.leases.look_back_to(seen);
        self.may_have_successor.store(false, Ordering::Release);
        Ok(())
    }

    /// The server that leads may be another one from now on, which does not know of the last
    /// deliveries.
    pub(super) async fn note_successor(&self) {
        // After a look that is under way, which began before the change.
        let _looking = self.looking_back.lock().await;
        self.may_have_successor.store(true, Ordering::Release);
    }

    fn lease_or_bury(&self, attempts: Attempts) -> Verdict {
        let is_last = attempts.lost > 0 && attempts.failed >= self.options.attempts;
        if is_last { Verdict::Dead(attempts) } else { Verdict::Lease(attempts) }
    }

    /// Decides what becomes of events that this node did not give back last.
    ///
    /// # Errors
    /// [`NatsError::Away`]: nothing is decided.
    async fn look_up(&self, events: Vec<Delivery>) -> Result<HashMap<u64, Verdict>, NatsError> {
        let mut verdicts = HashMap::new();
        let read = futures::stream::iter(events).map(|event| async move {
            let attempts = self.read_attempts(event.id).await?;
            Ok::<_, NatsError>((event, attempts))
        });
        let mut open: Vec<_> = read.buffered(AT_ONCE).try_collect().await?;
        // The node that had it last has accounted for its attempt.
        open.retain(|(event, attempts)| {
            let is_accounted = attempts.upto + 1 >= event.count && event.count > 1;
            if is_accounted {
                verdicts.insert(event.id, self.lease_or_bury(*attempts));
            }
            !is_accounted
        });
        if open.is_empty() {
            return Ok(verdicts);
        }
        let question: String =
            open.iter().map(|(event, _)| format!("{} {}\n", event.id, event.stored)).collect();
        let notes = self.read_notes().await?;
        let answers = join_all(notes.iter().map(|note| self.ask_other(note, &question))).await;
        let answers = answers.into_iter().map(|answer| Ok(answer?.as_deref().map(said)));
        let answers = answers.collect::<Result<Vec<Answer>, NatsError>>()?;
        for (event, attempts) in open {
            let verdict = judge(&event, attempts, notes.iter().zip(&answers));
            let verdict = match verdict {
                Verdict::Lease(found) => {
                    if found != attempts {
                        self.write_attempts(event.id, found).await?;
                    }
                    self.lease_or_bury(found)
                }
                other => other,
            };
            verdicts.insert(event.id, verdict);
        }
        for (note, answer) in notes.into_iter().zip(answers) {
            if answer.is_none() {
                self.tidy(note).await;
            }
        }
        Ok(verdicts)
    }
}
