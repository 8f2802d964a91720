//! The side of a message's cell that the reply goes to.

/// Something that takes one reply.
pub(super) trait Slot<R>: Send + Sync {
    /// Takes the reply.
    fn answer(&self, reply: R);

    /// Notes that no reply will come.
    fn let_go(&self);

    /// Returns true while the caller waits.
    fn is_awaited(&self) -> bool;
}
