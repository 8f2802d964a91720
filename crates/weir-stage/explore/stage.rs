//! As much of the stages as a seat knows, and the seat.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

#[path = "../src/stage/seat.rs"]
mod seat;

mod mail {
    use tokio::sync::mpsc::UnboundedSender;

    pub(super) type ProducerMail<T> = UnboundedSender<T>;
    pub(super) type ConsumerMail<T> = UnboundedSender<ToConsumer<T>>;

    #[derive(Debug)]
    pub(super) enum ToConsumer<T> {
        Seated { slot: usize },
        Event(T),
    }
}

/// How an occupant leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// In good order.
    Finished,
    /// Without a word.
    Lost,
}

impl Reason {
    fn is_normal(&self) -> bool {
        *self == Self::Finished
    }
}

/// A vacant seat, handed around.
#[derive(Clone)]
pub struct Seat(Arc<seat::Seat<()>>);

/// Somebody who sits there.
pub struct Occupant(UnboundedSender<()>, UnboundedReceiver<()>);

/// What a consumer finds.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// Somebody sits there.
    Here,
    /// Nobody is expected.
    Gone,
}

impl Seat {
    /// With nobody there.
    pub fn vacant() -> Self {
        Self(Arc::new(seat::Seat::vacant("seat".into())))
    }

    /// Somebody sits down.
    pub fn take(&self) -> Occupant {
        let (mail, inbox) = unbounded_channel();
        assert!(self.0.take(mail.clone(), "someone".into()), "the seat was free");
        Occupant(mail, inbox)
    }

    /// Somebody leaves.
    pub fn leave(&self, Occupant(mail, inbox): Occupant, reason: Reason) {
        self.0.leave(&mail, &reason);
        drop(inbox);
    }

    /// Looks until it is known who is there: whoever has to wait is told when
    /// to look again.
    pub async fn find(&self) -> Found {
        let (me, mut mail) = unbounded_channel();
        loop {
            match self.0.find(&me, 7) {
                seat::Found::Here(_) => return Found::Here,
                seat::Found::Gone(_) => return Found::Gone,
                seat::Found::Later => match mail.recv().await {
                    Some(mail::ToConsumer::Seated { slot }) => assert_eq!(slot, 7),
                    other => panic!("not told, but {other:?}"),
                },
            }
        }
    }

    /// Completes when nobody is expected.
    pub async fn gone(&self) {
        self.0.gone().await;
    }
}
