//! The registration of a producer, with as much of the stages as it needs.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

#[path = "../src/stage/registration.rs"]
mod registration;

mod mail {
    use tokio::sync::mpsc::UnboundedSender;

    pub(super) type ProducerMail<T> = UnboundedSender<T>;
    pub(super) type ConsumerMail<T> = UnboundedSender<ToConsumer<T>>;

    #[derive(Debug)]
    pub(super) enum ToConsumer<T> {
        Registered { slot: usize },
        Event(T),
    }
}

/// The exit reason of a registered stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// An orderly end.
    Finished,
    /// An abort.
    Aborted,
}

impl Reason {
    fn is_normal(&self) -> bool {
        *self == Self::Finished
    }
}

/// A reserved name; clones refer to the same one.
#[derive(Clone)]
pub struct Reserved(Arc<registration::Registration<()>>);

/// A stage that is registered under the name.
pub struct Registered(UnboundedSender<()>, UnboundedReceiver<()>);

/// The result of a lookup.
#[derive(Debug, PartialEq)]
pub enum Lookup {
    /// A stage is registered.
    Found,
    /// None is expected.
    Gone,
}

impl Reserved {
    /// Reserves a name.
    pub fn new() -> Self {
        Self(Arc::new(registration::Registration::reserved("name".into())))
    }

    /// Registers a stage.
    pub fn register(&self) -> Registered {
        let (mail, inbox) = unbounded_channel();
        assert!(self.0.register(mail.clone(), "stage".into()), "no other stage is registered");
        Registered(mail, inbox)
    }

    /// Ends a stage.
    pub fn unregister(&self, Registered(mail, inbox): Registered, reason: Reason) {
        self.0.unregister(&mail, &reason);
        drop(inbox);
    }

    /// Looks up the stage until the result is known, and waits for `Registered` before it
    /// looks again.
    pub async fn lookup(&self) -> Lookup {
        let (me, mut mail) = unbounded_channel();
        loop {
            match self.0.lookup(&me, 7) {
                registration::Lookup::Found(_) => return Lookup::Found,
                registration::Lookup::Gone(_) => return Lookup::Gone,
                registration::Lookup::Pending => match mail.recv().await {
                    Some(mail::ToConsumer::Registered { slot }) => assert_eq!(slot, 7),
                    other => panic!("expected `Registered`, found {other:?}"),
                },
            }
        }
    }

    /// Waits until no stage is expected.
    pub async fn gone(&self) {
        self.0.gone().await;
    }
}
