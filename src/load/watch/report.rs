//! Asks a Weir server for its own figures of the match, before and after the watchers.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{WatchError, WatchTarget};
use crate::load::http::reason;
use crate::record::WatchLedger;

/// The timeout of an answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const LONGEST: u64 = 16 << 20;

/// What the server says of the match.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    pub(super) now: Now,
    #[serde(rename = "match")]
    pub(super) the_match: TheMatch,
    pub(super) ledger: WatchLedger,
    /// The configuration of the lab.
    pub(super) settings: Value,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Now {
    pub(super) watchers: u64,
    pub(super) rss_per_watcher: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct TheMatch {
    pub(super) playing: bool,
    pub(super) period: String,
}

/// Asks for the match. Blocks until the answer.
///
/// # Errors
/// [`WatchError::Unreachable`] or [`WatchError::NoMatch`].
pub(super) fn fetch(target: &WatchTarget, id: &str) -> Result<Report, WatchError> {
    let url = format!("http://{}/api/matches/{id}", target.host);
    let unreachable = |reason: String| WatchError::Unreachable { url: url.clone(), reason };
    let get =
        |path: &str| get(target.address, &target.host, path).map_err(|error| unreachable(reason(&error)));
    let (status, body) = get(&format!("/api/matches/{id}"))?;
    match status {
        200 => serde_json::from_slice(&body).map_err(|error| unreachable(format!("not a match: {error}"))),
        404 => {
            let (status, body) = get("/api/matches")?;
            if status != 200 {
                return Err(unreachable("the server has no matches lab".to_owned()));
            }
            let there = listed(&body).join(", ");
            Err(WatchError::NoMatch { url: format!("http://{}", target.host), id: id.to_owned(), there })
        }
        status => Err(unreachable(format!("answered {status}"))),
    }
}

/// The ids in the answer to `GET /api/matches`.
fn listed(body: &[u8]) -> Vec<String> {
    let list: Value = serde_json::from_slice(body).unwrap_or_default();
    let ids = list["matches"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
    ids.map(str::to_owned).collect()
}

/// Sends a request of HTTP/1.0, whose answer ends with the connection. A client for one
/// answer at a time, on a bare thread.
fn get(address: SocketAddr, host: &str, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    match head.parse(&answer) {
        Ok(httparse::Status::Complete(length)) => {
            let status = head.code.unwrap_or_default();
            Ok((status, answer.split_off(length)))
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP")),
    }
}

/// Returns the resident memory of a process in bytes. Linux only.
pub(super) fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_match_are_found_among_others() {
        let body = r#"{"at_ms":1,"match":{"id":"m","playing":true,"period":"first half","rate":2.0},
            "now":{"watchers":7,"rss_per_watcher":1542,"art_ms":null},
            "ledger":{"sent":9,"delivered":8,"behind":0,"dropped":1,"closed":0,"unaccounted":0},
            "settings":{"backlog":4096}}"#;
        let report: Report = serde_json::from_str(body).unwrap();
        assert!(report.the_match.playing && report.ledger.balances());
        assert_eq!((report.now.watchers, report.now.rss_per_watcher), (7, Some(1542.0)));
        assert_eq!(report.settings["backlog"], 4096);
        assert_eq!(listed(br#"{"matches":[{"id":"a"},{"id":"b"}]}"#), ["a", "b"]);
        assert!(listed(b"nonsense").is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory() {
        assert!(resident(std::process::id()).unwrap() > 1 << 20);
        assert_eq!(resident(0), None);
    }
}
