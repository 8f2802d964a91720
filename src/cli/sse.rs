//! Reads server-sent events from a stream of bytes.
//!
//! Only what a server of Weir sends is read: lines that end with a line feed, and the fields
//! `id`, `event` and `data`. Comments are skipped.

/// The longest line and the longest event, in bytes.
const LONGEST: usize = 1 << 20;

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SentEvent {
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) data: String,
}

/// An event or a line is longer than the reader allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// The bytes that have not made an event yet.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    event: SentEvent,
}

impl Reader {
    /// Takes bytes in, and returns the events that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<SentEvent>, TooLong> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() + self.event.data.len() > LONGEST {
                return Err(TooLong);
            }
            if self.line.pop_if(|last| *last == b'\n').is_some() {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                events.extend(self.line(line.trim_end_matches('\r')));
            }
        }
        Ok(events)
    }

    /// Takes a line in, and returns the event that it completes.
    fn line(&mut self, line: &str) -> Option<SentEvent> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (!event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, kind: &str, data: &str) -> SentEvent {
        SentEvent { id: id.map(str::to_owned), kind: kind.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_read_however_their_bytes_are_split() {
        let bytes = "retry: 1000\n\n: ping\n\nid: 16\nevent: snapshot\ndata: {\"a\":1}\n\n\
                     event: end\r\ndata:x\r\ndata: ü\r\n\r\nid: 3\ndata: unfinished\n"
            .as_bytes();
        let expected = [event(Some("16"), "snapshot", "{\"a\":1}"), event(None, "end", "x\nü")];
        for size in 1..=bytes.len() {
            let mut reader = Reader::default();
            let found: Vec<SentEvent> =
                bytes.chunks(size).flat_map(|chunk| reader.feed(chunk).unwrap()).collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_refused_before_it_fills_the_memory() {
        let mut reader = Reader::default();
        let piece = [b'x'; 1 << 16];
        assert!((0..17).map(|_| reader.feed(&piece)).any(|read| read == Err(TooLong)));
        let mut reader = Reader::default();
        let line = [b"data: ".as_slice(), &piece, b"\n"].concat();
        assert!((0..17).map(|_| reader.feed(&line)).any(|read| read == Err(TooLong)));
    }
}
