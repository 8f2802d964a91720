//! I: the broadcast dispatcher.

use super::Rows;

/// Which test covers which row.
pub(super) const ROWS: Rows = &[];
