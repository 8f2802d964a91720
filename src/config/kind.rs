//! The kinds of values that keys take.

use serde::Serialize;

/// The kind of value that a key takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// A whole number.
    Integer {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A number.
    Number,
    /// A duration, such as `"500ms"`.
    Duration,
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    Choice {
        /// The words.
        words: Vec<String>,
    },
    /// Text.
    Text,
    /// An array of text.
    List,
}
