//! Values with the places they were written at.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A single value, no longer tied to the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Number(f64),
    Boolean(bool),
    /// An array of nothing but text.
    List(Vec<String>),
    /// What no key takes: another array, a date, an empty table. With its name.
    Other(&'static str),
}

/// A section with nothing in it.
pub(super) const EMPTY: Value = Value::Other("an empty table");

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) value: Value,
    pub(super) place: Place,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Bytes of the file: the key's and the value's.
    File { key: Range<usize>, value: Range<usize> },
    /// The flag as it was given.
    Flag(String),
    /// The configuration that a change starts from.
    InForce,
}

impl Value {
    /// Reads TOML, or else takes the text as it is.
    pub(super) fn from_flag(text: &str) -> DeValue<'_> {
        match DeValue::parse(text) {
            Ok(value) => value.into_inner(),
            Err(_) => DeValue::String(text.into()),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&DeValue<'_>> for Value {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .map_or(Self::Other("a number too large"), Self::Integer),
            DeValue::Float(number) => {
                number.as_str().parse().map_or(Self::Other("a number too large"), Self::Number)
            }
            DeValue::Boolean(yes) => Self::Boolean(*yes),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Self::Other("an array"), Self::List)
            }
            DeValue::Table(_) => EMPTY,
        }
    }
}

impl std::fmt::Display for Value {
    /// Writes the value as TOML.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Boolean(yes) => write!(f, "{yes}"),
            Self::List(texts) => write!(f, "{texts:?}"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Calls `found` with the dotted key, the value, the key's bytes and the value's,
/// for everything below `table` that is not itself a table.
pub(super) fn flatten(
    prefix: &str,
    table: &DeTable<'_>,
    found: &mut impl FnMut(String, Value, Range<usize>, Range<usize>),
) {
    for (key, value) in table {
        // A dot inside a quoted key is no path.
        let name = match key.get_ref() {
            name if name.contains('.') => format!("{name:?}"),
            name => name.to_string(),
        };
        let dotted = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(&dotted, inner, found),
            DeValue::Table(_) => found(dotted, EMPTY, key.span(), value.span()),
            single => found(dotted, single.into(), key.span(), value.span()),
        }
    }
}
