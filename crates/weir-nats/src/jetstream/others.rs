//! Asks the other nodes about an event that comes again.
//!
//! The server delivers an event again if it was given back, if its node was silent for a lease, and
//! if a server that takes over does not know of an answer or of a delivery. In the last case the
//! other node may still work on the event, or has finished it, so it is asked before the event is
//! handed out. A node that was lost does not answer. If its note has the event, that was an attempt.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::{Message, Subscriber};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::begun::Note;
use super::delivery::{Attempts, Delivery};
use super::inner::{AGAIN, Inner};
use super::verdict::{Answer, Verdict, judge};
use crate::connection::REQUEST;
use crate::trouble::NatsError;

/// Records of attempts that are read at once.
const AT_ONCE: usize = 16;
/// Asks for the events that a node has delayed.
const DELAYED: &str = "delayed";
/// Asks for the number of the message whose id follows.
const NUMBER: &str = "number ";
/// Delayed events of one answer, of about 100 bytes each.
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
            let text = match (&*question, question.strip_prefix(NUMBER)) {
                (_, Some(message)) => {
                    self.leases.number_of(message).map(|number| number.to_string()).unwrap_or_default()
                }
                (DELAYED, _) => self.give_delayed(),
                (events, _) => self.tell(events),
            };
            _ = self.nats.client().publish(reply, text.into()).await;
        }
    }

    /// Says what this node knows of some events.
    fn tell(&self, question: &str) -> String {
        let said = |line: &str| {
            let (id, message) = line.split_once(' ')?;
            Some((id.parse().ok()?, self.leases.said(message)?))
        };
        let events = question.lines().filter_map(said).collect();
        Answer { highest: self.leases.highest(), events }.text()
    }

    /// Hands over events that this node has delayed, so that the other node can purge them.
    fn give_delayed(&self) -> String {
        let delayed = self.leases.take_delayed(MOST_DELAYED);
        let line = |delivery: &Delivery| format!("{} {}\n", delivery.reply, delivery.message);
        delayed.iter().map(line).collect()
    }

    /// Takes the events that other nodes have delayed. Those of a node that does not answer come when
    /// their delay is over.
    pub(super) async fn take_delayed_elsewhere(&self) -> Result<Vec<Delivery>, NatsError> {
        let mut taken = Vec::new();
        for note in self.read_notes().await? {
            while let Some(answer) = self.ask_other(&note, DELAYED).await? {
                let before = taken.len();
                let delayed = answer.lines().filter_map(|line| line.split_once(' '));
                taken.extend(delayed.filter_map(|(reply, id)| Delivery::read(reply.into(), Some(id))));
                if taken.len() - before < MOST_DELAYED {
                    break;
                }
            }
        }
        Ok(taken)
    }

    /// Returns the number of a message that another node has had.
    pub(super) async fn number_elsewhere(&self, message: &str) -> Result<Option<u64>, NatsError> {
        for note in self.read_notes().await? {
            let answer = self.ask_other(&note, &format!("{NUMBER}{message}")).await?;
            if let Some(number) = answer.and_then(|number| number.parse().ok()) {
                return Ok(Some(number));
            }
        }
        Ok(None)
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

    /// Decides about those of some deliveries of which the server's count does not say enough. Their
    /// leases go on meanwhile.
    ///
    /// # Errors
    /// [`NatsError::Away`]: nothing is decided.
    pub(super) async fn decide(&self, deliveries: &[Delivery]) -> Result<HashMap<u64, Verdict>, NatsError> {
        let doubt = self.doubt.of(&self.nats, deliveries);
        let must_ask = |delivery: &&Delivery| self.leases.must_ask(delivery, doubt.is_some());
        let unknown: Vec<_> = deliveries.iter().filter(must_ask).cloned().collect();
        if unknown.is_empty() {
            return Ok(HashMap::new());
        }
        let extending = async {
            loop {
                sleep(self.options.lease / 4).await;
                for delivery in deliveries {
                    _ = self.nats.client().publish(delivery.reply.clone(), "+WPI".into()).await;
                }
            }
        };
        let verdicts = tokio::select! {
            decided = self.look_up(unknown, doubt.is_some()) => decided?,
            () = extending => HashMap::new(),
        };
        if let Some(signs) = doubt {
            self.doubt.follow_up(signs);
        }
        Ok(verdicts)
    }

    fn lease_or_bury(&self, attempts: Attempts, again: bool) -> Verdict {
        let is_last = attempts.lost > 0 && attempts.failed >= self.options.attempts;
        if is_last { Verdict::Dead(attempts) } else { Verdict::Lease { attempts, again } }
    }

    /// Decides what becomes of events, by their records and by what the other nodes say.
    ///
    /// # Errors
    /// [`NatsError::Away`]: nothing is decided.
    async fn look_up(
        &self,
        events: Vec<Delivery>,
        is_in_doubt: bool,
    ) -> Result<HashMap<u64, Verdict>, NatsError> {
        let question: String =
            events.iter().map(|event| format!("{} {}\n", event.id, event.message)).collect();
        let read = futures::stream::iter(events).map(|event| async move {
            let attempts = self.read_attempts(event.id).await?;
            Ok::<_, NatsError>((event, attempts))
        });
        // A server that was away and leads now may have stored the last messages twice.
        let last = async {
            let is_cluster = self.options.replicas > 1;
            if is_in_doubt && is_cluster { self.last_number().await } else { Ok(0) }
        };
        let read = read.buffered(AT_ONCE).try_collect::<Vec<_>>();
        let (events, notes, last) = tokio::try_join!(read, self.read_notes(), last)?;
        let answers = notes.iter().map(|note| self.ask_other(note, &question));
        let answers: Vec<Option<Answer>> = try_join_all(answers)
            .await?
            .into_iter()
            .map(|answer| answer.as_deref().map(Answer::read))
            .collect();
        let highest = notes.iter().zip(&answers).filter_map(|(note, answer)| match answer {
            Some(answer) => Some(answer.highest),
            None => note.begun.keys().next_back().copied(),
        });
        self.leases.ask_up_to(highest.max().unwrap_or(0).max(last));
        let mut verdicts = HashMap::new();
        for (event, attempts) in events {
            let verdict = match judge(&event, attempts, notes.iter().zip(&answers)) {
                Verdict::Lease { attempts: found, again } => {
                    if found != attempts {
                        self.write_attempts(event.id, found).await?;
                    }
                    self.lease_or_bury(found, again)
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
