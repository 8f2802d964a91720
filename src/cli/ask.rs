//! Requests to a lab of a running server, and how a refusal becomes a message and an exit
//! code.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Exit;
use super::output::say;
use crate::clean;
use crate::measure::{Peer, RequestError};

/// The time limit of a request with a body, such as one that creates many rooms.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks a lab, for a person or for a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) peer: &'a Peer,
    /// The path of the lab, such as `/api/jobs`.
    pub(super) lab: &'static str,
    pub(super) as_json: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Said {
    /// The server refused, with its words.
    No { exit: Exit, words: String },
    /// No server, or an answer of another kind.
    Nothing(anyhow::Error),
}

/// An answer: as received, and as read.
#[derive(Debug)]
pub(super) struct Answer<T> {
    body: String,
    pub(super) read: T,
}

impl<T> Answer<T> {
    /// Prints the JSON, or a text made from the figures.
    pub(super) fn print(&self, ask: &Ask<'_>, text: impl FnOnce(&T) -> String) {
        match ask.as_json {
            true => say(&self.body),
            false => say(text(&self.read).trim_end()),
        }
    }
}

impl Ask<'_> {
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Said> {
        self.within(None, Method::GET, path)
    }

    pub(super) fn post<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Said> {
        self.within(None, Method::POST, path)
    }

    /// Sends an order, and returns the body of the answer, which may be a mere `OK`.
    pub(super) fn order(&self, path: &str) -> Result<String, Said> {
        self.fetch(None, Method::POST, path)
    }

    /// Sends a request, with a time limit other than the usual one if one is given.
    pub(super) fn within<T: DeserializeOwned>(
        &self,
        limit: Option<Duration>,
        method: Method,
        path: &str,
    ) -> Result<Answer<T>, Said> {
        let body = self.fetch(limit, method, path)?;
        self.read(path, body)
    }

    /// Sends a body in JSON, and returns the body of the answer, which may be empty.
    pub(super) fn send(&self, method: Method, path: &str, json: String) -> Result<String, Said> {
        let path = format!("{}{path}", self.lab);
        said(self.peer.send_within(PATIENCE, method, &path, json))
    }

    /// Sends a body in JSON, and reads the answer.
    pub(super) fn tell<T: DeserializeOwned>(&self, path: &str, json: String) -> Result<Answer<T>, Said> {
        let body = self.send(Method::POST, path, json)?;
        self.read(path, body)
    }

    fn fetch(&self, limit: Option<Duration>, method: Method, path: &str) -> Result<String, Said> {
        let path = format!("{}{path}", self.lab);
        said(match limit {
            Some(limit) => self.peer.request_within(limit, method, &path),
            None => self.peer.request(method, &path),
        })
    }

    fn read<T: DeserializeOwned>(&self, path: &str, body: String) -> Result<Answer<T>, Said> {
        match serde_json::from_str(&body) {
            Ok(read) => Ok(Answer { body, read }),
            Err(error) => Err(Said::Nothing(anyhow::Error::new(error).context(format!(
                "{}{}{path} answered with something unexpected",
                self.peer.base, self.lab
            )))),
        }
    }
}

/// Returns the body of an answer, or the words of a refusal.
fn said(answer: Result<Bytes, RequestError>) -> Result<String, Said> {
    match answer {
        Ok(body) => Ok(String::from_utf8_lossy(&body).trim_end().to_owned()),
        // The server's words are enough: the address would repeat the order.
        Err(RequestError::Refused { status, said, .. }) if !said.is_empty() => {
            let exit = if status == StatusCode::BAD_REQUEST { Exit::Usage } else { Exit::Failure };
            // One problem a line.
            let said = said.trim().replace('\n', "; ");
            Err(Said::No { exit, words: clean::line(&said).into_owned() })
        }
        Err(error) => Err(Said::Nothing(error.into())),
    }
}

/// Returns the words of a refusal, which may be in JSON: `{"error":{"message":"…"}}`, or
/// `{"error":"…","message":"…"}`.
pub(super) fn words_of(said: &str) -> String {
    let read: Option<Value> = serde_json::from_str(said).ok();
    let message = |said: &Value| {
        let message = said["error"]["message"].as_str().or_else(|| said["message"].as_str())?;
        Some(clean::line(message).into_owned())
    };
    read.as_ref().and_then(message).unwrap_or_else(|| said.to_owned())
}
