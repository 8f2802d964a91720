//! G: callbacks, cancel modes, errors.

use super::Rows;

/// Which test covers which row.
pub(super) const ROWS: Rows = &[];
