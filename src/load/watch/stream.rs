//! What a watcher has received: cuts its bytes into messages, wherever the reads end.
//!
//! The engine reads into one buffer that all watchers share. A watcher keeps bytes of its
//! own only while a frame is half read, so an idle watcher costs one pointer here.

use super::WatchTransport;
use super::events::{self, Chunk};
use super::frames::{self, Frame, LONGEST};
use super::message::{self, Message};

/// The longest rest of a watcher, and so the room that the shared buffer needs beyond what
/// is read.
pub(super) const MOST_REST: usize = LONGEST as usize + 64;

/// Something that the server told a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// A message.
    Message(Message<'a>),
    /// A ping with this payload.
    Ping(&'a [u8]),
    /// The server ends the stream, with a close code if it gave one.
    Closed(Option<u16>),
}

/// The bytes of a watcher that are not complete yet.
#[derive(Debug, Default)]
pub(super) struct Stream {
    half: Option<Box<Half>>,
}

#[derive(Debug, Default)]
struct Half {
    /// A frame or chunk that is not complete.
    raw: Vec<u8>,
    /// An event that spans chunks.
    text: Vec<u8>,
}

impl Stream {
    /// Moves the incomplete bytes of earlier reads to the front of `buffer` and returns
    /// their number. What is read next belongs behind them.
    pub(super) fn resume(&mut self, buffer: &mut [u8]) -> usize {
        let Some(half) = &mut self.half else { return 0 };
        let length = half.raw.len();
        buffer[..length].copy_from_slice(&half.raw);
        half.raw.clear();
        length
    }

    /// Keeps bytes that are not to be cut yet, such as half a head.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.half.get_or_insert_default().raw.extend_from_slice(bytes);
        }
    }

    /// Cuts `bytes`, which begin with those of [`resume`](Self::resume), into messages.
    /// Keeps what is incomplete.
    ///
    /// # Errors
    /// What is wrong with them, in words for a table of reasons.
    pub(super) fn feed(
        &mut self,
        transport: WatchTransport,
        bytes: &[u8],
        mut told: impl FnMut(Told<'_>),
    ) -> Result<(), &'static str> {
        let mut done = 0;
        loop {
            let found = match transport {
                WatchTransport::Ws => self.frame(&bytes[done..], &mut told)?,
                WatchTransport::Sse => self.chunk(&bytes[done..], &mut told)?,
            };
            match found {
                Some(length) => done += length,
                None => break,
            }
        }
        let rest = &bytes[done..];
        if rest.len() > MOST_REST {
            return Err("a chunk that is too long");
        }
        self.keep(rest);
        self.half.take_if(|half| half.raw.is_empty() && half.text.is_empty());
        Ok(())
    }

    fn frame(
        &mut self,
        bytes: &[u8],
        told: &mut impl FnMut(Told<'_>),
    ) -> Result<Option<usize>, &'static str> {
        let Some((frame, length)) = frames::next(bytes)? else { return Ok(None) };
        match frame {
            Frame::Message(text) => {
                told(Told::Message(message::read(text).ok_or("a message without its numbers")?));
            }
            Frame::Ping(payload) => told(Told::Ping(payload)),
            Frame::Pong => {}
            Frame::Close(code) => told(Told::Closed(code)),
        }
        Ok(Some(length))
    }

    fn chunk(
        &mut self,
        bytes: &[u8],
        told: &mut impl FnMut(Told<'_>),
    ) -> Result<Option<usize>, &'static str> {
        let Some((chunk, length)) = events::next(bytes)? else { return Ok(None) };
        let Chunk::Text(text) = chunk else {
            told(Told::Closed(None));
            return Ok(Some(length));
        };
        // Nearly always a chunk has whole events and can be read where it is.
        let joined = self.half.as_mut().map(|half| std::mem::take(&mut half.text));
        let joined = joined.filter(|before| !before.is_empty()).map(|before| [&before, text].concat());
        let text = joined.as_deref().unwrap_or(text);
        let mut wrong = None;
        let done = events::each(text, |data| match message::read(data) {
            Some(message) => told(Told::Message(message)),
            None => wrong = Some("a message without its numbers"),
        });
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let rest = &text[done..];
        if rest.len() as u64 > LONGEST {
            return Err("an event that is too long");
        }
        if !rest.is_empty() {
            self.half.get_or_insert_default().text = rest.to_vec();
        }
        Ok(Some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::watch::framed;
    use proptest::prelude::*;

    /// Feeds `bytes` in pieces that end at `cuts`.
    fn fed(transport: WatchTransport, bytes: &[u8], cuts: &[usize]) -> (Vec<String>, bool) {
        let mut stream = Stream::default();
        let mut buffer = vec![0; bytes.len() + MOST_REST];
        let mut all = Vec::new();
        let mut from = 0;
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let kept = stream.resume(&mut buffer);
            buffer[kept..kept + to - from].copy_from_slice(&bytes[from..to]);
            let whole = kept + to - from;
            stream.feed(transport, &buffer[..whole], |told| all.push(format!("{told:?}"))).unwrap();
            from = to;
        }
        (all, stream.half.is_none())
    }

    fn texts() -> impl Strategy<Value = Vec<String>> {
        let text = prop_oneof![
            (0_u64..1000, any::<u32>(), 0_usize..300).prop_map(|(seq, at, more)| format!(
                r#"{{"event":{{"seq":{seq},"at":{at},"text":"{}"}}}}"#,
                "x".repeat(more)
            )),
            (0_u64..10, 10_u64..20)
                .prop_map(|(from, to)| format!(r#"{{"gap":{{"from":{from},"to":{to}}}}}"#)),
            Just(r#"{"snapshot":{"match":"weir-sluice","next":3}}"#.to_owned()),
            Just(r#"{"end":{"why":"the match is over"}}"#.to_owned()),
        ];
        proptest::collection::vec(text, 1..8)
    }

    proptest! {
        #[test]
        fn frames_and_chunks_cut_anywhere_say_what_they_say_whole(
            texts in texts(),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
            per_chunk in 1_usize..60,
        ) {
            for transport in [WatchTransport::Ws, WatchTransport::Sse] {
                let mut bytes = Vec::new();
                for text in &texts {
                    framed(transport, text, per_chunk, &mut bytes);
                }
                let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
                cuts.sort_unstable();
                let (whole, nothing_left) = fed(transport, &bytes, &[]);
                prop_assert_eq!(whole.len(), texts.len());
                prop_assert!(nothing_left);
                prop_assert_eq!(fed(transport, &bytes, &cuts), (whole.clone(), true));
                let each: Vec<usize> = (1..bytes.len()).collect();
                prop_assert_eq!(fed(transport, &bytes, &each), (whole, true));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for transport in [WatchTransport::Ws, WatchTransport::Sse] {
                let _ = Stream::default().feed(transport, &bytes, |_| {});
            }
        }
    }
}
