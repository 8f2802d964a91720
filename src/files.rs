//! Reads files that people name, within bounds: regular files only, up to a size.
//!
//! A pipe would make the reader wait for its writer, a device such as `/dev/zero`
//! has no end, and a file of some gigabytes fills the memory before a parser has
//! said a word.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Everything in a regular file of at most `largest` bytes.
///
/// # Errors
/// When it cannot be read, is not a regular file, or is larger.
pub fn read(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    // Asked before it is opened: to open a pipe is to wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    read_from(File::open(path)?, largest)
}

/// Like [`read`], for text in UTF-8.
///
/// # Errors
/// As for [`read`], and when it is not UTF-8.
pub fn read_text(path: &Path, largest: u64) -> io::Result<String> {
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8");
    String::from_utf8(read(path, largest)?).map_err(not_text)
}

/// Everything that a source has, up to `largest` bytes: of a pipe, such as standard
/// input, until its writers have closed it.
///
/// # Errors
/// When it cannot be read, or has more.
pub fn read_from(source: impl Read, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One more than allowed tells a source that is too large from one that just fits.
    source.take(largest.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is larger than {}", size(largest)),
        ));
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / 1024) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(read: io::Result<Vec<u8>>) -> String {
        read.unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_just_fits_is_read_and_a_larger_one_is_not() {
        let path = std::env::temp_dir().join(format!("weir-files-{}", std::process::id()));
        fs::write(&path, [b'x'; 1024]).unwrap();
        assert_eq!(read_text(&path, 1024).unwrap().len(), 1024);
        assert_eq!(says(read(&path, 1023)), "it is larger than 0 KiB");
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(says(read_text(&path, 9).map(String::into_bytes)), "it is not text in UTF-8");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_not_a_regular_file_is_not_opened() {
        for path in ["/", "/dev/zero", "/dev/null"] {
            assert_eq!(says(read(Path::new(path), 10)), "it is not a regular file", "{path}");
        }
    }

    #[test]
    fn an_endless_source_is_read_up_to_the_limit() {
        assert_eq!(says(read_from(io::repeat(1), 2 << 20)), "it is larger than 2 MiB");
        assert_eq!(read_from(&b"abc"[..], 3).unwrap(), b"abc");
    }
}
