//! What the watchers connect to, how many they are, and when they connect.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::load::TooFewDescriptors;
use crate::load::http::{self, TargetError};

/// The most watchers: about as many as one address has ports, on each of 64 addresses.
const MOST_WATCHERS: usize = 1_000_000;
/// The highest rate of connects, per second.
const HIGHEST_RAMP: f64 = 1e6;
/// Handshakes in flight of a closed load.
const IN_FLIGHT: usize = 256;

/// How events reach a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WatchTransport {
    /// A WebSocket.
    #[default]
    Ws,
    /// Server-sent events.
    Sse,
}

impl WatchTransport {
    /// The name: `ws` or `sse`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Sse => "sse",
        }
    }
}

impl fmt::Display for WatchTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WatchTransport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ws" => Ok(Self::Ws),
            "sse" => Ok(Self::Sse),
            _ => Err("expected ws (WebSocket) or sse (server-sent events)".to_owned()),
        }
    }
}

/// How many watchers, and when they connect.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchPlan {
    /// How events reach the watchers.
    pub transport: WatchTransport,
    /// The number of watchers.
    pub watchers: usize,
    /// Connects per second, by the clock. `None` is a closed load: the next watcher
    /// connects when another has its snapshot.
    pub ramp: Option<f64>,
    /// The length of the run, from the first connect.
    pub duration: Duration,
    /// Ends the run earlier: this long after all watchers have connected or been refused.
    pub full: Option<Duration>,
    /// The first of the watchers, which read nothing after the snapshot.
    pub slow: usize,
    /// Source addresses, from 127.0.0.2 on, which the watchers take in turn. Only for a
    /// server on 127.0.0.0/8; each address has some 28,000 ports.
    pub sources: u8,
    /// The most handshakes in flight of a closed load.
    pub in_flight: usize,
}

impl Default for WatchPlan {
    /// 10,000 watchers over WebSocket at 1,000 per second, for 30 s.
    fn default() -> Self {
        Self {
            transport: WatchTransport::Ws,
            watchers: 10_000,
            ramp: Some(1000.0),
            duration: Duration::from_secs(30),
            full: None,
            slow: 0,
            sources: 16,
            in_flight: IN_FLIGHT,
        }
    }
}

/// A server and what its watchers ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchTarget {
    pub(super) address: SocketAddr,
    /// For the `Host` header.
    pub(super) host: String,
    /// The path with its query, without the user.
    pub(super) path: String,
    /// The id of the match, if the server is Weir.
    pub(super) match_id: Option<String>,
}

/// Why watchers cannot be started, or the run could not go on.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The URL names no server.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The plan contradicts itself.
    #[error("{0}")]
    Plan(String),
    /// Too few file descriptors.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// The server did not answer.
    #[error("{url}: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// The reason.
        reason: String,
    },
    /// The server has no such match.
    #[error("{url} has no match {id:?}; it has {there}")]
    NoMatch {
        /// The server.
        url: String,
        /// The match that was asked for.
        id: String,
        /// The matches that it has.
        there: String,
    },
    /// The system refused something that the engine needs.
    #[error("cannot start the watchers: {0}")]
    System(std::io::Error),
}

// Written out, because a text that includes the cause must not name it as a source as well.
impl From<std::io::Error> for WatchError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl WatchError {
    /// True if the caller asked for something impossible.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Target(TargetError::Url { .. })
                | Self::Plan(_)
                | Self::Descriptors(_)
                | Self::NoMatch { .. }
        )
    }
}

impl WatchTarget {
    /// Returns the match `id` of the Weir server at `url`, such as `http://127.0.0.1:4000`.
    /// Resolves the host, which may block.
    ///
    /// # Errors
    /// [`WatchError::Target`].
    pub fn of_match(url: &str, id: &str) -> Result<Self, WatchError> {
        let (address, host, _) = locate(url)?;
        let path = format!("/api/matches/watch?match={}", in_query(id));
        Ok(Self { address, host, path, match_id: Some(id.to_owned()) })
    }

    /// Returns any server that sends events at `url` to those who connect. A message is an
    /// event if it contains `"seq":N`; `"at":N` says when it was published, in microseconds
    /// since the epoch. Its watchers wait for no snapshot.
    ///
    /// # Errors
    /// [`WatchError::Target`].
    pub fn of_server(url: &str) -> Result<Self, WatchError> {
        let (address, host, path) = locate(url)?;
        Ok(Self { address, host, path, match_id: None })
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn locate(url: &str) -> Result<(SocketAddr, String, String), WatchError> {
    let uri = http::url::parse(url)?;
    let addresses = http::url::resolve(&uri)?;
    // `localhost` often has two addresses; Weir listens on the older kind by default.
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    let address = *address.ok_or_else(|| WatchError::Plan(format!("{url:?} has no address")))?;
    let host = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((address, host, path.to_owned()))
}

/// Encodes a value of a query (RFC 3986, section 2.1).
fn in_query(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (byte as char).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

impl WatchPlan {
    /// Checks that the plan can be carried out.
    ///
    /// # Errors
    /// [`WatchError::Plan`], with what was found and what is allowed.
    pub fn check(&self) -> Result<(), WatchError> {
        let Self { watchers, ramp, duration, slow, sources, in_flight, .. } = self;
        let wrong = |says: String| Err(WatchError::Plan(says));
        if !(1..=MOST_WATCHERS).contains(watchers) {
            return wrong(format!("{watchers} watchers: expected 1 to {MOST_WATCHERS}"));
        }
        if slow > watchers {
            return wrong(format!("{slow} slow watchers, but there are {watchers} watchers"));
        }
        if *sources == 0 || *in_flight == 0 {
            return wrong("0 source addresses or handshakes in flight: expected at least 1".to_owned());
        }
        if duration.is_zero() {
            return wrong("the run lasts no time at all".to_owned());
        }
        let Some(ramp) = *ramp else { return Ok(()) };
        if !(ramp > 0.0 && ramp <= HIGHEST_RAMP) {
            return wrong(format!("ramp {ramp}/s: expected more than 0 and at most {HIGHEST_RAMP}"));
        }
        let connecting = *watchers as f64 / ramp;
        if connecting >= duration.as_secs_f64() {
            return wrong(format!(
                "{watchers} watchers at {ramp}/s take {connecting:.0} s to connect, but the run lasts {} s: \
                 raise the ramp or the duration",
                duration.as_secs_f64()
            ));
        }
        Ok(())
    }
}

impl fmt::Display for WatchPlan {
    /// Such as `10000 watchers over ws at 1000/s, 30 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transport, watchers, ramp, duration, slow, .. } = self;
        let s = if *watchers == 1 { "" } else { "s" };
        write!(f, "{watchers} watcher{s} over {transport}")?;
        match ramp {
            Some(ramp) => write!(f, " at {ramp}/s")?,
            None => write!(f, ", each when another is connected")?,
        }
        if *slow > 0 {
            write!(f, ", {slow} of them slow")?;
        }
        write!(f, ", {} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_contradicts_itself_is_refused_with_the_numbers() {
        let plan = WatchPlan::default();
        assert!(plan.check().is_ok());
        assert_eq!(plan.to_string(), "10000 watchers over ws at 1000/s, 30 s");
        for (plan, says) in [
            (WatchPlan { watchers: 0, ..plan.clone() }, "0 watchers: expected 1 to 1000000"),
            (
                WatchPlan { slow: 10_001, ..plan.clone() },
                "10001 slow watchers, but there are 10000 watchers",
            ),
            (WatchPlan { ramp: Some(f64::NAN), ..plan.clone() }, "ramp NaN/s: expected more than 0"),
            (
                WatchPlan { ramp: Some(100.0), ..plan.clone() },
                "10000 watchers at 100/s take 100 s to connect, but the run lasts 30 s",
            ),
            (WatchPlan { duration: Duration::ZERO, ..plan.clone() }, "the run lasts no time"),
        ] {
            let error = plan.check().unwrap_err();
            assert!(error.to_string().starts_with(says) && error.is_usage(), "{error}");
        }
        assert!(WatchPlan { ramp: None, duration: Duration::from_millis(1), ..plan }.check().is_ok());
    }

    #[test]
    fn a_target_is_a_match_or_any_server() {
        let target = WatchTarget::of_match("http://127.0.0.1:4000", "a b&c").unwrap();
        assert_eq!(target.path, "/api/matches/watch?match=a%20b%26c");
        let target = WatchTarget::of_server("http://127.0.0.1:4000/events?x=1").unwrap();
        assert_eq!((target.path.as_str(), target.match_id), ("/events?x=1", None));
        assert!(WatchTarget::of_server("127.0.0.1").unwrap_err().is_usage());
    }
}
