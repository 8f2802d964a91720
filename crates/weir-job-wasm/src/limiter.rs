//! The memory that one job may have: all its memories and tables together.

use wasmi::ResourceLimiter;
use wasmi::errors::{MemoryError, TableError};
use wasmi_core::LimiterError;

use crate::probe;

/// Bytes that an element of a table counts as.
const ELEMENT_BYTES: usize = 16;

/// Counts the memory of a job's memories and tables, and refuses growth beyond the limit. A
/// refused growth ends the job: few programs can go on without the memory they asked for, and
/// an operator wants to see where it was asked for.
pub(crate) struct Limiter {
    limit: usize,
    used: usize,
    /// The latest growth that was allowed, until it is known to have succeeded.
    latest: usize,
    /// True once a growth was refused.
    has_refused: bool,
}

impl Limiter {
    /// A limiter for the job's own `limit` bytes; the rewriting's memory comes on top.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.saturating_add(probe::MEMORY_BYTES as usize);
        Self { limit, used: 0, latest: 0, has_refused: false }
    }

    /// Changes the limit. The job keeps the memory it already has.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.saturating_add(probe::MEMORY_BYTES as usize);
    }

    /// True once a growth was refused.
    pub(crate) fn has_refused(&self) -> bool {
        self.has_refused
    }

    fn grow(&mut self, more: usize) -> Result<bool, LimiterError> {
        match self.used.checked_add(more).filter(|used| *used <= self.limit) {
            Some(used) => {
                self.used = used;
                self.latest = more;
                Ok(true)
            }
            None => {
                self.has_refused = true;
                Err(LimiterError::ResourceLimiterDeniedAllocation)
            }
        }
    }

    /// Takes back the latest growth. The interpreter asks the limiter first and for fuel
    /// afterwards: a growth that is suspended there asks again when it is resumed.
    fn undo(&mut self) {
        debug_assert!(self.used >= self.latest, "more was taken back than was allowed");
        self.used = self.used.saturating_sub(self.latest);
        self.latest = 0;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The module's own maximum: the instruction returns -1, as in every engine.
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES))
    }

    fn memory_grow_failed(&mut self, _: &MemoryError) -> Result<(), LimiterError> {
        self.undo();
        Ok(())
    }

    fn table_grow_failed(&mut self, _: &TableError) -> Result<(), LimiterError> {
        self.undo();
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        usize::MAX
    }
}
