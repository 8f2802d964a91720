//! Numbers with a value, of which the oldest are forgotten.

use std::collections::{HashMap, VecDeque};

/// Numbers that are remembered.
const REMEMBERED: usize = 65_536;

/// Numbers with a value, at most 65,536.
#[derive(Debug)]
pub(super) struct Recent<T> {
    values: HashMap<u64, T>,
    order: VecDeque<u64>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Recent<T> {
    /// Remembers a value, in the place of one that the number had before.
    pub(super) fn insert(&mut self, id: u64, value: T) {
        if self.values.insert(id, value).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }

    /// Returns the value of a number.
    pub(super) fn get(&self, id: u64) -> Option<&T> {
        self.values.get(&id)
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
        assert_eq!((recent.get(0), recent.get(1)), (None, Some(&2)));
        assert_eq!(recent.order.len(), REMEMBERED);
    }
}
