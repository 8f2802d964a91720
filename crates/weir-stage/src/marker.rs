//! Markers: closures that keep their place between events.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::clean;
use crate::panics;

/// A closure that runs when everything its stage emitted before it has been dispatched.
/// It does the work of GenStage's `info` messages.
///
/// It runs in the stage's task, so that no later event can overtake it, and must not
/// block. A panic in it is logged, and the stage continues. A stage that is aborted drops
/// its markers without running them.
pub struct Marker(Box<dyn FnOnce() + Send>);

impl Marker {
    /// Makes a marker that runs `run`.
    pub fn new(run: impl FnOnce() + Send + 'static) -> Self {
        Self(Box::new(run))
    }

    /// Runs the marker: everything before it has been dispatched.
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
