//! H: the demand dispatcher.

use super::Rows;

/// Which test covers which row.
pub(super) const ROWS: Rows = &[];
