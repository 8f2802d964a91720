//! What can be set of a stage's producing side before it is spawned.

use super::{Marker, ProducerRef};
use crate::buffer::Buffer;

/// Asked when the buffer had no room for some events; answers whether that is
/// also to be logged.
pub(super) type OnOverflow = Box<dyn FnMut(usize) -> bool + Send>;

/// What can be set of a producing side before it is spawned.
pub(super) struct Front<T, D> {
    pub(super) dispatcher: D,
    pub(super) buffer: Buffer<T, Marker>,
    pub(super) seat: Option<ProducerRef<T>>,
    pub(super) on_overflow: Option<OnOverflow>,
    pub(super) paused: bool,
    pub(super) until_last_cancel: bool,
}

impl<T, D: Default> Default for Front<T, D> {
    fn default() -> Self {
        Self {
            dispatcher: D::default(),
            buffer: Buffer::default(),
            seat: None,
            on_overflow: None,
            paused: false,
            until_last_cancel: false,
        }
    }
}

impl<T, D> Front<T, D> {
    /// The same with another dispatcher.
    pub(super) fn dispatcher<E>(self, dispatcher: E) -> Front<T, E> {
        let Self { dispatcher: _, buffer, seat, on_overflow, paused, until_last_cancel } = self;
        Front { dispatcher, buffer, seat, on_overflow, paused, until_last_cancel }
    }
}

/// What can be set of both kinds of stage that produce: written once, as they
/// differ in what they do and not in how they deliver.
macro_rules! producing_side {
    ($event:ty) => {
        /// A name for logs, statuses and peers; by default the kind of the stage.
        pub fn named(mut self, name: impl Into<std::sync::Arc<str>>) -> Self {
            self.name = Some(name.into());
            self
        }

        /// Takes a [vacant](crate::stage::ProducerRef::vacant) seat: whoever has subscribed
        /// there is connected. If a living stage has it, the new one ends at once.
        pub fn at(mut self, seat: &$crate::stage::ProducerRef<$event>) -> Self {
            self.front.seat = Some(seat.clone());
            self
        }

        /// Keeps events that were emitted beyond demand in `buffer`; by default
        /// one without a bound, as nothing is to be lost unless somebody says so.
        /// (GenStage: the newest 10,000 in a producer.)
        pub fn buffer(mut self, buffer: $crate::buffer::Buffer<$event, $crate::stage::Marker>) -> Self {
            self.front.buffer = buffer;
            self
        }

        /// Called with the number of events that the buffer had no room for, each
        /// time that happens. Answers whether it is to be logged too. Must not
        /// block.
        pub fn on_overflow(mut self, hook: impl FnMut(usize) -> bool + Send + 'static) -> Self {
            self.front.on_overflow = Some(Box::new(hook));
            self
        }

        /// Starts [paused](crate::stage::ProducerRef::pause).
        pub fn paused(mut self) -> Self {
            self.front.paused = true;
            self
        }

        /// Stops when the last of its consumers has left. What is buffered then
        /// is discarded, with a warning.
        pub fn until_last_cancel(mut self) -> Self {
            self.front.until_last_cancel = true;
            self
        }

        /// Called when a subscription begins or ends. Must not block.
        pub fn observe(
            mut self,
            observer: impl Fn(&$crate::stage::Notice<'_>) + Send + Sync + 'static,
        ) -> Self {
            self.observer = Some(std::sync::Arc::new(observer));
            self
        }
    };
}
pub(super) use producing_side;
