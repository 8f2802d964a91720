//! One value for each mode, and its two forms in JSON.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

use super::Mode;

/// One value for each [`Mode`]: indexed by the mode, never by a position.
///
/// In JSON it is an object with the modes' names as keys. Where a compact form is
/// wanted, as for the points of a chart, [`by_mode::in_order`](in_order) writes an array
/// in the order of [`Mode::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ByMode<T> {
    /// The value for [`Mode::Serial`].
    pub serial: T,
    /// The value for [`Mode::Async`].
    #[serde(rename = "async")]
    pub asynchronous: T,
    /// The value for [`Mode::Pipelined`].
    pub pipelined: T,
}

impl<T> ByMode<T> {
    /// Calls `value` once for each mode.
    pub fn from_fn(mut value: impl FnMut(Mode) -> T) -> Self {
        Self {
            serial: value(Mode::Serial),
            asynchronous: value(Mode::Async),
            pipelined: value(Mode::Pipelined),
        }
    }

    /// Applies a function to each value.
    pub fn map<U>(self, mut function: impl FnMut(T) -> U) -> ByMode<U> {
        ByMode {
            serial: function(self.serial),
            asynchronous: function(self.asynchronous),
            pipelined: function(self.pipelined),
        }
    }

    /// Borrows each value.
    pub fn as_ref(&self) -> ByMode<&T> {
        ByMode::from_fn(|mode| &self[mode])
    }

    /// Each mode with its value, in the order of [`Mode::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Mode, &T)> {
        self.as_ref().into_iter()
    }

    /// Each mode with its value, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Mode, &mut T)> {
        let Self { serial, asynchronous, pipelined } = self;
        ByMode { serial, asynchronous, pipelined }.into_iter()
    }

    /// The values alone, in the order of [`Mode::ALL`].
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }
}

impl<T> IntoIterator for ByMode<T> {
    type Item = (Mode, T);
    type IntoIter = std::array::IntoIter<(Mode, T), 3>;

    fn into_iter(self) -> Self::IntoIter {
        let Self { serial, asynchronous, pipelined } = self;
        [(Mode::Serial, serial), (Mode::Async, asynchronous), (Mode::Pipelined, pipelined)].into_iter()
    }
}

impl<T> Index<Mode> for ByMode<T> {
    type Output = T;

    fn index(&self, mode: Mode) -> &T {
        match mode {
            Mode::Serial => &self.serial,
            Mode::Async => &self.asynchronous,
            Mode::Pipelined => &self.pipelined,
        }
    }
}

impl<T> IndexMut<Mode> for ByMode<T> {
    fn index_mut(&mut self, mode: Mode) -> &mut T {
        match mode {
            Mode::Serial => &mut self.serial,
            Mode::Async => &mut self.asynchronous,
            Mode::Pipelined => &mut self.pipelined,
        }
    }
}

/// Writes a [`ByMode`] as an array in the order of [`Mode::ALL`], for
/// `#[serde(with = "…")]`.
pub mod in_order {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::ByMode;

    /// Writes the three values as an array.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<T: Serialize, S: Serializer>(
        values: &ByMode<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.values())
    }

    /// Reads an array of three values.
    ///
    /// # Errors
    /// When the input is not an array of three such values.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ByMode<T>, D::Error> {
        let [serial, asynchronous, pipelined] = <[T; 3]>::deserialize(deserializer)?;
        Ok(ByMode { serial, asynchronous, pipelined })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Compact(#[serde(with = "in_order")] ByMode<u32>);

    #[test]
    fn each_mode_finds_its_own_value_however_it_is_asked_for() {
        let names = ByMode::from_fn(Mode::name);
        assert!(Mode::ALL.into_iter().all(|mode| names[mode] == mode.name()));
        assert!(names.iter().all(|(mode, name)| *name == mode.name()));
        assert!(names.into_iter().map(|(mode, _)| mode).eq(Mode::ALL));
        assert_eq!(names.map(str::len), ByMode { serial: 6, asynchronous: 5, pipelined: 9 });
    }

    #[test]
    fn a_change_of_one_mode_leaves_the_others_alone() {
        for changed in Mode::ALL {
            let mut counts = ByMode::<u32>::default();
            counts[changed] += 1;
            counts.iter_mut().for_each(|(mode, count)| *count += if mode == changed { 1 } else { 0 });
            assert!(counts.iter().all(|(mode, count)| *count == if mode == changed { 2 } else { 0 }));
        }
    }

    #[test]
    fn json_has_the_names_or_in_compact_form_the_order_of_the_modes() {
        let counts = ByMode { serial: 1, asynchronous: 2, pipelined: 3 };
        let named = r#"{"serial":1,"async":2,"pipelined":3}"#;
        assert_eq!(serde_json::to_string(&counts).unwrap(), named);
        assert_eq!(serde_json::from_str::<ByMode<u32>>(named).unwrap(), counts);
        assert_eq!(serde_json::to_string(&Compact(counts)).unwrap(), "[1,2,3]");
        assert_eq!(serde_json::from_str::<Compact>("[1,2,3]").unwrap(), Compact(counts));
    }
}
