//! `weir snapshot`: the numbers of a running server, for people or for programs.

use std::fmt::Write;

use anyhow::Context;
use hyper::Method;

use super::Exit;
use super::output::say;
use super::report::time;
use super::server::Server;
use crate::clean;
use crate::config::Sources;
use crate::measure::Peer;
use crate::metrics::Summary;
use crate::record::Origin;
use crate::workbench::Snapshot;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: Server,
    /// Print the JSON as it comes
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn peer(&self, sources: &Sources) -> anyhow::Result<Peer> {
        self.server.peer(sources, None)
    }
}

pub(super) fn run(args: &Args, peer: &Peer) -> anyhow::Result<Exit> {
    let path = "/api/snapshot";
    let body = peer.request(Method::GET, path)?;
    let uri = peer.uri(path)?;
    let snapshot: Snapshot =
        serde_json::from_slice(&body).with_context(|| format!("what {uri} answers is not a snapshot"))?;
    if args.json {
        say(String::from_utf8_lossy(&body));
    } else {
        say(pretty(&snapshot).trim_end());
    }
    Ok(Exit::Success)
}

/// At most 80 columns.
fn pretty(snapshot: &Snapshot) -> String {
    let Snapshot { resource, queue, consumers, ledger, modes, config, .. } = snapshot;
    let limit = resource.limit.map_or("no limit".to_owned(), |limit| format!("limit {limit}"));
    let mut text = format!(
        "weir {} up {:.0} s{}\n\n\
         resource    {} in use, peak {}, {limit}, {} waiting, {} refused\n{}\
         queue       {} waiting, peak {}, capacity {}, {} refused, {} dropped\n{}\
         consumers   {} of {} busy, {} prefetched\n\
         ledger      accepted {} = done {} + failed {} + dropped {} + held {}\n\
         \x20           rejected {}, unaccounted {}\n\n",
        clean::line(&snapshot.version),
        snapshot.uptime_s,
        match (snapshot.draining, snapshot.paused) {
            (true, _) => ", draining",
            (_, true) => ", paused",
            _ => "",
        },
        resource.in_use,
        resource.peak_in_use,
        resource.waiting,
        resource.refused,
        beside(&[
            resource.oldest_ms.map(|ms| format!("oldest inside for {}", age(ms))),
            resource.frozen_ms.map(|ms| format!("frozen for {}", age(ms))),
        ]),
        queue.depth,
        queue.peak_depth,
        queue.capacity,
        queue.refused,
        queue.dropped,
        beside(&[
            queue.oldest_ms.map(|ms| format!("oldest has waited {}", age(ms))),
            (queue.at_gate > 0).then(|| format!("{} at the gate", queue.at_gate)),
        ]),
        consumers.busy,
        consumers.concurrency,
        consumers.held,
        ledger.accepted,
        ledger.done,
        ledger.failed,
        ledger.dropped,
        ledger.held,
        ledger.rejected,
        ledger.unaccounted,
    );
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:<9}{:>9}{:>9}{:>8}{:>8}{:>18}{:>18}",
        "times", "", "", "", "", "server time", "response"
    );
    let _ = writeln!(
        text,
        "{:<9}{:>9}{:>9}{:>8}{:>8}{:>9}{:>9}{:>9}{:>9}",
        "in ms", "arrived", "answered", "errors", "rate/s", "p50", "p99", "p50", "p99"
    );
    for (name, mode) in
        [("serial", &modes.serial), ("async", &modes.asynchronous), ("pipelined", &modes.pipelined)]
    {
        let at = |summary: &Summary, value: f64| match summary.count {
            0 => "-".to_owned(),
            _ => time(value, Origin::Recorded, figures),
        };
        let _ = writeln!(
            text,
            "{name:<9}{:>9}{:>9}{:>8}{:>8}{:>9}{:>9}{:>9}{:>9}",
            mode.arrived,
            mode.requests,
            mode.errors,
            mode.rate.map_or("-".to_owned(), figures),
            at(&mode.http_ms, mode.http_ms.p50),
            at(&mode.http_ms, mode.http_ms.p99),
            at(&mode.response_ms, mode.response_ms.p50),
            at(&mode.response_ms, mode.response_ms.p99),
        );
    }
    let _ = writeln!(
        text,
        "\n{:<10}{:>10}{:>9}{:>10}{:>10}{:>8}{:>9}{:>10}",
        "stage", "state", "kind", "in", "out", "held", "wanted", "busy"
    );
    for stage in &snapshot.components {
        let _ = writeln!(
            text,
            "{:<10}{:>10}{:>9}{:>10}{:>10}{:>8}{:>9}{:>10}",
            clean::line(&stage.name),
            clean::line(&stage.state),
            clean::line(&stage.kind),
            stage.events_in,
            stage.events_out,
            stage.held + stage.buffered,
            stage.demand + stage.asked,
            stage.busy_share.map_or("-".to_owned(), percent),
        );
    }
    let source = clean::line(config.source.as_deref().unwrap_or("the defaults"));
    let _ = writeln!(text, "\nconfig      {source}, generation {}", config.generation);
    for note in &config.notes {
        let _ = writeln!(text, "            {}", clean::line(note));
    }
    if let Some(error) = &config.error {
        let said = format!("            the last edit was refused:\n{error}");
        let _ = writeln!(text, "{}", clean::record(&said));
    }
    text
}

/// A line of its own for what there is to say, or nothing.
fn beside(parts: &[Option<String>]) -> String {
    let said: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
    if said.is_empty() { String::new() } else { format!("            {}\n", said.join(", ")) }
}

/// Milliseconds, or seconds from a second on.
fn age(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{} ms", time(ms, Origin::Recorded, figures))
    } else {
        format!("{} s", figures(ms / 1e3))
    }
}

/// A share in whole per cent; one that is not zero does not become zero.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "<1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

/// Three significant figures, without an exponent.
fn figures(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 || v == 0.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
