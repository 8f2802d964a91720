//! A server with a fixed answer to each request, which notes what was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    /// Further headers, each with its line end.
    pub(super) headers: &'static str,
    /// True for a body that ends with the connection.
    pub(super) is_stream: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: 200, body: String::new(), headers: "", is_stream: false }
    }
}

/// Starts a server on a free port. Returns its address, and the requests that it got: the
/// first line without the version, and behind it the header `last-event-id`, if there is one.
pub(super) fn server(
    answer: impl Fn(&str) -> Answer + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asked_of = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let mut request = lines.next().unwrap_or_default().replace(" HTTP/1.1", "");
            for header in lines.by_ref().take_while(|line| !line.is_empty()) {
                if let Some(id) = header.strip_prefix("last-event-id: ") {
                    request = format!("{request} after {id}");
                }
            }
            let Answer { status, body, headers, is_stream } = answer(&request);
            asked_of.lock().unwrap().push(request);
            let length = match is_stream {
                true => String::new(),
                false => format!("Content-Length: {}\r\n", body.len()),
            };
            let head = format!("HTTP/1.1 {status} X\r\n{headers}{length}\r\n");
            drop(stream.write_all((head + &body).as_bytes()));
        }
    });
    (address, asked)
}
