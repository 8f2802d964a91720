//! The users of a match: names, each with a number of watchers. The last watcher of a user
//! that leaves removes the name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::lock;

/// The users that watch.
#[derive(Debug, Default)]
pub(super) struct Users(Mutex<HashMap<Arc<str>, u32>>);

/// One watcher of a user. Dropping it takes the watcher off the user's account.
#[derive(Debug)]
pub(super) struct UserPlace {
    users: Arc<Users>,
    name: Arc<str>,
}

impl Users {
    /// Adds a watcher to a user.
    pub(super) fn enter(self: &Arc<Self>, name: &str) -> UserPlace {
        let mut users = lock(&self.0);
        let name = match users.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(name),
        };
        *users.entry(Arc::clone(&name)).or_insert(0) += 1;
        drop(users);
        UserPlace { users: Arc::clone(self), name }
    }

    /// Returns the number of users.
    pub(super) fn count(&self) -> u64 {
        lock(&self.0).len() as u64
    }
}

impl UserPlace {
    /// Returns the user's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for UserPlace {
    fn drop(&mut self) {
        let mut users = lock(&self.users.0);
        let Some(watchers) = users.get_mut(&self.name) else { return };
        *watchers -= 1;
        if *watchers == 0 {
            users.remove(&self.name);
        }
        // A storm of leaves gives the table's memory back.
        if users.len() * 4 < users.capacity() && users.capacity() > 1_000 {
            users.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_watcher_of_a_user_removes_the_user() {
        let users = Arc::<Users>::default();
        let (first, second, other) = (users.enter("ada"), users.enter("ada"), users.enter("ben"));
        assert_eq!((users.count(), first.name()), (2, "ada"));
        drop(first);
        assert_eq!(users.count(), 2);
        drop(second);
        assert_eq!(users.count(), 1);
        drop(other);
        assert_eq!(users.count(), 0);
    }
}
