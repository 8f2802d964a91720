//! `weir set`: changes keys of a running server's configuration.

use anyhow::Context;
use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::Exit;
use super::output::{complain, say};
use super::server::Server;
use crate::clean;
use crate::config::{Change, NEEDS_RESTART, assignment};
use crate::measure::{Peer, RequestError};
use crate::workbench::Made;

/// The options of `weir set`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keys with their new values; a value is TOML or bare text
    #[arg(required = true, value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Also write the values to the server's configuration file
    #[arg(long)]
    write: bool,
    /// Print what would change, and change nothing
    #[arg(long, conflicts_with = "write")]
    check: bool,
    #[command(flatten)]
    pub(super) server: Server,
}

/// The answer of the server to a check.
#[derive(Debug, Deserialize)]
struct Checked {
    changes: Vec<Change>,
    problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
}

pub(super) fn run(args: &Args, peer: &Peer) -> anyhow::Result<Exit> {
    let mut lines = Vec::new();
    for change in &args.changes {
        let Some(line) = assignment(change) else {
            let change = clean::line(change);
            complain(format_args!("{change}: expected KEY=VALUE, such as consumers.concurrency=3"));
            return Ok(Exit::Usage);
        };
        lines.push(line);
    }
    let toml = encoded(&lines.join("\n"));
    if args.check { check(peer, &toml) } else { change(args, peer, &toml) }
}

fn check(peer: &Peer, toml: &str) -> anyhow::Result<Exit> {
    let body = peer.request(Method::GET, &format!("/api/config/check?toml={toml}"))?;
    let checked: Checked = serde_json::from_slice(&body).with_context(|| unexpected(peer))?;
    if !checked.problems.is_empty() {
        for problem in checked.problems {
            complain(clean::line(&problem.message));
        }
        return Ok(Exit::Usage);
    }
    show(&checked.changes);
    say("valid; nothing was changed");
    Ok(Exit::Success)
}

fn change(args: &Args, peer: &Peer, toml: &str) -> anyhow::Result<Exit> {
    let write = if args.write { "&write=true" } else { "" };
    let body = match peer.request(Method::POST, &format!("/api/config?toml={toml}{write}")) {
        Ok(body) => body,
        // The server's words are enough: the address would repeat the change.
        Err(RequestError::Refused { status, said, .. }) => {
            for line in said.lines() {
                complain(clean::line(line));
            }
            return Ok(if status == StatusCode::BAD_REQUEST { Exit::Usage } else { Exit::Failure });
        }
        Err(error) => return Err(error.into()),
    };
    let made: Made = serde_json::from_slice(&body).with_context(|| unexpected(peer))?;
    show(&made.changes);
    match &made.written {
        Some(file) => say(format_args!("written to {}", clean::line(file))),
        None if made.changes.is_empty() => {}
        None => say("in force until the next edit of the file; --write keeps it"),
    }
    let is_named = |key: &str| args.changes.iter().any(|change| change.trim_start().starts_with(key));
    for key in NEEDS_RESTART.into_iter().filter(|key| is_named(key)) {
        say(format_args!("{key} takes effect when the server restarts"));
    }
    Ok(Exit::Success)
}

fn show(changes: &[Change]) {
    if changes.is_empty() {
        say("no value in force changes");
    }
    for change in changes {
        say(change);
    }
}

fn unexpected(peer: &Peer) -> String {
    format!("{}/api/config answered with something unexpected", peer.base)
}

/// A text as a value in a URL.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let byte = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}
