//! The messages that both a room and its backup take.

/// Reads the state.
pub(super) struct Read<F>(pub(super) F);

/// Opens the stream for watchers, with the status as its first message.
pub(super) struct OpenAudience;
