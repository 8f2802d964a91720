//! Bytes that one watcher is sent before anything else of the window: the rest of a frame that
//! was begun, its snapshot, answers, and the gap of the events it lost.
//!
//! They end where a frame ends, and so does the watcher's position in the window then. Few
//! watchers have any, so a watcher holds them in a box.

use super::{LeftReason, MAX_UNREAD};

/// Bytes of one watcher's own.
#[derive(Debug, Default)]
pub(super) struct Own {
    bytes: Vec<u8>,
    /// How many of them are written.
    at: usize,
    /// The parts that concern events, in order: the rest of a frame, and gaps.
    marks: Vec<Mark>,
    /// True while the last mark is a gap at the end of the bytes, which may still grow.
    ends_with_gap: bool,
    /// The number of bytes that came from the application.
    said: usize,
    /// Why the watcher is closed once the bytes are written, and the number of the first event
    /// that it will not have.
    pub(super) ending: Option<(LeftReason, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    end: usize,
    /// The number of the frame, or of the first event in the gap.
    seq: u64,
    is_event: bool,
}

impl Own {
    /// Makes bytes that begin with the rest of frame number `seq`.
    pub(super) fn rest_of(rest: &[u8], seq: u64, is_event: bool) -> Self {
        let mark = Mark { start: 0, end: rest.len(), seq, is_event };
        Self { bytes: rest.to_vec(), marks: vec![mark], ..Self::default() }
    }

    /// Returns the bytes that are not written yet.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Appends bytes of the hub, such as a snapshot.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.ends_with_gap &= bytes.is_empty();
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends bytes of the application. Returns false, and appends nothing, if more than
    /// [`MAX_UNREAD`] of them would be unread.
    pub(super) fn say(&mut self, bytes: &[u8]) -> bool {
        let unread = self.said.min(self.unread().len());
        if unread + bytes.len() > MAX_UNREAD {
            return false;
        }
        self.said = unread + bytes.len();
        self.append(bytes);
        true
    }

    /// Appends the gap frame of `from..to`. A gap that stands last and is not begun grows
    /// instead, so a watcher that stays behind is sent one gap and not one per check.
    pub(super) fn tell_gap(&mut self, from: u64, to: u64, encode: impl FnOnce(u64, u64, &mut Vec<u8>)) {
        let at = self.at;
        let last = self.marks.last().copied().filter(|last| self.ends_with_gap && at <= last.start);
        let (start, from) = match last {
            Some(last) => (last.start, last.seq),
            None => (self.bytes.len(), from),
        };
        if last.is_some() {
            self.marks.pop();
            self.bytes.truncate(start);
        }
        encode(from, to, &mut self.bytes);
        self.marks.push(Mark { start, end: self.bytes.len(), seq: from, is_event: false });
        self.ends_with_gap = true;
    }

    /// Returns the number of the event whose frame is not written to its end yet.
    pub(super) fn cut_event(&self) -> Option<u64> {
        self.marks.first().filter(|mark| mark.is_event && self.at < mark.end).map(|mark| mark.seq)
    }

    /// Returns the first event of the gap at the end of the bytes, if it is not written yet.
    pub(super) fn last_gap(&self) -> Option<u64> {
        let last = self.marks.last().filter(|mark| !mark.is_event && self.at < mark.end);
        last.filter(|_| self.ends_with_gap).map(|mark| mark.seq)
    }

    /// Returns the number of the first event whose frame, or gap, is not written to its end yet.
    pub(super) fn next(&self) -> Option<u64> {
        self.marks.iter().find(|mark| self.at < mark.end).map(|mark| mark.seq)
    }

    /// Notes that `n` more bytes are written. Returns true if that completed an event.
    pub(super) fn wrote(&mut self, n: usize) -> bool {
        let was_cut = self.cut_event().is_some();
        self.at += n;
        debug_assert!(self.at <= self.bytes.len(), "more was written than there was");
        was_cut && self.cut_event().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(from: u64, to: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("[{from}..{to}]").as_bytes());
    }

    #[test]
    fn a_gap_that_is_not_begun_grows() {
        let mut own = Own::rest_of(b"xy", 3, true);
        own.tell_gap(4, 8, encode);
        own.tell_gap(8, 12, encode);
        assert_eq!((own.unread(), own.next()), (&b"xy[4..12]"[..], Some(3)));
        assert!(!own.wrote(1), "event 3 is not complete");
        assert!(own.wrote(2), "event 3 is complete, and the gap is begun");
        own.tell_gap(12, 15, encode);
        assert_eq!((own.unread(), own.next()), (&b"4..12][12..15]"[..], Some(4)));
        own.wrote(6);
        assert_eq!(own.next(), Some(12), "the first gap is written");
    }

    #[test]
    fn only_unread_answers_count_towards_the_limit() {
        let mut own = Own::default();
        own.append(&[0; 2 * MAX_UNREAD]);
        assert!(own.say(&[1; MAX_UNREAD]), "the snapshot does not count");
        assert!(!own.say(&[2]));
        own.wrote(2 * MAX_UNREAD + 100);
        assert!(own.say(&[3; 100]) && !own.say(&[3]));
    }
}
