//! Requests to a lab of a running server, and how a refusal becomes a message and an exit
//! code.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::Exit;
use super::output::say;
use crate::clean;
use crate::measure::{Peer, RequestError};

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
        match serde_json::from_str(&body) {
            Ok(read) => Ok(Answer { body, read }),
            Err(error) => Err(Said::Nothing(anyhow::Error::new(error).context(format!(
                "{}{}{path} answered with something unexpected",
                self.peer.base, self.lab
            )))),
        }
    }

    fn fetch(&self, limit: Option<Duration>, method: Method, path: &str) -> Result<String, Said> {
        let path = format!("{}{path}", self.lab);
        let answer = match limit {
            Some(limit) => self.peer.request_within(limit, method, &path),
            None => self.peer.request(method, &path),
        };
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
}
