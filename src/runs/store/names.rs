//! The ids and names of runs.

use std::time::SystemTime;

use super::StoreError;
use crate::record::{Origin, date};

/// The longest id or name, in characters.
pub(super) const LONGEST: usize = 80;

/// Returns the id of a run that began at that moment, such as `2026-11-21-053505-serial`:
/// sorted by time, and readable.
pub fn id_for(began: SystemTime, target: &str, origin: Origin) -> String {
    let when = date(began).replace('T', "-").replace([':', 'Z'], "");
    let target = target.split_once("://").map_or(target, |(_, rest)| rest);
    let path = target.split_once('/').map(|(_, path)| path.split('?').next().unwrap_or(path));
    let what = path.filter(|path| !path.trim_matches('/').is_empty()).unwrap_or(target);
    let words = what.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let what: String = words.join("-").chars().take(30).collect();
    let how = match origin {
        Origin::Recorded | Origin::Load => "",
        Origin::Kept => "kept",
        Origin::Simulated => "simulated",
        Origin::Predicted => "predicted",
        Origin::Ab => "ab",
        Origin::Bombardier => "bombardier",
        Origin::Hey => "hey",
        Origin::Oha => "oha",
        Origin::Wrk => "wrk",
    };
    [when.as_str(), &what, how].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Checks that a run can have this name.
///
/// # Errors
/// [`StoreError::BadName`].
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let length = (1..=LONGEST).contains(&name.chars().count());
    let plain = !name.contains(|c: char| c.is_control() || c == '/' || c == '\\') && name.trim() == name;
    let known = name == "last" || name.starts_with("last~");
    (length && plain && !known).then_some(()).ok_or_else(|| StoreError::BadName(name.to_owned()))
}

pub(super) fn is_id(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    id.len() <= LONGEST && id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.bytes().all(allowed)
}
