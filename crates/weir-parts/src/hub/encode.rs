//! The encoder that an application provides: the bytes of an event, a snapshot and a gap.

use super::LeftReason;

/// Turns events into the bytes of frames. A framing (such as WebSocket or server-sent events)
/// is one implementation; all shards of the framing share it.
///
/// Each method appends one or more whole frames to `out`. The hub never looks inside them.
///
/// An implementation may panic: the shard is restarted, and its watchers are sent a gap for the
/// event that could not be encoded. A panic in [`gap`](Self::gap) closes the shard's watchers.
pub trait Encode<E>: Send + Sync + 'static {
    /// Appends the frame of event number `seq`. With [`Encoding::Each`](super::Encoding::Each)
    /// the same event must give the same bytes every time.
    fn event(&self, event: &E, seq: u64, out: &mut Vec<u8>);

    /// Appends the state that a newcomer needs before event number `next`. `last` is the event
    /// before it, or `None` if there was none.
    ///
    /// The snapshot is exact if it depends on these arguments alone. An event may carry the
    /// state after it in an `Arc`, for example. The shard calls this once per event, and sends
    /// the bytes to all watchers that join before the next event. The default appends nothing.
    fn snapshot(&self, last: Option<&E>, next: u64, out: &mut Vec<u8>) {
        let _ = (last, next, out);
    }

    /// Appends the frame that tells a watcher that it will not get the events `from..to`.
    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>);

    /// Appends the last frame, sent when the source has ended. The watchers are then closed.
    /// The default appends nothing.
    fn end(&self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// Appends the last frame of a watcher that the hub lets go of, before its sink is shut
    /// down. The hub writes it only to a watcher that is between two frames and was not closed
    /// with a last frame already, and only as far as the sink takes it at once. It runs while a
    /// failed shard unwinds too. The default appends nothing.
    fn last(&self, reason: LeftReason, out: &mut Vec<u8>) {
        let _ = (reason, out);
    }
}
