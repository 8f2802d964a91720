//! The settings of an output side, and the builder methods that set them.

use crate::buffer::Buffer;
use crate::stage::{Marker, ProducerRef};

/// Called with the number of events that the buffer had no room for. Returns true if
/// the overflow should also be logged.
pub(in super::super) type OnOverflow = Box<dyn FnMut(usize) -> bool + Send>;

/// Called with the events that an ended stage had not delivered.
pub(in super::super) type Rescue<T> = Box<dyn FnOnce(Vec<T>) + Send>;

pub(in super::super) struct OutputOptions<T, D> {
    pub(in super::super) dispatcher: D,
    pub(in super::super) buffer: Buffer<T, Marker>,
    pub(in super::super) reserved: Option<ProducerRef<T>>,
    pub(in super::super) on_overflow: Option<OnOverflow>,
    pub(in super::super) rescue: Option<Rescue<T>>,
    pub(in super::super) paused: bool,
    pub(in super::super) until_last_cancel: bool,
}

impl<T, D: Default> Default for OutputOptions<T, D> {
    fn default() -> Self {
        Self {
            dispatcher: D::default(),
            buffer: Buffer::default(),
            reserved: None,
            on_overflow: None,
            rescue: None,
            paused: false,
            until_last_cancel: false,
        }
    }
}

impl<T, D> OutputOptions<T, D> {
    /// Replaces the dispatcher, and so its type.
    pub(in super::super) fn dispatcher<E>(self, dispatcher: E) -> OutputOptions<T, E> {
        let Self { dispatcher: _, buffer, reserved, on_overflow, rescue, paused, until_last_cancel } = self;
        OutputOptions { dispatcher, buffer, reserved, on_overflow, rescue, paused, until_last_cancel }
    }
}

/// The builder methods that producers and producer-consumers have in common.
macro_rules! output_options {
    ($event:ty) => {
        /// Names the stage for logs, statuses and peers; the default is its kind.
        pub fn named(mut self, name: impl Into<std::sync::Arc<str>>) -> Self {
            self.name = Some(name.into());
            self
        }

        /// Registers the stage under a [reserved](crate::stage::ProducerRef::reserve)
        /// name: consumers that have subscribed there are connected. If another stage is
        /// registered and still running, the new one ends at once.
        pub fn register(mut self, reserved: &$crate::stage::ProducerRef<$event>) -> Self {
            self.output.reserved = Some(reserved.clone());
            self
        }

        /// Keeps events emitted beyond demand in `buffer`. The default is unbounded, so
        /// that no event is lost unless you choose a bound. (GenStage keeps the newest
        /// 10,000 in a producer.)
        pub fn buffer(mut self, buffer: $crate::buffer::Buffer<$event, $crate::stage::Marker>) -> Self {
            self.output.buffer = buffer;
            self
        }

        /// Calls `hook` with the number of events that the buffer had no room for, each
        /// time it overflows. The hook returns true if the overflow should also be
        /// logged. It must not block.
        pub fn on_overflow(mut self, hook: impl FnMut(usize) -> bool + Send + 'static) -> Self {
            self.output.on_overflow = Some(Box::new(hook));
            self
        }

        /// Calls `rescue` when the stage ends or is aborted, with the events that it had
        /// emitted but not delivered, oldest first, so that a successor can emit them. Without
        /// `rescue`, the stage drops these events. `rescue` must not block or panic.
        ///
        /// Events that the dispatcher itself keeps, as a partition dispatcher does, are
        /// dropped all the same.
        pub fn rescue(mut self, rescue: impl FnOnce(Vec<$event>) + Send + 'static) -> Self {
            self.output.rescue = Some(Box::new(rescue));
            self
        }

        /// Starts the stage [paused](crate::stage::ProducerRef::pause).
        pub fn paused(mut self) -> Self {
            self.output.paused = true;
            self
        }

        /// Stops the stage when its last consumer has left. Events that are buffered
        /// then are discarded, with a warning.
        pub fn until_last_cancel(mut self) -> Self {
            self.output.until_last_cancel = true;
            self
        }

        /// Calls `observer` when a subscription begins or ends. It must not block.
        pub fn observe(
            mut self,
            observer: impl Fn(&$crate::stage::SubscriptionChange<'_>) + Send + Sync + 'static,
        ) -> Self {
            self.observer = Some(std::sync::Arc::new(observer));
            self
        }
    };
}
pub(in super::super) use output_options;
