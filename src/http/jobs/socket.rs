//! The jobs lab over a WebSocket: figures ten times a second, submissions, and their answers.
//! Each message is a JSON object.
//!
//! | from | message |
//! |---|---|
//! | server | `{"jobs": …}`: the figures. The first has the whole history, later ones its latest points |
//! | server | `{"answer": {"ref": 1, "id": 7, "state": "running", …}}`: to a submission, twice |
//! | server | `{"error": "…"}`: the server does not understand a message |
//! | client | `{"submit": "13", "ref": 1, "token": "…"}`: a job. A page needs the token |
//!
//! A client that reads slowly misses figures, and never an answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};

use super::feed::Feed;
use crate::http::access::{Access, Caller};
use crate::http::{Handshake, Message, MessageLimits, Step, WebSocket, text_frame};
use crate::lab::jobs::{Answer, By, JobsError, JobsLab};
use crate::workbench::Workbench;

/// A submission is short. The token takes most of it.
const MESSAGES: MessageLimits = MessageLimits { size: 16 * 1024, frames: 64 };
/// The jobs of one socket that may run at a time.
const MOST_JOBS: usize = 1_000;

/// The state that all sockets share.
#[derive(Debug)]
struct Shared {
    workbench: Arc<Workbench>,
    access: Arc<Access>,
    jobs: Arc<JobsLab>,
    feed: Arc<Feed>,
}

/// Returns the route of the socket.
pub(super) fn routes(workbench: &Arc<Workbench>, access: &Arc<Access>, jobs: &Arc<JobsLab>) -> Router {
    let shared = Shared {
        workbench: Arc::clone(workbench),
        access: Arc::clone(access),
        jobs: Arc::clone(jobs),
        feed: Feed::new(Arc::clone(jobs)),
    };
    Router::new().route("/api/jobs/socket", get(connect)).with_state(Arc::new(shared))
}

async fn connect(handshake: Handshake, State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let caller = shared.access.caller(&headers);
    handshake.upgrade(MESSAGES, move |socket| serve(shared, caller, socket))
}

/// A client's message.
#[derive(Deserialize)]
struct Submit {
    submit: String,
    #[serde(default, rename = "ref")]
    reference: Option<u64>,
    #[serde(default)]
    token: Option<String>,
}

/// The server's answer to a submission.
#[derive(Serialize)]
struct About {
    answer: Body,
}

#[derive(Serialize)]
struct Body {
    #[serde(rename = "ref")]
    reference: Option<u64>,
    #[serde(flatten)]
    state: Told,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Job(Answer),
    /// No job was started.
    No {
        id: Option<u64>,
        input: String,
        state: &'static str,
        result: Option<String>,
        took_ms: Option<f64>,
        told_ms: Option<f64>,
        why: String,
        stack: [&'static str; 0],
    },
}

type Running = FuturesUnordered<BoxFuture<'static, (Option<u64>, Answer)>>;

async fn serve(shared: Arc<Shared>, caller: Caller, mut socket: WebSocket) {
    let mut figures = shared.feed.subscribe();
    let mut running = Running::new();
    loop {
        let (is_sent, has_room) = (socket.is_sent(), socket.has_room());
        tokio::select! {
            step = socket.step() => match step {
                Step::Message(message) => {
                    let answer = shared.answer(caller, &message, &mut running);
                    socket.answer(answer);
                }
                Step::Sent => {}
                Step::Closed => return,
            },
            Some((reference, answer)) = running.next(), if has_room => {
                socket.send(about(reference, Told::Job(answer)));
            }
            Some(frame) = figures.next(), if is_sent => socket.send(frame),
        }
    }
}

impl Shared {
    /// Carries out a message, and returns the answer as a frame.
    fn answer(&self, caller: Caller, message: &Message, running: &mut Running) -> Bytes {
        let expected = r#"expected {"submit": "13", "ref": 1}"#;
        let submit = match message {
            Message::Text(text) => serde_json::from_str::<Submit>(text).map_err(|error| error.to_string()),
            Message::Binary(_) => Err("the message is not text".to_owned()),
        };
        match submit {
            Ok(submit) => self.submit(caller, submit, running),
            Err(why) => {
                text_frame(&serde_json::json!({ "error": format!("{why}: {expected}") }).to_string())
            }
        }
    }

    fn submit(&self, caller: Caller, submit: Submit, running: &mut Running) -> Bytes {
        let Submit { submit: input, reference, token } = submit;
        let has_token = token.is_some_and(|token| self.access.is_token(token.as_bytes()));
        let is_read_only = self.workbench.settings().server.read_only;
        let refusal = match caller.refused(has_token, is_read_only) {
            Some(why) => Some(why.to_owned()),
            None if running.len() >= MOST_JOBS => {
                Some(format!("this connection has {MOST_JOBS} jobs running already"))
            }
            None => None,
        };
        let submitted = match refusal {
            Some(why) => {
                self.jobs.note_refused();
                Err(JobsError::Refused(why))
            }
            None => self.jobs.read_input(&input).and_then(|input| self.jobs.submit(input, By::You)),
        };
        let told = match submitted {
            Ok(submission) => {
                let accepted = submission.running();
                running.push(Box::pin(async move { (reference, submission.await) }));
                Told::Job(accepted)
            }
            Err(JobsError::Input(why)) => no_job(input, "invalid", why),
            Err(JobsError::Refused(why)) => no_job(input, "refused", why),
            Err(other) => no_job(input, "refused", other.to_string()),
        };
        about(reference, told)
    }
}

fn no_job(input: String, state: &'static str, why: String) -> Told {
    Told::No { id: None, input, state, result: None, took_ms: None, told_ms: None, why, stack: [] }
}

fn about(reference: Option<u64>, state: Told) -> Bytes {
    // Numbers and strings, which JSON can always represent.
    text_frame(&serde_json::to_string(&About { answer: Body { reference, state } }).unwrap_or_default())
}

#[cfg(test)]
mod tests;
