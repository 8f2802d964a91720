//! Finds server-sent events in the bytes of an HTTP body with chunks.
//!
//! A chunk may end anywhere in an event. Lines end with a line feed alone, as axum and Weir
//! write them.

use httparse::Status;

use super::frames::LONGEST;

/// A part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Chunk<'a> {
    /// Text of events.
    Text(&'a [u8]),
    /// The end of the body.
    Last,
}

/// Reads the chunk at the beginning of `bytes`. Returns it with its length, or `None` if it
/// is incomplete.
///
/// # Errors
/// What is wrong with it, in words for a table of reasons.
pub(in crate::load) fn next(bytes: &[u8]) -> Result<Option<(Chunk<'_>, usize)>, &'static str> {
    let (head, length) = match httparse::parse_chunk_size(bytes) {
        Ok(Status::Complete(found)) => found,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err("a chunk without a length"),
    };
    if length > LONGEST {
        return Err("a chunk that is too long");
    }
    let end = head + length as usize;
    let Some(after) = bytes.get(end..end + 2) else { return Ok(None) };
    if after != b"\r\n" {
        return Err("a chunk without its end");
    }
    let chunk = if length == 0 { Chunk::Last } else { Chunk::Text(&bytes[head..end]) };
    Ok(Some((chunk, end + 2)))
}

/// Calls `found` with the data of each complete event in `text`, and returns the length of
/// these events. Comments and events without data have none.
pub(super) fn each(text: &[u8], mut found: impl FnMut(&[u8])) -> usize {
    let mut done = 0;
    while let Some(length) = text[done..].windows(2).position(|pair| pair == b"\n\n") {
        let mut lines = text[done..done + length].split(|&byte| byte == b'\n').filter_map(data);
        if let Some(first) = lines.next() {
            match lines.next() {
                None => found(first),
                Some(second) => {
                    let mut joined = [first, second].join(&b'\n');
                    for line in lines {
                        joined.push(b'\n');
                        joined.extend_from_slice(line);
                    }
                    found(&joined);
                }
            }
        }
        done += length + 2;
    }
    done
}

fn data(line: &[u8]) -> Option<&[u8]> {
    let value = line.strip_prefix(b"data:")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<String>, usize) {
        let mut found = Vec::new();
        let done = each(text.as_bytes(), |data| found.push(String::from_utf8_lossy(data).into_owned()));
        (found, done)
    }

    #[test]
    fn the_data_of_complete_events_is_found() {
        let text = "retry: 1000\n\nid: 1\nevent: event\ndata: a\n\n: ping\n\ndata:b\ndata: c\ndata: d\n\ndata: e\n";
        let (found, done) = all(text);
        assert_eq!(found, ["a", "b\nc\nd"]);
        assert_eq!(&text[done..], "data: e\n");
        assert_eq!(all(""), (vec![], 0));
    }

    #[test]
    fn chunks_have_a_length_and_an_end() {
        assert_eq!(next(b"5\r\nhello\r\nrest"), Ok(Some((Chunk::Text(b"hello"), 10))));
        assert_eq!(next(b"0\r\n\r\n"), Ok(Some((Chunk::Last, 5))));
        for cut in ["", "5", "5\r", "5\r\nhel", "5\r\nhello", "5\r\nhello\r"] {
            assert_eq!(next(cut.as_bytes()), Ok(None), "{cut:?}");
        }
        assert!(next(b"x\r\n").is_err() && next(b"5\r\nhelloXX").is_err());
        assert!(next(b"FFFFF\r\n").is_err());
    }
}
