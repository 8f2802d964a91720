//! B: stages that consume and produce.

use super::Rows;

/// Which test covers which row.
pub(super) const ROWS: Rows = &[];
