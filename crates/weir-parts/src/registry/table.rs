//! The table of a registry: names, their places, and the generation of each claim.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::error::ClaimError;

/// Where the owner of a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<T> {
    /// The place that the owner has given.
    pub value: T,
    /// The generation of its claim.
    pub generation: u64,
}

pub(super) struct Table<T>(RwLock<Entries<T>>);

struct Entries<T> {
    places: HashMap<Arc<str>, Place<T>>,
    /// The generation of the last claim of any name. One counter for all names, so that a name
    /// that is released leaves nothing behind.
    last: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(RwLock::new(Entries { places: HashMap::new(), last: 0 }))
    }
}

impl<T: Clone> Table<T> {
    fn read(&self) -> RwLockReadGuard<'_, Entries<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries<T>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a name, and returns its generation.
    ///
    /// # Errors
    /// [`ClaimError::Taken`] if it has an owner, and [`ClaimError::Full`].
    pub(super) fn take(&self, name: &Arc<str>, value: T, most: usize) -> Result<u64, ClaimError> {
        let mut entries = self.write();
        if let Some(Place { generation, .. }) = entries.places.get(name) {
            return Err(ClaimError::Taken { generation: *generation });
        }
        if entries.places.len() >= most {
            return Err(ClaimError::Full { most });
        }
        entries.last += 1;
        let generation = entries.last;
        entries.places.insert(Arc::clone(name), Place { value, generation });
        Ok(generation)
    }

    /// Removes a name, unless it has a later owner.
    pub(super) fn release(&self, name: &str, generation: u64) {
        let mut entries = self.write();
        let is_own = entries.places.get(name).is_some_and(|place| place.generation == generation);
        let released = if is_own { entries.places.remove(name) } else { None };
        drop(entries);
        // Dropped without the lock, because the owner's own drop may look something up.
        drop(released);
    }

    pub(super) fn get(&self, name: &str) -> Option<Place<T>> {
        self.read().places.get(name).cloned()
    }

    pub(super) fn list(&self) -> Vec<(Arc<str>, Place<T>)> {
        let places = self.read();
        let mut list: Vec<_> =
            places.places.iter().map(|(name, place)| (Arc::clone(name), place.clone())).collect();
        drop(places);
        list.sort_by(|a, b| a.0.cmp(&b.0));
        list
    }

    pub(super) fn len(&self) -> usize {
        self.read().places.len()
    }
}
