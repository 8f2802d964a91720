//! A: demand between a producer and a consumer.

use super::Rows;

/// Which test covers which row.
pub(super) const ROWS: Rows = &[];
