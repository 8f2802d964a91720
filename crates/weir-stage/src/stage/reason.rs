//! Why stages and subscriptions end, and what their peers make of it.

use crate::clean;
use crate::dispatch::SubscribeError;

/// Why a stage or a subscription ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The source ran out and everything was delivered.
    Finished,
    /// The subscription was cancelled, by either side.
    Cancelled,
    /// The stage was told to stop.
    Stopped,
    /// The stage did not want to start. A [supervisor](crate::supervise) leaves
    /// it at that.
    Declined,
    /// The author's code says so, in these words.
    Failed(String),
    /// The producer's dispatcher did not take the subscription.
    Refused(SubscribeError),
    /// The author's code panicked; with the message.
    Panicked(String),
    /// The stage went without a word: its task was aborted.
    Lost,
}

impl Reason {
    /// A failure in the author's words.
    pub fn failed(why: impl ToString) -> Self {
        Self::Failed(why.to_string())
    }

    /// Whether this is an orderly end. (GenStage: `normal` and `shutdown`.)
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
            Self::Lost => f.write_str("lost: its task was aborted"),
        }
    }
}

impl std::error::Error for Reason {}

/// What a consumer does when a subscription of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CancelMode {
    /// Stop with the same reason, whatever it is.
    #[default]
    Permanent,
    /// Stop unless it was an orderly end.
    Transient,
    /// Go on, with the other producers or none.
    Temporary,
    /// Subscribe again if the producer failed and will be
    /// [back](super::ProducerRef::vacant); otherwise as `Permanent`, also when it
    /// is refused, or cancelled by the consumer itself. GenStage leaves this to
    /// the author.
    Resubscribe,
}

impl CancelMode {
    /// Whether a consumer with this mode stops when a subscription ends so.
    ///
    /// A second subscription to a broadcast is no reason to stop in any mode:
    /// the first one goes on.
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
