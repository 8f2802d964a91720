//! Answers as no good server sends them: split anywhere, broken off anywhere, or
//! nothing like an answer.

use proptest::prelude::*;
use weir::load::{Answer, RequestError};
use weir::record::RequestPlan;

use super::Scripted;

/// The result of one exchange that the server answers in these pieces.
async fn answered(pieces: &[&[u8]]) -> Result<Answer, RequestError> {
    let script = pieces.iter().map(|piece| piece.to_vec()).collect();
    let server = Scripted::start(RequestPlan::default(), vec![script]).await;
    server.exchange(1).await.remove(0)
}

/// Answers, with their status and whether the connection is good for another.
const GOOD: [(&str, u16, bool); 9] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200, true),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nCONNECTION: Close\r\n\r\nOK", 200, false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200, false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nOK", 200, true),
    ("HTTP/1.1 200 OK\r\n\r\nto the end", 200, false),
    ("HTTP/1.1 204 No Content\r\n\r\n", 204, true),
    ("HTTP/1.1 503 Full\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", 503, true),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2;x=y\r\nOK\r\n0\r\nA: b\r\n\r\n",
        200,
        true,
    ),
    (
        "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 202 x\r\nContent-Length: 1\r\n\r\nx",
        202,
        true,
    ),
];

#[tokio::test]
async fn an_answer_is_the_same_wherever_it_is_split() {
    for (text, status, reusable) in GOOD {
        let bytes = text.as_bytes();
        let expected = Ok(Answer { status, bytes: bytes.len() as u64, reusable });
        for split in 0..bytes.len() {
            assert_eq!(
                answered(&[&bytes[..split], &bytes[split..]]).await,
                expected,
                "{split} of {text:?}"
            );
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(answered(&single).await, expected, "byte by byte: {text:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_anywhere_is_broken() {
    for (text, _, _) in GOOD.iter().filter(|(text, ..)| !text.ends_with("to the end")) {
        for end in 0..text.len() {
            let result = answered(&[&text.as_bytes()[..end]]).await;
            let expected = match end {
                0 => RequestError::Unanswered("closed before an answer".to_owned()),
                _ => RequestError::Broken("closed in the middle of an answer".to_owned()),
            };
            assert_eq!(result, Err(expected), "{end} of {text:?}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_not_http_are_malformed_with_a_reason() {
    let endless =
        [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"A: b\r\n".repeat(20)[..], &b"x".repeat(100_000)].concat();
    let extension =
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;".as_slice(), &b"x".repeat(100_000)]
            .concat();
    let many = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"A: b\r\n".repeat(101), b"\r\n"].concat();
    for (bytes, expected) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "invalid HTTP version"),
        (b"HTTP/1.1 abc\r\n\r\n", "invalid response status"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            "more than one Content-Length",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "invalid chunk size"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKHTTP/1.1 200 OK", "more than one answer"),
        (b"HTTP/1.1 204 No Content\r\n\r\nbut some", "more than one answer"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switched protocols unasked"),
        (&endless, "a head or a chunk's line of over 16384 bytes"),
        (&extension, "a head or a chunk's line of over 16384 bytes"),
        (&many, "too many headers"),
    ] {
        assert_eq!(answered(&[bytes]).await, Err(RequestError::Malformed(expected.to_owned())));
    }
}

/// Beginnings after which random bytes reach further than the first line.
fn beginning() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just("HTTP/1.1 200 OK\r\n"),
        Just("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        Just("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_exchange_ends_after_any_answer(
        beginning in beginning(),
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut script: Vec<&[u8]> = vec![beginning.as_bytes()];
        script.extend(pieces.iter().map(Vec::as_slice));
        // Ends by itself or panics; which failure it is, other tests say.
        let _ = runtime.block_on(answered(&script));
    }
}
