//! The versions of the code: the current one, and those before it.

use std::sync::Arc;

use tokio::time::Instant;

use crate::code::{Code, Compiled};

/// Earlier versions that are kept for [`Jobs::back`](crate::jobs::Jobs::back).
const KEPT: usize = 16;

/// A version of the code, as the history lists it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Version {
    /// Number of the version: 1 for the first code, one more for each swap.
    pub number: u32,
    /// When it last became the current version.
    pub since: Instant,
    /// The code.
    pub code: Code,
}

/// The current version and those that `back` can restore.
pub(crate) struct Versions {
    current: Version,
    /// The latest last.
    former: Vec<Version>,
    latest: u32,
}

impl Versions {
    pub(crate) fn new(code: Code) -> Self {
        let current = Version { number: 1, since: Instant::now(), code };
        Self { current, former: Vec::new(), latest: 1 }
    }

    /// Number and code that a new job runs.
    pub(crate) fn current(&self) -> (u32, Arc<Compiled>) {
        (self.current.number, Arc::clone(self.current.code.compiled()))
    }

    /// Makes new code the current version; returns its number.
    pub(crate) fn swap(&mut self, code: Code) -> u32 {
        self.latest += 1;
        let new = Version { number: self.latest, since: Instant::now(), code };
        self.former.push(std::mem::replace(&mut self.current, new));
        if self.former.len() > KEPT {
            self.former.remove(0);
        }
        self.latest
    }

    /// Makes the former version the current one again; returns its number.
    pub(crate) fn back(&mut self) -> Option<u32> {
        let former = self.former.pop()?;
        self.current = Version { since: Instant::now(), ..former };
        Some(self.current.number)
    }

    /// The current version first, then the one before it, and so on.
    pub(crate) fn history(&self) -> Vec<Version> {
        std::iter::once(&self.current).chain(self.former.iter().rev()).cloned().collect()
    }
}
