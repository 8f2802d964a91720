//! Keys with a value, of which the oldest are forgotten.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Keys that are remembered.
const REMEMBERED: usize = 65_536;

/// Keys with a value, at most 65,536.
#[derive(Debug)]
pub(super) struct Recent<K, T> {
    values: HashMap<K, T>,
    order: VecDeque<K>,
}

impl<K, T> Default for Recent<K, T> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, T> Recent<K, T> {
    /// Remembers a value, in the place of one that the key had before.
    pub(super) fn insert(&mut self, key: K, value: T) {
        if self.values.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }

    /// Returns the value of a key.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&T>
    where
        K: Borrow<Q>,
    {
        self.values.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let mut recent = Recent::default();
        for id in 0..=REMEMBERED as u64 {
            recent.insert(id, id);
            recent.insert(id, id + 1);
        }
        assert_eq!((recent.get(&0), recent.get(&1)), (None, Some(&2)));
        assert_eq!(recent.order.len(), REMEMBERED);
    }
}
