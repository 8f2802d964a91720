//! Marks: what was changed when, in the history and in the run that is being recorded.

use super::Workbench;
use crate::record::{Mark, MarkKind};

impl Workbench {
    /// Notes that something was changed now.
    pub(super) fn mark(&self, kind: MarkKind, text: &str) {
        let now = self.bench.clock.now();
        let mark = Mark { t: now.as_secs(), kind, text: text.to_owned() };
        let mut sampler = self.sampler();
        sampler.recorder.mark(now, kind, text);
        sampler.recent.mark(mark);
    }
}
