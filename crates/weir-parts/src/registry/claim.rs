//! A claim: the right to a name, which ends when it is dropped.

use std::fmt;
use std::sync::{Arc, Weak};

use super::table::Table;

/// The right to a name. Dropping it gives the name back.
pub struct Claim<T: Clone> {
    pub(super) table: Weak<Table<T>>,
    pub(super) name: Arc<str>,
    pub(super) generation: u64,
}

impl<T: Clone> Claim<T> {
    /// Returns the name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns the generation, greater than that of every earlier claim of the registry.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl<T: Clone> Drop for Claim<T> {
    fn drop(&mut self) {
        if let Some(table) = self.table.upgrade() {
            table.release(&self.name, self.generation);
        }
    }
}

impl<T: Clone> fmt::Debug for Claim<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("name", &self.name).field("generation", &self.generation).finish()
    }
}
