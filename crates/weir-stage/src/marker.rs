//! Notes that keep their place between events.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::clean;
use crate::panics;

/// Something to be done when everything that a stage emitted before it has been
/// dispatched: GenStage's `info` messages, as a closure.
///
/// It runs in the stage's task, so that nothing emitted later can overtake it,
/// and must not block. A panic in it is logged and harms nobody. A marker that
/// is dropped, because its stage has died, is never run.
pub struct Marker(Box<dyn FnOnce() + Send>);

impl Marker {
    /// A marker that does this.
    pub fn new(run: impl FnOnce() + Send + 'static) -> Self {
        Self(Box::new(run))
    }

    /// Runs it: its place has come.
    pub(crate) fn run(self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(self.0)) {
            log::error!("a marker panicked: {}", clean::line(&panics::message(&*panic)));
        }
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marker")
    }
}
