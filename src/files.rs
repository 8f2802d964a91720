//! Reads files that users name, within bounds: only regular files, up to a size. Replaces the
//! content of such a file atomically.
//!
//! A pipe would make the reader wait for its writer, a device such as `/dev/zero`
//! has no end, and a file of some gigabytes fills the memory before a parser has
//! said a word.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
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

/// Replaces the content of a regular file atomically: a reader sees `old` or `new`, and a
/// power cut leaves one of them. Permissions stay. If the path is a symbolic link, its target
/// is replaced. Returns `false`, and leaves the file alone, if the content is not `old`.
///
/// # Errors
/// If the file or its folder is not writable, or the disk is full. The file is then as it
/// was.
pub fn replace(path: &Path, old: &[u8], new: &[u8]) -> io::Result<bool> {
    let is_old = |path: &Path| match read(path, old.len() as u64) {
        Ok(now) => Ok(now == old),
        // Another kind of file, or a longer one.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) => {
            Ok(false)
        }
        Err(error) => Err(error),
    };
    if !is_old(path)? {
        return Ok(false);
    }
    let path = fs::canonicalize(path)?;
    // A rename needs permission to write to the folder, not to the file.
    let permissions = OpenOptions::new().write(true).open(&path)?.metadata()?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", fastrand::u64(..)));
    let replaced = write_new(&beside, new)
        .and_then(|()| fs::set_permissions(&beside, permissions))
        .and_then(|()| Ok(is_old(&path)? && fs::rename(&beside, &path).map(|()| true)?));
    if !matches!(replaced, Ok(true)) {
        let _ = fs::remove_file(&beside);
    }
    // Makes the folder's entry survive a power cut, where the system supports it.
    let _ = path.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
    replaced
}

/// Creates a file. Returns `false`, and leaves the file alone, if it exists.
///
/// # Errors
/// If its folder is not writable, or the disk is full. No file is left then.
pub fn create(path: &Path, text: &[u8]) -> io::Result<bool> {
    match write_new(path, text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a file that does not exist yet, and syncs it to disk.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
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
