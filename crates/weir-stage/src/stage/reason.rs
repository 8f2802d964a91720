//! Exit reasons of stages and subscriptions, and how a consumer reacts to them.

use crate::clean;
use crate::dispatch::SubscribeError;

/// The exit reason of a stage or a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The source ran out and everything was delivered.
    Finished,
    /// Either side cancelled the subscription.
    Cancelled,
    /// The stage was asked to stop.
    Stopped,
    /// The stage decided in `init` not to run. A [supervisor](crate::supervise) does not
    /// restart it.
    Declined,
    /// The author's code reports a failure, in these words.
    Failed(String),
    /// The producer's dispatcher refused the subscription.
    Refused(SubscribeError),
    /// The author's code panicked, with this message.
    Panicked(String),
    /// The stage's task was aborted, so the stage could give no reason itself.
    Aborted,
}

impl Reason {
    /// Makes a failure from the author's words.
    pub fn failed(why: impl ToString) -> Self {
        Self::Failed(why.to_string())
    }

    /// Returns true for an orderly end. (GenStage: `normal` and `shutdown`.)
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Stopped | Self::Declined)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Stopped => f.write_str("stopped"),
            Self::Declined => f.write_str("declined to start"),
            Self::Failed(why) => f.write_str(&clean::line(why)),
            Self::Refused(error) => write!(f, "refused: {error}"),
            Self::Panicked(message) => write!(f, "panicked: {}", clean::line(message)),
            Self::Aborted => f.write_str("aborted"),
        }
    }
}

impl std::error::Error for Reason {}

/// How a consumer reacts when one of its subscriptions ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CancelMode {
    /// The consumer stops with the same reason, whatever it is.
    #[default]
    Permanent,
    /// The consumer stops, unless the end was orderly.
    Transient,
    /// The consumer continues, with its other producers or with none.
    Temporary,
    /// The consumer subscribes again if the producer failed and has a
    /// [reserved](super::ProducerRef::reserve) name, under which a successor may
    /// register. Otherwise it stops, as in `Permanent`, also if the subscription was
    /// refused or the consumer cancelled it. GenStage leaves this to the author.
    Resubscribe,
}

impl CancelMode {
    /// Returns true if a consumer with this mode stops when a subscription ends for
    /// `reason`.
    ///
    /// A refused second subscription to a broadcast never stops a consumer: the first
    /// one continues.
    pub fn stops_on(self, reason: &Reason) -> bool {
        if *reason == Reason::Refused(SubscribeError::AlreadySubscribed) {
            return false;
        }
        match self {
            Self::Permanent | Self::Resubscribe => true,
            Self::Transient => !reason.is_normal(),
            Self::Temporary => false,
        }
    }
}
