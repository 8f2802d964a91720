//! `weir snapshot`: the figures of a running server, as text or as JSON.

mod nodes;

use anyhow::Context;
use hyper::Method;

use super::Exit;
use super::output::say;
use super::server::Server;
use super::text::{NONE, Table, fit, hang, left, number, pad, percent, right, time, wrap};
use crate::clean;
use crate::config::Sources;
use crate::measure::Peer;
use crate::metrics::Summary;
use crate::record::Origin;
use crate::workbench::{QueueState, Snapshot, Verdict};

/// The width of a label; the text begins behind it.
const LABEL: usize = 12;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: Server,
    /// Print the nodes with their ledgers: all servers on one NATS
    #[arg(long)]
    all: bool,
    /// Print the JSON as received
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn peer(&self, sources: &Sources) -> anyhow::Result<Peer> {
        self.server.peer(sources, None)
    }
}

pub(super) fn run(args: &Args, peer: &Peer) -> anyhow::Result<Exit> {
    if args.all {
        return nodes::run(args.json, peer);
    }
    let path = "/api/snapshot";
    let body = peer.request(Method::GET, path)?;
    let uri = peer.uri(path)?;
    let snapshot: Snapshot =
        serde_json::from_slice(&body).with_context(|| format!("{uri} did not answer with a snapshot"))?;
    if args.json {
        say(String::from_utf8_lossy(&body));
    } else {
        say(pretty(&snapshot).trim_end());
    }
    Ok(Exit::Success)
}

fn pretty(snapshot: &Snapshot) -> String {
    let state = match (snapshot.draining, snapshot.paused) {
        (true, _) => ", draining",
        (_, true) => ", paused",
        _ => "",
    };
    let mut text = verdict(&snapshot.verdict);
    text += &format!("weir {} up {:.0} s{state}\n\n", clean::line(&snapshot.version), snapshot.uptime_s);
    text += &parts(snapshot);
    text += &modes(snapshot);
    text += &stages(snapshot);
    text.push('\n');
    text += &config(snapshot);
    text
}

/// The verdict as a paragraph.
fn verdict(verdict: &Verdict) -> String {
    let Verdict { word, cause, consequence, remedy, .. } = verdict;
    let said = [Some(cause), Some(consequence), remedy.as_ref()];
    let said: Vec<&str> = said.into_iter().flatten().map(|text| text.trim()).collect();
    hang(&format!("{}  ", word.name()), &format!("{}\n\n", said.join(" ").trim()))
}

/// Resource, queue, consumers and ledger, a paragraph each.
fn parts(snapshot: &Snapshot) -> String {
    let Snapshot { resource, queue, consumers, ledger, .. } = snapshot;
    let limit = resource.limit.map_or("no limit".to_owned(), |limit| format!("limit {limit}"));
    let parts = [
        (
            "resource",
            vec![
                format!("{} in use, peak {}, {limit}", resource.in_use, resource.peak_in_use),
                format!("{} waiting, {} refused", resource.waiting, resource.refused),
            ]
            .into_iter()
            .chain(resource.oldest_ms.map(|ms| format!("oldest inside for {}", age(ms))))
            .chain(resource.frozen_ms.map(|ms| format!("frozen for {}", age(ms))))
            .collect(),
        ),
        (
            "queue",
            vec![
                format!("{} waiting, peak {}, capacity {}", queue.depth, queue.peak_depth, queue.capacity),
                format!("{} refused, {} dropped", queue.refused, queue.dropped),
            ]
            .into_iter()
            .chain(queue.oldest_ms.map(|ms| format!("oldest has waited {}", age(ms))))
            .chain((queue.at_gate > 0).then(|| format!("{} at the gate", queue.at_gate)))
            .collect(),
        ),
        ("engine", engine(queue)),
        (
            "consumers",
            vec![format!(
                "{} of {} busy, {} prefetched",
                consumers.busy, consumers.concurrency, consumers.held
            )],
        ),
        ("ledger", vec![ledger.to_string()]),
    ];
    parts
        .iter()
        .filter(|(_, said)| !said.is_empty())
        .map(|(label, said): &(_, Vec<String>)| hang(&pad(label, LABEL), &said.join(", ")))
        .collect()
}

/// The engine of the queue and where its events are; nothing with the memory engine.
fn engine(queue: &QueueState) -> Vec<String> {
    if matches!(queue.engine.as_str(), "" | "memory") {
        return Vec::new();
    }
    let file = queue.file.iter().map(|file| clean::line(file).into_owned());
    let counts = [
        ("leased", queue.leased),
        ("delayed", queue.delayed),
        ("settling", queue.settling),
        ("dead letters", queue.dead),
    ];
    let counts = counts.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}"));
    let trouble = queue.trouble.iter().map(|why| format!("in trouble: {}", clean::line(why)));
    [queue.engine.clone()].into_iter().chain(file).chain(counts).chain(trouble).collect()
}

/// A row for each mode: its counts, and the times of its requests and events.
fn modes(snapshot: &Snapshot) -> String {
    let modes = &snapshot.modes;
    let header =
        ["in ms", "arrived", "answered", "errors", "rate/s", "http p50", "p99", "response p50", "p99"];
    let mut table = Table::new([left(9)].into_iter().chain([right(6); 8])).header(header);
    for (name, mode) in
        [("serial", &modes.serial), ("async", &modes.asynchronous), ("pipelined", &modes.pipelined)]
    {
        let at = |summary: &Summary, ms: f64| match summary.count {
            0 => NONE.to_owned(),
            _ => time(ms, Origin::Recorded),
        };
        table.row([
            name.to_owned(),
            mode.arrived.to_string(),
            mode.requests.to_string(),
            mode.errors.to_string(),
            mode.rate.map_or(NONE.to_owned(), number),
            at(&mode.http_ms, mode.http_ms.p50),
            at(&mode.http_ms, mode.http_ms.p99),
            at(&mode.response_ms, mode.response_ms.p50),
            at(&mode.response_ms, mode.response_ms.p99),
        ]);
    }
    table.section()
}

/// A row for each stage.
fn stages(snapshot: &Snapshot) -> String {
    let header = ["stage", "state", "kind", "in", "out", "held", "wanted", "busy"];
    let columns = [left(9), left(7), left(8)].into_iter().chain([right(6); 5]);
    let mut table = Table::new(columns).header(header);
    for stage in &snapshot.components {
        table.row([
            stage.name.clone(),
            stage.state.to_string(),
            stage.kind.to_string(),
            stage.events_in.to_string(),
            stage.events_out.to_string(),
            (stage.held + stage.buffered).to_string(),
            (stage.demand + stage.asked).to_string(),
            stage.busy_share.map_or(NONE.to_owned(), percent),
        ]);
    }
    table.section()
}

/// The configuration's source, its notes, and the last edit if it was refused.
fn config(snapshot: &Snapshot) -> String {
    let config = &snapshot.config;
    let source = config.source.as_deref().unwrap_or("the defaults");
    let mut text = hang(&pad("config", LABEL), &format!("{source}, generation {}", config.generation));
    text.extend(config.notes.iter().map(|note| wrap(note, LABEL)));
    if let Some(error) = &config.error {
        text += &wrap("the last edit was refused:", LABEL);
        text += &fit(&clean::record(&format!("  {error}")));
        text.push('\n');
    }
    text
}

/// Milliseconds, or seconds from a second on.
fn age(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{} ms", time(ms, Origin::Recorded))
    } else {
        format!("{} s", number(ms / 1e3))
    }
}
