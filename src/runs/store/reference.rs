//! Finds the run that a reference means.

use super::names::LONGEST;
use super::{Listed, Store, StoreError};

impl Store {
    /// Returns the id of the run that a reference means: an id, a name, an unambiguous
    /// beginning of one, `last`, or `last~N` for the Nth before the last.
    ///
    /// # Errors
    /// [`StoreError::BadReference`], [`StoreError::NotFound`],
    /// [`StoreError::Ambiguous`], or a folder that cannot be read.
    pub fn find(&self, reference: &str) -> Result<String, StoreError> {
        if self.path(reference).is_ok_and(|path| path.is_file()) {
            return Ok(reference.to_owned());
        }
        check_reference(reference)?;
        let runs = self.list()?.runs;
        let not_found = || StoreError::NotFound { reference: reference.to_owned(), known: runs.len() };
        let back = match reference.strip_prefix("last") {
            Some("") => Some(0),
            Some(back) => back.strip_prefix('~').and_then(|n| n.parse::<usize>().ok()),
            None => None,
        };
        if let Some(back) = back {
            let run = runs.iter().rev().nth(back).ok_or_else(not_found)?;
            return Ok(run.id.clone());
        }
        let named = |run: &&Listed| run.name.as_deref() == Some(reference);
        let begins = |run: &&Listed| {
            let name = run.name.as_deref().unwrap_or_default();
            !reference.is_empty() && (run.id.starts_with(reference) || name.starts_with(reference))
        };
        let mut found: Vec<&Listed> = runs.iter().filter(named).collect();
        if found.is_empty() {
            found = runs.iter().filter(begins).collect();
        }
        match found.as_slice() {
            [] => Err(not_found()),
            [run] => Ok(run.id.clone()),
            several => {
                let candidate = |run: &&Listed| match &run.name {
                    Some(name) => format!("{} ({name})", run.id),
                    None => run.id.clone(),
                };
                let candidates = several.iter().map(candidate).collect();
                Err(StoreError::Ambiguous { reference: reference.to_owned(), candidates })
            }
        }
    }
}

/// Checks that the reference could be a run at all.
fn check_reference(reference: &str) -> Result<(), StoreError> {
    let length = (1..=LONGEST).contains(&reference.chars().count());
    let plain = !reference.contains(|c: char| c.is_control() || c == '/' || c == '\\');
    let folder = matches!(reference, "." | "..");
    let counted = reference.strip_prefix("last~").is_none_or(|back| back.parse::<usize>().is_ok());
    let good = length && plain && !folder && counted;
    good.then_some(()).ok_or_else(|| StoreError::BadReference(reference.to_owned()))
}
