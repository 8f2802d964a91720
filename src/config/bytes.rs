//! Sizes in bytes as people write them: `65536`, `"64KiB"`, `"1MiB"`.

/// The units, the largest first. All are powers of 1024.
const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Reads a whole number of bytes, KiB, MiB or GiB. `None` for anything else.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = UNITS.into_iter().find_map(|(name, bytes)| Some((text.strip_suffix(name)?, bytes)));
    let (number, bytes) = unit.unwrap_or_else(|| (text.strip_suffix('B').unwrap_or(text), 1));
    let number = number.trim_end();
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { number.parse::<u64>().ok()?.checked_mul(bytes) } else { None }
}

/// Writes a size in the largest unit that needs no fraction.
pub(super) fn format(bytes: u64) -> String {
    let unit = UNITS.into_iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| bytes.to_string(), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// Writes a size as text, such as `"1MiB"`.
pub(super) fn serialize<S: serde::Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65_536),
            ("7B", 7),
            ("64KiB", 65_536),
            (" 1 MiB ", 1 << 20),
            ("4GiB", 1 << 32),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text:?}");
        }
        for text in ["", "KiB", "1.5MiB", "-1", "+1", "1MB", "1kb", "99999999999GiB", "1 MiB MiB"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_size_that_is_written_reads_as_the_same_size() {
        for bytes in [0, 1, 1023, 1024, 1025, 65_536, 1 << 20, (1 << 20) + 1024, 1 << 32] {
            assert_eq!(parse(&format(bytes)), Some(bytes));
        }
        assert_eq!([1 << 20, 1536, 1025].map(format), ["1MiB", "1536", "1025"]);
    }
}
