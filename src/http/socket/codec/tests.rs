//! Each rule of the protocol that is easy to miss, and two properties over random bytes.

use proptest::prelude::*;

use super::*;

const LIMITS: MessageLimits = MessageLimits { size: 300, frames: 5 };
impl Decoder {
    /// Decodes all of `bytes`, and appends the events before the first violation.
    fn feed(
        &mut self,
        mut bytes: &[u8],
        limits: MessageLimits,
        events: &mut Vec<Event>,
    ) -> Result<(), CloseCode> {
        while let Some(event) = self.next(&mut bytes, limits)? {
            events.push(event);
        }
        Ok(())
    }
}

const MASK: [u8; 4] = [0x9a, 1, 0, 0xff];

/// A client's frame: its first byte, and the payload in the shortest form.
fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        size @ 0..126 => bytes.push(0x80 | size as u8),
        size => {
            bytes.push(0x80 | 126);
            bytes.extend((size as u16).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().enumerate().map(|(n, byte)| byte ^ MASK[n % 4]));
    bytes
}

/// The events of `parts`, fed one after the other, and how the last one ended.
fn fed<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<u16>) {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    for part in parts {
        if let Err(code) = decoder.feed(part, LIMITS, &mut events) {
            return (events, Some(code.number()));
        }
    }
    (events, None)
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

/// The code for which bytes are refused, after a ping that shows how far it came.
fn refused(bytes: &[u8]) -> Option<u16> {
    let before = sent(0x89, b"?");
    let (events, code) = fed([&before[..], bytes]);
    assert_eq!(events, [Event::Ping(b"?".to_vec())], "{bytes:x?}");
    code
}

#[test]
fn messages_pings_and_closes_become_events() {
    let session = [
        sent(0x81, "grüße".as_bytes()),
        sent(0x82, &[0, 255]),
        sent(0x81, b""),
        sent(0x89, b"are you there"),
        sent(0x8a, b""),
        sent(0x88, b"\x03\xe8bye"),
    ]
    .concat();
    let close = Event::Close(Some(CloseCode::NORMAL));
    let expected = [
        text("grüße"),
        Event::Binary(vec![0, 255]),
        text(""),
        Event::Ping(b"are you there".to_vec()),
        Event::Pong,
        close,
    ];
    assert_eq!(fed([&session[..]]), (expected.into(), None));
}

#[test]
fn a_control_frame_may_stand_between_the_frames_of_a_message() {
    let session =
        [sent(0x01, b"a"), sent(0x89, b"1"), sent(0x00, b"b"), sent(0x8a, b""), sent(0x80, b"c")].concat();
    assert_eq!(fed([&session[..]]).0, [Event::Ping(b"1".to_vec()), Event::Pong, text("abc")]);
}

#[test]
fn a_character_may_be_cut_by_frames_but_not_by_the_end_of_the_message() {
    let euro = "€".as_bytes();
    let session = [sent(0x01, &euro[..1]), sent(0x00, &euro[1..2]), sent(0x80, &euro[2..])].concat();
    assert_eq!(fed([&session[..]]), (vec![text("€")], None));
    assert_eq!(refused(&sent(0x81, &euro[..2])), Some(1007));
    assert_eq!(refused(&[sent(0x01, &euro[..2]), sent(0x80, b"")].concat()), Some(1007));
}

#[test]
fn a_text_is_refused_at_its_first_wrong_byte() {
    // Nothing can follow f4 90 in UTF-8; the frame and the message go on.
    let whole = sent(0x01, b"abc\xf4\x90more");
    assert_eq!(refused(&whole[..10]), None);
    assert_eq!(refused(&whole[..11]), Some(1007));
    let binary = sent(0x82, b"abc\xf4\x90more");
    assert_eq!(fed([&binary[..]]), (vec![Event::Binary(b"abc\xf4\x90more".to_vec())], None));
}

#[test]
fn heads_that_no_client_may_send_are_refused_at_the_first_wrong_byte() {
    for (bytes, what) in [
        (&b"\x81\x05hello"[..], "a frame without a mask"),
        (b"\xc1", "a reserved bit"),
        (b"\xa1", "a reserved bit"),
        (b"\x91", "a reserved bit"),
        (b"\x83", "a reserved kind of message"),
        (b"\x8b", "a reserved kind of control frame"),
        (b"\x09", "half a ping"),
        (b"\x08", "half a close"),
        (b"\x89\xfe", "a ping of more than 125 bytes"),
        (b"\x80", "a continuation of nothing"),
        (b"\x00", "a continuation of nothing"),
        (b"\x81\xfe\x00\x7d\x01\x02\x03\x04", "125 in 16 bits"),
        (b"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04", "65535 in 64 bits"),
        (b"\x81\xff\x80\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04", "a length of 64 bits"),
    ] {
        // A continuation is refused once its head is complete.
        let bytes =
            if bytes.len() == 1 && bytes[0] & 0x7f == 0 { sent(bytes[0], b"") } else { bytes.to_vec() };
        assert_eq!(refused(&bytes), Some(1002), "{what}");
    }
    assert_eq!(refused(&[sent(0x01, b"a"), sent(0x81, b"b")].concat()), Some(1002), "a text in a text");
}

#[test]
fn a_length_beyond_the_limit_is_refused_by_its_head_alone() {
    assert_eq!(refused(b"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00\x01\x02\x03\x04"), Some(1009));
    let whole = sent(0x82, &[7; 300]);
    assert_eq!(fed([&whole[..]]), (vec![Event::Binary(vec![7; 300])], None));
    assert_eq!(refused(&sent(0x82, &[7; 301])[..8]), Some(1009));
    assert_eq!(refused(&[sent(0x02, &[7; 200]), sent(0x80, &[7; 101])].concat()), Some(1009));
}

#[test]
fn a_message_that_grows_byte_by_byte_never_takes_more_memory_than_the_limit() {
    let mut decoder = Decoder::default();
    for byte in sent(0x82, &[7; 300]).chunks(1) {
        let largest = decoder.message.as_ref().map_or(0, Message::capacity);
        assert!(largest <= LIMITS.size, "{largest} bytes");
        decoder.feed(byte, LIMITS, &mut Vec::new()).unwrap();
    }
    assert!(decoder.is_idle());
}

#[test]
fn a_message_in_too_many_frames_is_refused_even_if_they_are_empty() {
    let frames =
        |count: usize| [sent(0x01, b""), sent(0x00, b"").repeat(count - 2), sent(0x80, b"")].concat();
    assert_eq!(fed([&frames(5)[..]]), (vec![text("")], None));
    assert_eq!(refused(&frames(6)), Some(1008));
}

#[test]
fn a_close_frame_has_nothing_or_a_good_code_and_a_text() {
    assert_eq!(fed([&sent(0x88, b"")[..]]), (vec![Event::Close(None)], None));
    assert_eq!(refused(&sent(0x88, b"\x03")), Some(1002), "half a code");
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000_u16] {
        assert_eq!(refused(&sent(0x88, &code.to_be_bytes())), Some(1002), "{code}");
    }
    assert_eq!(refused(&sent(0x88, b"\x03\xe8\xff")), Some(1007), "a reason that is no text");
}

#[test]
fn what_follows_a_close_or_a_violation_is_ignored() {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    let closed = [sent(0x88, b"\x03\xe8"), sent(0x81, b"late"), b"\xff\xff".to_vec()].concat();
    assert!(decoder.feed(&closed, LIMITS, &mut events).is_ok());
    assert_eq!(events, [Event::Close(Some(CloseCode::NORMAL))]);

    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    assert!(decoder.feed(b"\xff", LIMITS, &mut events).is_err());
    assert!(decoder.feed(&sent(0x81, b"late"), LIMITS, &mut events).is_ok());
    assert!(events.is_empty() && !decoder.is_idle());
}

#[test]
fn the_decoder_is_idle_only_between_messages() {
    let mut decoder = Decoder::default();
    let mut idle = Vec::new();
    for bytes in [&sent(0x01, b"a")[..], &sent(0x80, b"b")[..3], &sent(0x80, b"b")[3..]] {
        decoder.feed(bytes, LIMITS, &mut Vec::new()).unwrap();
        idle.push(decoder.is_idle());
    }
    assert_eq!(idle, [false, false, true]);
}

/// A frame that is mostly good: any kind, sometimes a wrong bit, a text or any bytes.
fn a_frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88]);
    let first = prop_oneof![30 => kind, 1 => any::<u8>()];
    let payload = prop_oneof![
        "[aü€𝄞]{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
        Just(b"\x03\xe8".to_vec()),
    ];
    (first, payload).prop_map(|(first, payload)| sent(first, &payload))
}

proptest! {
    #[test]
    fn bytes_in_parts_give_the_same_events_as_all_at_once(
        frames in prop::collection::vec(a_frame(), 1..8),
        sizes in prop::collection::vec(1_usize..50, 1..30),
    ) {
        let bytes = frames.concat();
        let mut parts = Vec::new();
        let (mut rest, mut sizes) = (&bytes[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            parts.push(part);
            rest = behind;
        }
        let whole = fed([&bytes[..]]);
        prop_assert_eq!(&fed(parts), &whole);
        prop_assert_eq!(&fed(bytes.chunks(1)), &whole);
    }

    #[test]
    fn random_bytes_never_make_it_hold_more_than_the_limits(
        parts in prop::collection::vec(prop_oneof![prop::collection::vec(any::<u8>(), 0..400), a_frame()], 1..20),
    ) {
        let mut decoder = Decoder::default();
        for part in parts {
            let _ = decoder.feed(&part, LIMITS, &mut Vec::new());
            let message = decoder.message.as_ref().map_or(0, Message::capacity);
            let control = decoder.frame.as_ref().map_or(0, |frame| frame.control.len());
            prop_assert!(message <= LIMITS.size && control <= 125, "{message} and {control} bytes");
        }
    }
}
