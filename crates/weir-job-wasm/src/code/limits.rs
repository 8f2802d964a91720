//! Limits on the items of a module. They bound the work that cannot be metered: the time to
//! compile a module, to make an instance, and to zero the locals of a call.

use std::ops::Range;

use wasmparser::FunctionBody;

use crate::code::error::CodeError;
use crate::code::outline::Fault;

/// A limit on a number of things in a module.
pub(crate) struct Limit {
    what: &'static str,
    limit: u64,
}

pub(crate) const FUNCTIONS: Limit = Limit { what: "functions", limit: 10_000 };
pub(crate) const GLOBALS: Limit = Limit { what: "globals", limit: 1_000 };
pub(crate) const MEMORIES: Limit = Limit { what: "memories", limit: 16 };
pub(crate) const TABLES: Limit = Limit { what: "tables", limit: 16 };
pub(crate) const LOCALS: Limit = Limit { what: "locals", limit: 1_000 };
pub(crate) const PARAMETERS: Limit = Limit { what: "parameters or results", limit: 64 };

impl Limit {
    /// Checks a number that belongs to a section.
    pub(crate) fn check(&self, found: u32, section: Range<usize>) -> Result<(), Fault> {
        self.check_at(u64::from(found), None, section.start)
    }

    /// Checks a number that belongs to a function.
    pub(crate) fn check_function(
        &self,
        found: u64,
        index: usize,
        body: &FunctionBody<'_>,
    ) -> Result<(), Fault> {
        self.check_at(found, Some(index), body.range().start)
    }

    fn check_at(&self, found: u64, function: Option<usize>, offset: usize) -> Result<(), Fault> {
        if found <= self.limit {
            return Ok(());
        }
        let Self { what, limit } = *self;
        let error = Box::new(move |at| CodeError::Limit { at, what, found, limit });
        Err(Fault { function, offset: Some(offset), error })
    }
}
