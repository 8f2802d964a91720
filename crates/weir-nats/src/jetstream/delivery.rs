//! A delivery of an event, and what has become of the deliveries before it.

use std::sync::Arc;

use async_nats::{HeaderMap, Message, Subject};

/// The header in which a message carries its id.
pub(super) const MESSAGE_ID: &str = "Nats-Msg-Id";
/// The header of a message that was sent before, without an answer.
pub(super) const SENT_BEFORE: &str = "Weir-Sent-Before";

/// A delivery of an event, as its reply subject describes it.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) reply: Subject,
    /// The number of the event in the stream.
    pub(super) id: u64,
    /// The deliveries of this event, this one included. That it is 1 does not prove that there was
    /// none before; see `doubt`.
    pub(super) count: u64,
    /// The number of this delivery among all.
    pub(super) nth: u64,
    /// The id of the message, which two copies of it share.
    pub(super) message: Arc<str>,
    /// The message was sent before, so that the stream may have another copy of it.
    pub(super) was_sent_before: bool,
}

impl Delivery {
    /// Reads the delivery of a message.
    pub(super) fn of(message: &Message) -> Option<Self> {
        let header = |name| message.headers.as_ref().and_then(|headers: &HeaderMap| headers.get(name));
        let delivery = Self::read(message.reply.clone()?, header(MESSAGE_ID).map(|id| id.as_str()))?;
        Some(Self { was_sent_before: header(SENT_BEFORE).is_some(), ..delivery })
    }

    /// Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<number>.<delivery>.<stored>.…`, or the longer
    /// form of later servers with a domain and an account before the stream. A message without an id
    /// counts as named by the time at which it was stored.
    pub(super) fn read(reply: Subject, message: Option<&str>) -> Option<Self> {
        let mut parts = reply.strip_prefix("$JS.ACK.")?.split('.');
        let skipped = if parts.clone().count() >= 9 { 4 } else { 2 };
        let count = parts.nth(skipped)?.parse().ok()?;
        let id = parts.next()?.parse().ok()?;
        let nth = parts.next()?.parse().ok()?;
        let message = message.or(parts.next())?.into();
        Some(Self { reply, id, count, nth, message, was_sent_before: false })
    }
}

/// The attempts of an event that have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Attempts {
    /// All of them.
    pub(super) failed: u32,
    /// Those whose node was lost.
    pub(super) lost: u32,
    /// The last delivery that this record accounts for; 0 if nothing is recorded.
    pub(super) upto: u64,
}

impl Attempts {
    /// Reads what [`text`](Self::text) has written. Anything else counts as no attempt.
    pub(super) fn read(text: &str) -> Self {
        let mut numbers = text.split(' ');
        let mut next = || numbers.next()?.parse::<u64>().ok();
        let (failed, upto, lost) = (next(), next(), next());
        let small = |number: Option<u64>| number.and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
        Self { failed: small(failed), lost: small(lost), upto: upto.unwrap_or(0) }
    }

    /// Returns the text of the record: failed attempts, the last delivery, lost nodes.
    pub(super) fn text(self) -> String {
        let Self { failed, lost, upto } = self;
        format!("{failed} {upto} {lost}")
    }

    /// Returns the record after one more failed attempt, which ended the delivery `count`.
    pub(super) fn failed_once_more(self, count: u64) -> Self {
        Self { failed: self.failed.saturating_add(1), upto: count, ..self }
    }

    /// Returns the record after the loss of `nodes` that worked on the event.
    pub(super) fn lost_with(self, nodes: u32, upto: u64) -> Self {
        let (failed, lost) = (self.failed.saturating_add(nodes), self.lost.saturating_add(nodes));
        Self { failed, lost, upto }
    }

    /// Says why the event is a dead letter if its last attempt ended with its node.
    pub(super) fn why_lost(self) -> String {
        match self.lost {
            0 | 1 => "its node was lost while it worked on it".to_owned(),
            lost => format!("its node was lost {lost} times while it worked on it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_names_the_event_its_deliveries_and_when_it_was_stored() {
        let short = "$JS.ACK.weir.workers.2.7.9.1796084797517380145.2";
        let long = "$JS.ACK._.hash.weir.workers.2.7.9.1796084797517380145.2.x";
        for reply in [short, long] {
            let delivery = Delivery::read(reply.into(), None).unwrap();
            assert_eq!((delivery.id, delivery.count, delivery.nth), (7, 2, 9));
            assert_eq!(&*delivery.message, "1796084797517380145", "without an id");
            assert_eq!(&*Delivery::read(reply.into(), Some("x-3")).unwrap().message, "x-3");
        }
        assert!(Delivery::read("_INBOX.7".into(), None).is_none());
    }

    #[test]
    fn a_record_of_attempts_is_read_as_it_was_written() {
        let record = Attempts::default().failed_once_more(1).lost_with(2, 4);
        assert_eq!(record, Attempts { failed: 3, lost: 2, upto: 4 });
        assert_eq!(Attempts::read(&record.text()), record);
        assert_eq!(Attempts::read("2"), Attempts { failed: 2, lost: 0, upto: 0 });
        assert_eq!(Attempts::read(""), Attempts::default());
        assert_eq!(record.why_lost(), "its node was lost 2 times while it worked on it");
    }
}
