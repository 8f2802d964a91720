//! `weir components`, `weir kill` and `weir restart`: the supervision tree of a running
//! server with its labs, and orders to its stages and workers.

use std::str::FromStr;

use anyhow::Context;
use hyper::Method;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::Exit;
use super::output::say;
use super::server::Server;
use super::text::{Table, hang, left};
use crate::config::Sources;
use crate::measure::{Peer, Token};
use crate::workbench::{ComponentTree, LabNode, OrderReport, RestOfWorkers, StageNode, WorkerNode};

const TREE: &str = "/api/components";
/// The most prefetched events that a line names.
const MOST_IDS: usize = 5;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: Server,
    /// Print the JSON as received
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct KillArgs {
    /// Component, or one of its workers: consumers, or consumers/37
    #[arg(value_name = "NAME[/WORKER]")]
    target: Target,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestartArgs {
    /// Component: queue or consumers
    name: Target,
    #[command(flatten)]
    server: Server,
}

/// A component or a worker.
#[derive(Debug, Clone)]
struct Target {
    component: String,
    worker: Option<String>,
}

/// A text that names neither a component nor a worker.
#[derive(Debug, Error)]
#[error("expected the name of a component, or NAME/WORKER, such as consumers/37")]
struct TargetError;

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let is_name = |part: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            !part.is_empty() && part.chars().all(fits)
        };
        let (component, worker) = match text.split_once('/') {
            Some((component, worker)) => (component, Some(worker)),
            None => (text, None),
        };
        if !is_name(component) || !worker.is_none_or(is_name) {
            return Err(TargetError);
        }
        Ok(Self { component: component.to_owned(), worker: worker.map(str::to_owned) })
    }
}

impl Args {
    pub(super) fn peer(&self, sources: &Sources) -> anyhow::Result<Peer> {
        self.server.peer(sources, None)
    }
}

impl KillArgs {
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        self.server.peer(sources, token)
    }
}

impl RestartArgs {
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        self.server.peer(sources, token)
    }
}

/// Prints the tree.
pub(super) fn show(args: &Args, peer: &Peer) -> anyhow::Result<Exit> {
    let body = peer.request(Method::GET, TREE)?;
    let tree: ComponentTree = read(peer, TREE, &body)?;
    if args.json {
        say(String::from_utf8_lossy(&body));
    } else {
        say(pretty(&tree).trim_end());
    }
    Ok(Exit::Success)
}

/// Kills a component or a worker, and prints what that cost.
pub(super) fn kill(args: &KillArgs, peer: &Peer) -> anyhow::Result<Exit> {
    let Target { component, worker } = &args.target;
    if component == "jobs" {
        let id = worker.as_deref().unwrap_or("ID");
        super::complain(format_args!(
            "jobs is a lab, not a component; `weir jobs kill {id}` kills one of its jobs"
        ));
        return Ok(Exit::Usage);
    }
    let path = match worker {
        Some(worker) => format!("{TREE}/{component}/workers/{worker}/kill"),
        None => format!("{TREE}/{component}/kill"),
    };
    order(peer, &path)
}

/// Restarts a component, and prints what that cost.
pub(super) fn restart(args: &RestartArgs, peer: &Peer) -> anyhow::Result<Exit> {
    match &args.name {
        Target { component, worker: None } => order(peer, &format!("{TREE}/{component}/restart")),
        Target { component, worker: Some(worker) } => {
            super::complain(format_args!(
                "a worker cannot be restarted; `weir kill {component}/{worker}` replaces it"
            ));
            Ok(Exit::Usage)
        }
    }
}

fn order(peer: &Peer, path: &str) -> anyhow::Result<Exit> {
    let body = peer.request(Method::POST, path)?;
    let report: OrderReport = read(peer, path, &body)?;
    // Formatted here, not by the server, which may be another version or another program.
    say(report);
    Ok(Exit::Success)
}

fn read<T: DeserializeOwned>(peer: &Peer, path: &str, body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body)
        .with_context(|| format!("{}{path} answered with something unexpected", peer.base))
}

fn pretty(tree: &ComponentTree) -> String {
    let supervisor = &tree.supervisor;
    let mut table = Table::new([left(16), left(9), left(40)]).folded();
    let limit = format!(
        "supervisor, {}, gives up after {} failures within {} s",
        supervisor.strategy,
        supervisor.max_restarts + 1,
        supervisor.period_s
    );
    table.row([&supervisor.name, &supervisor.state, &limit]);
    let last = supervisor.stages.len().saturating_sub(1);
    for (at, stage) in supervisor.stages.iter().enumerate() {
        let (branch, below) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let name = format!("{branch}{}", stage.component.name);
        table.row([&name, &stage.component.state, &doing(stage)]);
        let lines = stage.workers.iter().map(|worker| (worker.id.to_string(), work(worker)));
        let lines: Vec<_> = lines.chain(stage.rest.map(|rest| ("…".to_owned(), more(rest)))).collect();
        for (at, (name, does)) in lines.iter().enumerate() {
            let branch = if at + 1 == lines.len() { "└─ " } else { "├─ " };
            table.row([&format!("{below}{branch}{name}"), "", does]);
        }
    }
    let labs: String = tree.labs.iter().map(|lab| format!("\n{}", of_lab(lab))).collect();
    format!("{table}\n{}{labs}", hang("ledger  ", &tree.ledger.to_string()))
}

fn of_lab(lab: &LabNode) -> Table {
    let mut table = Table::new([left(16), left(9), left(40)]).folded();
    table.row([&lab.name, "", &format!("lab; for its orders, see weir {} --help", lab.name)]);
    for (at, part) in lab.parts.iter().enumerate() {
        let branch = if at + 1 == lab.parts.len() { "└─ " } else { "├─ " };
        table.row([&format!("{branch}{}", part.name), &part.state, &part.says]);
    }
    table
}

fn doing(stage: &StageNode) -> String {
    let component = &stage.component;
    let since = stage.since_s.map_or("not running".to_owned(), |at| format!("since {at:.1} s"));
    let restarts = match (component.restarts, &stage.last_end) {
        (0, _) => String::new(),
        (1, Some(why)) => format!(", 1 restart ({why})"),
        (n, Some(why)) => format!(", {n} restarts (last: {why})"),
        (n, None) => format!(", {n} restarts"),
    };
    let held = component.held + component.buffered;
    format!("{}, {since}{restarts}, {held} held", component.kind)
}

fn work(worker: &WorkerNode) -> String {
    let mut text = match (worker.event, worker.age_ms) {
        (Some(event), _) if worker.at_door => format!("event {event}, at the door of the resource"),
        (Some(event), Some(age)) => format!("event {event}, {age:.0} ms"),
        (Some(event), None) => format!("event {event}"),
        (None, _) => "waits for an event".to_owned(),
    };
    if worker.held > 0 {
        let ids: Vec<String> = worker.prefetched.iter().take(MOST_IDS).map(u64::to_string).collect();
        let more = if worker.held > ids.len() { " …" } else { "" };
        text += &format!("; prefetched {}: {}{more}", worker.held, ids.join(" "));
    }
    text
}

fn more(rest: RestOfWorkers) -> String {
    let RestOfWorkers { workers, busy, held } = rest;
    format!("{workers} more: {busy} busy, {held} prefetched")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_component_or_one_of_its_workers() {
        let read = |text: &str| text.parse::<Target>().ok().map(|target| (target.component, target.worker));
        assert_eq!(read("consumers"), Some(("consumers".into(), None)));
        assert_eq!(read("consumers/37"), Some(("consumers".into(), Some("37".into()))));
        for wrong in ["", "/", "consumers/", "/37", "a/b/c", "../reset", "a b", "consumers/3?x"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
