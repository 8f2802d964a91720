//! Follows server-sent events of a lab in the terminal.
//!
//! After a cut the client resumes where it was: the id of the last message goes with the next
//! request, as a browser's `EventSource` does it.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Response, StatusCode};
use tokio::time::{Instant, sleep};

use super::Exit;
use super::ask::{Ask, Said};
use super::output::complain;
use super::sse::{Reader, SentEvent};
use crate::measure::RequestError;

/// The time between a cut and the next attempt.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a server may be away before the client gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest body of a refusal, in bytes.
const LARGEST: usize = 1 << 16;

/// Takes the messages of a stream.
pub(super) trait Listener {
    /// Prints a message. Returns whether it is the last one.
    fn take(&mut self, event: &SentEvent) -> bool;

    /// Says why the server has nothing more, if it answers so.
    fn nothing_more(&self) -> &'static str;
}

/// How a connection ended.
enum Ended {
    /// The server said that there is nothing more, and why.
    Over,
    /// It broke off.
    Cut(String),
}

/// Follows a path of the lab until its last message, or Ctrl-C.
pub(super) fn follow(ask: &Ask<'_>, path: &str, listener: &mut impl Listener) -> Result<Exit, Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Said::Nothing(error.into()))?;
    let path = format!("{}{path}", ask.lab);
    runtime.block_on(Following { listener, last: None }.run(ask, &path))
}

/// A listener, and where it is in the stream.
struct Following<'a, L> {
    listener: &'a mut L,
    /// The id of the last message.
    last: Option<String>,
}

impl<L: Listener> Following<'_, L> {
    async fn run(mut self, ask: &Ask<'_>, path: &str) -> Result<Exit, Said> {
        let mut away_since: Option<Instant> = None;
        loop {
            let why = match ask.peer.open(path, self.last.as_deref()).await {
                Ok(response) => {
                    away_since = None;
                    match self.read(response).await? {
                        Ended::Over => return Ok(Exit::Success),
                        Ended::Cut(why) => why,
                    }
                }
                // The first request shows whether there is a server at all.
                Err(error) if self.last.is_none() => return Err(Said::Nothing(error.into())),
                Err(RequestError::NoServer { error, .. }) => error.to_string(),
                Err(error) => error.to_string(),
            };
            let since = *away_since.get_or_insert_with(Instant::now);
            if since.elapsed() > PATIENCE {
                return Err(Said::No {
                    exit: Exit::Failure,
                    words: format!("no server for {} s: {why}", PATIENCE.as_secs()),
                });
            }
            complain(format_args!("the connection ended ({why}); trying again"));
            sleep(AGAIN).await;
        }
    }

    /// Takes the messages of a connection until it ends.
    async fn read(&mut self, response: Response<Incoming>) -> Result<Ended, Said> {
        let status = response.status();
        let mut body = response.into_body();
        if status == StatusCode::NO_CONTENT {
            complain(self.listener.nothing_more());
            return Ok(Ended::Over);
        }
        if !status.is_success() {
            let body = http_body_util::Limited::new(body, LARGEST).collect().await;
            let said = body.map(|body| body.to_bytes()).unwrap_or_default();
            let words = String::from_utf8_lossy(&said).trim().to_owned();
            let exit = if status == StatusCode::BAD_REQUEST { Exit::Usage } else { Exit::Failure };
            let words = if words.is_empty() { format!("the server answered {status}") } else { words };
            return Err(Said::No { exit, words });
        }
        let mut reader = Reader::default();
        while let Some(frame) = body.frame().await {
            let data = match frame.map(|frame| frame.into_data()) {
                Ok(Ok(data)) => data,
                Ok(Err(_)) => continue,
                Err(error) => return Ok(Ended::Cut(error.to_string())),
            };
            let Ok(events) = reader.feed(&data) else {
                return Ok(Ended::Cut("a message is too long".to_owned()));
            };
            for event in events {
                if let Some(id) = &event.id {
                    self.last = Some(id.clone());
                }
                if self.listener.take(&event) {
                    return Ok(Ended::Over);
                }
            }
        }
        Ok(Ended::Cut("the server closed it".to_owned()))
    }
}
