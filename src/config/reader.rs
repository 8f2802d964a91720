//! Reads keys, and records where each was written.
//!
//! File and flags are flattened to dotted keys, and a later one replaces an earlier one.
//! [`Settings`](super::Settings) then takes the keys it knows, with their types and bounds;
//! the rest are unknown. All problems are collected, so that a user can fix them at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::bytes;
use super::kind::Kind;
use super::problem::{ConfigError, Problem};
use super::value::{EMPTY, Place, Value, Written, flatten};
use crate::clean;
use crate::duration;

/// Problems beyond this number are only counted.
const SHOWN: usize = 10;
/// The most host names of a list.
const MOST_HOSTS: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Reader {
    written: BTreeMap<String, Written>,
    /// The file's values of keys that a flag has replaced.
    replaced: BTreeMap<String, Option<Written>>,
    known: Vec<&'static str>,
    /// The kind of value that each known key takes, and its description in words.
    kinds: Vec<(Kind, String)>,
    problems: Vec<(Option<Place>, String)>,
    /// The file is not TOML.
    is_broken: bool,
}

impl Reader {
    /// Takes in the content of the file.
    pub(super) fn file(&mut self, text: &str) {
        let (document, errors) = DeTable::parse_recoverable(text);
        // The first only: after an unclosed quote or bracket the parser sees errors
        // in lines that are right.
        if let Some(error) = errors.first() {
            let span = error.span().unwrap_or_default();
            let place = Place::File { key: span.clone(), value: span };
            let message = format!("{} (a line is: key = value, with text in \"quotes\")", error.message());
            self.problems.push((Some(place), message));
            self.is_broken = true;
        }
        if self.is_broken {
            return;
        }
        flatten("", document.get_ref(), &mut |dotted, value, key, span| {
            let place = Place::File { key, value: span };
            self.written.insert(dotted, Written { value, place });
        });
    }

    /// Takes in the configuration in force, with each key as `key=value`. A text that is
    /// read later wins over it.
    pub(super) fn in_force(&mut self, settings: &[String]) {
        for (key, text) in settings.iter().filter_map(|setting| setting.split_once('=')) {
            let written = Written { value: (&Value::from_flag(text)).into(), place: Place::InForce };
            self.written.insert(key.to_owned(), written);
        }
    }

    /// The keys that the text has, each with its value's bytes, in the order of the text.
    pub(super) fn written_in_text(&self) -> Vec<(String, Range<usize>)> {
        let places = self.written.iter().filter_map(|(key, written)| match &written.place {
            Place::File { value, .. } if written.value != EMPTY => Some((key.clone(), value.clone())),
            _ => None,
        });
        let mut places: Vec<_> = places.collect();
        places.sort_by_key(|(_, span)| span.start);
        places
    }

    /// Every key that was asked for, with the kind of value it takes.
    pub(super) fn into_kinds(self) -> impl Iterator<Item = (&'static str, (Kind, String))> {
        self.known.into_iter().zip(self.kinds)
    }

    /// Takes in one `key=value`. The value is TOML, or else bare text.
    pub(super) fn flag(&mut self, flag: &str) {
        let place = Place::Flag(flag.to_owned());
        let Some((key, text)) = flag.split_once('=') else {
            let message = "expected key=value, such as consumers.concurrency=3";
            self.problems.push((Some(place), message.to_owned()));
            return;
        };
        let (key, value) = (key.trim(), Value::from_flag(text.trim()));
        match &value {
            DeValue::Table(table) => flatten(key, table, &mut |dotted, value, _, _| {
                self.write_flag(dotted, Written { value, place: place.clone() });
            }),
            single => self.write_flag(key.to_owned(), Written { value: single.into(), place }),
        }
    }

    fn write_flag(&mut self, key: String, written: Written) {
        let old = self.written.insert(key.clone(), written);
        // A second flag for the same key replaces the first, not the file.
        self.replaced.entry(key).or_insert(old);
    }

    /// The keys that flags have set, with their values in the file.
    pub(super) fn written_by_flag(&self) -> impl Iterator<Item = (&str, Option<&Written>)> {
        self.replaced.iter().map(|(key, old)| (key.as_str(), old.as_ref()))
    }

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, key: &'static str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let allowed = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let kind = Kind::Integer { min: *bounds.start(), max: *bounds.end() };
        self.take(key, kind, default, &allowed, |value| match value {
            Value::Integer(number) => u64::try_from(*number).ok().filter(|n| bounds.contains(n)),
            _ => None,
        })
    }

    /// A number within bounds.
    pub(super) fn number(&mut self, key: &'static str, default: f64, bounds: RangeInclusive<f64>) -> f64 {
        let allowed = format!("a number from {} to {}", bounds.start(), bounds.end());
        self.take(key, Kind::Number, default, &allowed, |value| {
            let number = match value {
                Value::Integer(number) => *number as f64,
                Value::Number(number) => *number,
                _ => return None,
            };
            bounds.contains(&number).then_some(number)
        })
    }

    /// A duration within bounds.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Duration {
        let (min, max) = (duration::format(*bounds.start()), duration::format(*bounds.end()));
        let allowed = format!("a duration from {min} to {max}, such as \"500ms\" or \"2s\"");
        self.take(key, Kind::Duration, default, &allowed, |value| {
            duration::parse(value.as_text()?).filter(|d| bounds.contains(d))
        })
    }

    /// A size in bytes within bounds: a whole number, or text with a unit.
    pub(super) fn bytes(&mut self, key: &'static str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let (min, max) = (bytes::format(*bounds.start()), bytes::format(*bounds.end()));
        let allowed = format!("a size from {min} to {max}, such as 65536, \"64KiB\" or \"1MiB\"");
        self.take(key, Kind::Text, default, &allowed, |value| {
            let size = match value {
                Value::Integer(number) => u64::try_from(*number).ok()?,
                value => bytes::parse(value.as_text()?)?,
            };
            bounds.contains(&size).then_some(size)
        })
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        self.take(key, Kind::Boolean, default, "true or false", |value| match value {
            Value::Boolean(yes) => Some(*yes),
            _ => None,
        })
    }

    /// One of a few words.
    pub(super) fn choice<C: Copy>(&mut self, key: &'static str, default: C, choices: &[(&str, C)]) -> C {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.choice_among(key, default, choices, &format!("one of {}", words.join(", ")))
    }

    /// One of a few words, with the allowed ones as a message names them.
    pub(super) fn choice_among<C: Copy>(
        &mut self,
        key: &'static str,
        default: C,
        choices: &[(&str, C)],
        allowed: &str,
    ) -> C {
        let kind = Kind::Choice { words: choices.iter().map(|(word, _)| (*word).to_owned()).collect() };
        self.take(key, kind, default, allowed, |value| {
            let found = value.as_text()?;
            choices.iter().find(|(word, _)| *word == found).map(|(_, choice)| *choice)
        })
    }

    /// Anything that a string can be parsed as.
    pub(super) fn parsed<V: std::str::FromStr>(
        &mut self,
        key: &'static str,
        default: V,
        allowed: &str,
    ) -> V {
        self.take(key, Kind::Text, default, allowed, |value| value.as_text()?.parse().ok())
    }

    /// The name of a node, or nothing. Names are parts of subjects and keys between nodes,
    /// where dots and spaces have a meaning of their own.
    pub(super) fn node(&mut self, key: &'static str) -> String {
        let allowed = "up to 64 letters, digits, - and _, such as \"left\"; \"\" for the address";
        let is_name = |name: &str| {
            name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        self.take(key, Kind::Text, String::new(), allowed, |value| {
            value.as_text().filter(|name| is_name(name)).map(ToOwned::to_owned)
        })
    }

    /// Host names: an array of text, or one text with commas between them.
    pub(super) fn hosts(&mut self, key: &'static str) -> Vec<String> {
        let allowed = format!(
            "up to {MOST_HOSTS} host names such as [\"weir.example\"], without scheme, port and path"
        );
        let is_host = |name: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
            (1..=253).contains(&name.len())
                && name.chars().all(known)
                && !name.ends_with(':')
                && (name.matches(':').count() != 1)
        };
        self.take(key, Kind::List, Vec::new(), &allowed, |value| {
            let names: Vec<String> = match value {
                Value::List(names) => names.clone(),
                Value::Text(text) if text.is_empty() => Vec::new(),
                Value::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
                _ => return None,
            };
            (names.len() <= MOST_HOSTS && names.iter().all(|name| is_host(name))).then_some(names)
        })
    }

    /// Whether a known key was written anywhere.
    pub(super) fn is_written(&self, key: &str) -> bool {
        self.written.contains_key(key)
    }

    /// Records a broken rule that involves several keys, at the last of `keys` that was
    /// written. A key already in force is not blamed for a change of another key.
    pub(super) fn blame(&mut self, keys: &[&str], message: impl Display) {
        let places = || keys.iter().rev().filter_map(|key| self.written.get(*key)).map(|w| &w.place);
        let place = places().find(|place| !matches!(place, Place::InForce)).or_else(|| places().next());
        self.problems.push((place.cloned(), message.to_string()));
    }

    /// Records a problem with one key, at its place.
    pub(super) fn refuse(&mut self, key: &str, message: String) {
        self.problems.push((self.written.get(key).map(|written| written.place.clone()), message));
    }

    fn take<V>(
        &mut self,
        key: &'static str,
        kind: Kind,
        default: V,
        allowed: &str,
        read: impl FnOnce(&Value) -> Option<V>,
    ) -> V {
        self.known.push(key);
        self.kinds.push((kind, allowed.to_owned()));
        let Some(written) = self.written.get(key) else { return default };
        read(&written.value).unwrap_or_else(|| {
            let message = format!("{key} = {}, expected {allowed}", written.value);
            self.problems.push((Some(written.place.clone()), message));
            default
        })
    }

    /// Returns the problems, in the order of the file and then of the flags. Syntax errors
    /// come alone, since they cause others.
    pub(super) fn finish(mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        if !self.is_broken {
            self.find_unknown();
        }
        self.problems.sort_by_key(|(place, _)| match place {
            Some(Place::File { value, .. }) => value.start,
            _ => usize::MAX,
        });
        let more = self.problems.len().saturating_sub(SHOWN);
        let mut problems: Vec<Problem> = self
            .problems
            .drain(..)
            .take(SHOWN)
            .map(|(place, message)| placed(name, text, place, message))
            .collect();
        if more > 0 {
            let message = format!("and {more} more problems");
            problems.push(Problem::elsewhere(clean::line(name).into_owned(), &message));
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(problems)) }
    }

    fn find_unknown(&mut self) {
        for (key, written) in &self.written {
            // An empty section is allowed if it is a known one.
            let known = self.known.contains(&key.as_str())
                || written.value == EMPTY && self.known.iter().any(|known| is_below(known, key));
            if known {
                continue;
            }
            let place = match written.place.clone() {
                Place::File { key, .. } => Place::File { key: key.clone(), value: key },
                elsewhere => elsewhere,
            };
            // Suggestions are costly, and problems beyond `SHOWN` are only counted.
            let message = match self.problems.len() {
                n if n < SHOWN => unknown(key, &self.known),
                _ => format!("unknown key {key}"),
            };
            self.problems.push((Some(place), message));
        }
    }
}

fn placed(name: &str, text: &str, place: Option<Place>, message: String) -> Problem {
    match place {
        Some(Place::File { value, .. }) => Problem::in_file(name, text, value, &message),
        Some(Place::Flag(flag)) => Problem::in_flag(&flag, &message),
        Some(Place::InForce) => Problem::elsewhere("in force".to_owned(), &message),
        None => Problem::elsewhere("configuration".to_owned(), &message),
    }
}

/// Whether `key` is `section` with something behind it.
fn is_below(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// The message for an unknown key, with a suggestion.
fn unknown(key: &str, known: &[&str]) -> String {
    let section = key.split('.').next().unwrap_or(key);
    let within: Vec<_> = known.iter().filter(|known| is_below(known, key)).collect();
    if !within.is_empty() {
        let keys: Vec<_> = within.iter().map(|k| &k[key.len() + 1..]).collect();
        return format!("{key} is a table with the keys {}", keys.join(", "));
    }
    // A key in the wrong section is as near as one that is misspelt.
    let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
    let misplaced = known.iter().find(|known| last(known) == last(key));
    // A key of kilobytes is not a misspelling, and takes long to compare.
    let near = known.iter().filter(|candidate| key.len() < 2 * candidate.len());
    let nearest = near.min_by_key(|candidate| distance(key, candidate));
    let hint = match misplaced.or(nearest.filter(|nearest| distance(key, nearest) <= 3)) {
        Some(meant) => format!(", did you mean {meant}?"),
        None => String::new(),
    };
    let siblings: Vec<_> = known.iter().filter(|k| k.split('.').next() == Some(section)).copied().collect();
    let allowed = if siblings.is_empty() { known.to_vec() } else { siblings };
    format!("unknown key {key}{hint}; allowed: {}", allowed.join(", "))
}

/// The number of insertions, deletions and replacements (Levenshtein, 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
