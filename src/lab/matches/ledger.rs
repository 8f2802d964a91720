//! The ledger of a match over all lives of its dispatcher.

use std::sync::Arc;

use futures::FutureExt;

use super::snapshot::Ledger;
use super::{Life, LiveMatch, lock};
use crate::hub::Deliveries;

/// The accounts of lives that have ended, and what a reset has set to zero.
#[derive(Debug, Default)]
pub(super) struct Books {
    ended: Deliveries,
    before_reset: Deliveries,
}

impl LiveMatch {
    /// Returns the ledger since the last reset.
    pub(super) fn ledger(&self) -> Ledger {
        let mut books = lock(&self.books);
        let all = self.all_deliveries(&mut books);
        let zero = books.before_reset;
        Ledger {
            sent: all.sent - zero.sent,
            delivered: all.delivered - zero.delivered,
            behind: all.behind,
            dropped: all.dropped - zero.dropped,
            closed: all.closed - zero.closed,
            unaccounted: all.unaccounted(),
        }
    }

    /// Sets the ledger to zero. Deliveries that are behind stay.
    pub(super) fn reset_ledger(&self) {
        let mut books = lock(&self.books);
        let all = self.all_deliveries(&mut books);
        books.before_reset = Deliveries { sent: all.sent - all.behind, behind: 0, ..all };
    }

    /// Adds up all lives. Those that have ended move to the books.
    fn all_deliveries(&self, books: &mut Books) -> Deliveries {
        let mut lives = lock(&self.lives);
        let has_ended = |life: &mut Arc<Life>| {
            // The watchers that are left are closed after the hub's end.
            life.hub.ended().now_or_never().is_some() && life.hub.figures().watchers() == 0
        };
        for life in lives.extract_if(.., has_ended) {
            books.ended += life.hub.figures().deliveries();
        }
        let mut all = books.ended;
        for life in lives.iter() {
            all += life.hub.figures().deliveries();
        }
        all
    }
}
