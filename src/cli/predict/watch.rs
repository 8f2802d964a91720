//! `weir predict watch`: when watchers have an event, and how long newcomers wait.

use std::time::Duration;

use hyper::Method;
use serde::Deserialize;

use crate::cli::Exit;
use crate::cli::output::{complain, say};
use crate::cli::server::Server;
use crate::cli::text::{NONE, Table, hang, left, number, percent, right, wrap};
use crate::config::{Behind, Encode, Matches, SnapshotFrom, Sources, Writer};
use crate::duration;
use crate::theory::jobs::Times;
use crate::theory::watch::{Broadcast, Figures, Machine, predict};

/// The times of two shared cores in the cloud, for a machine that was not measured.
const TYPICAL: Machine = Machine {
    send: 6.3e-6,
    byte: 2e-9,
    connect: 21e-6,
    art: 0.3e-3,
    wake: 3e-6,
    encode: 5e-6,
    snapshot: 30e-6,
};
/// Bytes of the frames: of a goal, and of the status of a match with its players.
const FRAME: u32 = 160;
const SNAPSHOT: u32 = 3_000;
/// The receive buffer that Linux gives a socket at first.
const RECEIVE_BUFFER: u64 = 128 << 10;
const MATCHES: &str = "/api/matches";

/// Watchers, load, settings and machine.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Number of watchers
    #[arg(short = 'c', long = "watchers", value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    watchers: u32,
    /// Number of events that are published at once
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    burst: u32,
    /// Events per second
    #[arg(long, value_name = "R[/s]", default_value = "0", value_parser = rate)]
    rate: f64,
    /// Newcomers per second
    #[arg(long, value_name = "R[/s]", default_value = "0", value_parser = rate)]
    joins: f64,
    /// What writes to a watcher's socket [default: that of the configuration]
    #[arg(long, value_parser = ["shards", "task"])]
    writer: Option<String>,
    /// How often an event is encoded [default: that of the configuration]
    #[arg(long, value_parser = ["once", "each"])]
    encode: Option<String>,
    /// Where a newcomer's snapshot comes from [default: that of the configuration]
    #[arg(long, value_parser = ["shared", "match"])]
    snapshot: Option<String>,
    /// Policy for a watcher that reads nothing [default: that of the configuration]
    #[arg(long, value_parser = ["drop_oldest", "latest", "close", "wait"])]
    behind: Option<String>,
    /// Events that a watcher may be behind [default: that of the configuration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    behind_limit: Option<u32>,
    /// Number of shards, or of threads that run tasks, each with a core of its own
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=64))]
    shards: u32,
    /// Bytes of an event's frame
    #[arg(long, value_name = "BYTES", default_value_t = FRAME, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    frame: u32,
    /// Time of one send [default: measured by the server]
    #[arg(long, value_name = "TIME", value_parser = cost)]
    send: Option<f64>,
    /// Time of an additional byte in a send
    #[arg(long, value_name = "TIME", default_value = "2ns", value_parser = cost)]
    byte: f64,
    /// Time of a connection without Weir [default: measured by the server]
    #[arg(long, value_name = "TIME", value_parser = cost)]
    connect: Option<f64>,
    /// Time to wake a watcher's task
    #[arg(long, value_name = "TIME", default_value = "3us", value_parser = cost)]
    wake: f64,
    /// Time to apply an event and encode it once
    #[arg(long, value_name = "TIME", default_value = "5us", value_parser = cost)]
    encode_cost: f64,
    /// Time to encode the status of a match
    #[arg(long, value_name = "TIME", default_value = "30us", value_parser = cost)]
    snapshot_cost: f64,
    /// URL of the server that has measured its machine [default: the configured address]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The part of the list of matches that is used.
#[derive(Debug, Deserialize)]
struct Listed {
    machine: Option<Measured>,
}

#[derive(Debug, Deserialize)]
struct Measured {
    connects_s: f64,
    art_ms: f64,
    send_us: f64,
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim().parse().ok();
    let number = number.filter(|rate| (0.0..=1e6).contains(rate));
    number.ok_or_else(|| "expected a number per second from 0 to 1000000, such as 20 or 1000/s".to_owned())
}

fn cost(text: &str) -> Result<f64, String> {
    let time = duration::parse(text).filter(|time| (1..=1_000_000_000).contains(&time.as_nanos()));
    let seconds = time.as_ref().map(Duration::as_secs_f64);
    seconds.ok_or_else(|| "expected a duration from 1ns to 1s, such as 6300ns".to_owned())
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let (machine, from) = match machine(args, sources) {
        Ok(machine) => machine,
        Err(error) => {
            complain(format_args!("weir: {error:#}"));
            return Ok(Exit::Failure);
        }
    };
    let matches = match sources.load() {
        Ok(loaded) => loaded.settings.matches,
        Err(error) => {
            complain(error);
            return Ok(Exit::Usage);
        }
    };
    let broadcast = args.broadcast(&matches, machine);
    match predict(&broadcast) {
        Ok(figures) if args.json => say(serde_json::to_string_pretty(&figures)?),
        Ok(figures) => say(table(&figures, &broadcast, &from).trim_end()),
        Err(error) => {
            complain(error);
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Success)
}

/// Returns the times of the machine, and where they come from. A server is asked if an argument
/// is missing.
///
/// # Errors
/// If a server was named and does not answer.
fn machine(args: &Args, sources: &Sources) -> anyhow::Result<(Machine, String)> {
    let Args { send, byte, connect, wake, encode_cost, snapshot_cost, .. } = *args;
    let mut machine = Machine { byte, wake, encode: encode_cost, snapshot: snapshot_cost, ..TYPICAL };
    let mut from = "as given".to_owned();
    if send.is_none() || connect.is_none() {
        from = "typical; for yours, start `weir serve` or give --send and --connect".to_owned();
        match measured(args, sources) {
            Ok((Some(Measured { connects_s, art_ms, send_us }), base)) => {
                machine.send = send_us * 1e-6;
                machine.connect = 1.0 / connects_s.max(1.0);
                machine.art = art_ms * 1e-3;
                from = format!("measured by {base}");
            }
            Ok((None, base)) => from = format!("typical; {base} has not measured its machine yet"),
            Err(error) if args.url.is_some() => return Err(error),
            Err(_) => {}
        }
    }
    machine.send = send.unwrap_or(machine.send);
    machine.connect = connect.unwrap_or(machine.connect);
    Ok((machine, from))
}

fn measured(args: &Args, sources: &Sources) -> anyhow::Result<(Option<Measured>, String)> {
    let peer = Server::at(args.url.clone()).peer(sources, None)?;
    let body = peer.request(Method::GET, MATCHES)?;
    let listed: Listed = serde_json::from_slice(&body).map_err(|error| {
        anyhow::Error::new(error)
            .context(format!("{}{MATCHES} answered with something unexpected", peer.base))
    })?;
    Ok((listed.machine, peer.base))
}

impl Args {
    fn broadcast(&self, matches: &Matches, machine: Machine) -> Broadcast {
        let limit = u32::try_from(matches.behind_limit).unwrap_or(u32::MAX);
        Broadcast {
            machine,
            watchers: self.watchers,
            threads: self.shards,
            burst: self.burst,
            rate: self.rate,
            joins: self.joins,
            frame: self.frame,
            snapshot_frame: SNAPSHOT,
            // Clap has checked the words.
            writer: match self.writer.as_deref() {
                Some("task") => Writer::Task,
                Some(_) => Writer::Shards,
                None => matches.writer,
            },
            encode: match self.encode.as_deref() {
                Some("each") => Encode::Each,
                Some(_) => Encode::Once,
                None => matches.encode,
            },
            snapshot: match self.snapshot.as_deref() {
                Some("match") => SnapshotFrom::Match,
                Some(_) => SnapshotFrom::Shared,
                None => matches.snapshot,
            },
            behind: match self.behind.as_deref() {
                Some("latest") => Behind::Latest,
                Some("close") => Behind::Close,
                Some("wait") => Behind::Wait,
                Some(_) => Behind::DropOldest,
                None => matches.behind,
            },
            behind_limit: self.behind_limit.unwrap_or(limit),
            send_buffer: matches.send_buffer,
            receive_buffer: RECEIVE_BUFFER,
        }
    }
}

fn table(figures: &Figures, broadcast: &Broadcast, from: &str) -> String {
    let Broadcast { watchers, frame, writer, encode, snapshot, behind, .. } = broadcast;
    let mut text = wrap(
        &format!(
            "{watchers} watchers of one match, frames of {frame} bytes, writer {writer}, encode {encode}, \
             snapshot {snapshot}, behind {behind}"
        ),
        0,
    );
    text += &hang("  by            ", "theory: walks, joined writes, a mailbox (src/theory/watch.rs)");
    text += &hang("  machine       ", from);
    text.push('\n');
    let mut table = Table::new([left(14), right(9), left(0)]).indented(2).folded();
    for (name, value, says) in rows(figures) {
        table.row([name, value, says]);
    }
    text += &table.to_string();
    let mut times = Table::new([left(14), right(9), right(9), right(9)]).indented(2);
    times = times.header(["ART in ms", "mean", "p50", "p99"]);
    for (name, known) in
        [("shared", Some(&figures.joins.shared)), ("match", figures.joins.matched.as_ref())]
    {
        match known {
            Some(Times { mean_ms, p50_ms, p99_ms }) => {
                times.row([name, &number(*mean_ms), &number(*p50_ms), &number(*p99_ms)]);
            }
            None => times.row([name, NONE, NONE, NONE]),
        }
    }
    text += &times.section();
    if let Some(caution) = &figures.caution {
        text += &format!("\n{}", hang("  caution       ", caution));
    }
    text += "\nassumes\n";
    text.extend(figures.assumptions.iter().map(|line| hang("  - ", line)));
    text
}

/// A row for each figure: its name, its value, its unit with what belongs to it.
fn rows(figures: &Figures) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: f64, says: String| rows.push((name.to_owned(), number(value), says));
    let Figures { one, joins, memory, .. } = figures;
    row(
        "one event",
        one.last_ms,
        format!(
            "ms until the last watcher has it; first {}, median {}",
            number(one.first_ms),
            number(one.median_ms)
        ),
    );
    if let Some(burst) = figures.burst {
        let name = format!("burst of {}", burst.events);
        let unjoined = number(burst.unjoined_ms);
        row(&name, burst.last_ms, format!("ms until the last has all; {unjoined} if nothing were joined"));
        row("", burst.deliveries_per_s, format!("deliveries per second, in {} walks", burst.walks));
    }
    if let Some(steady) = figures.steady {
        let each = number(steady.events_per_write);
        let name = format!("at {}/s", steady.rate);
        row(&name, steady.p50_ms, format!("ms median; p99 {}", number(steady.p99_ms)));
        row(
            "",
            steady.walk_ms,
            format!("ms per walk, {} busy; {each} events per write", percent(steady.busy)),
        );
    }
    row("saturates", figures.saturates_per_s, "events per second: from there on they pile up".to_owned());
    let floor = number(joins.floor_per_s);
    row("joins", joins.most_per_s, format!("per second at most; {floor} bare connections"));
    row("", joins.in_flight_ms, "ms ART with 256 connecting at a time (Little's law)".to_owned());
    if let Some(waiting) = joins.waiting.filter(|waiting| *waiting > 0.0) {
        row("", waiting, "newcomers wait at any time (Little's law)".to_owned());
    }
    if let Some(behind) = joins.behind_burst_ms.filter(|_| figures.burst.is_some()) {
        row("", behind, "ms ART right behind the burst, with the snapshot of the match".to_owned());
    }
    let kb = |bytes: u64| number(bytes as f64 / 1e3);
    row(
        "memory",
        memory.all as f64 / 1e6,
        format!(
            "MB; a watcher {} kB with shards, {} kB with task",
            kb(memory.shards_each),
            kb(memory.task_each)
        ),
    );
    if let Some(stop) = figures.stop {
        let (kernel, window) = (stop.in_kernel, stop.in_window);
        row(
            "stops after",
            stop.after as f64,
            format!("events: the kernel takes {kernel}, the window {window}"),
        );
    }
    rows
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::text::assert_fits;
    use crate::config::Settings;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn said(words: &[&str]) -> String {
        let args = Line::parse_from(std::iter::once(&"watch").chain(words)).args;
        let broadcast = args.broadcast(&Settings::default().matches, TYPICAL);
        table(&predict(&broadcast).unwrap(), &broadcast, "typical")
    }

    #[test]
    fn a_prediction_of_watchers_fits_and_names_its_assumptions() {
        let text = said(&["-c", "10000", "--burst", "10", "--rate", "20/s", "--joins", "1000/s"]);
        for says in ["one event", "63.0  ms until the last", "in 2 walks", "saturates", "match", "assumes"]
        {
            assert!(text.contains(says), "no {says:?} in\n{text}");
        }
        assert_fits(&text);
        let wait = said(&["--behind", "wait", "--frame", "1130", "--writer", "task", "--encode", "each"]);
        assert!(wait.contains("stops after           272  events: the kernel takes 144"), "{wait}");
        let matched = wait.lines().find(|line| line.starts_with("  match ")).unwrap_or_default();
        assert_eq!(matched.split_whitespace().collect::<Vec<_>>(), ["match", "–", "–", "–"], "{wait}");
        assert_fits(&wait);
    }

    #[test]
    fn arguments_have_units() {
        assert_eq!((rate("20"), rate("1000/s")), (Ok(20.0), Ok(1_000.0)));
        assert_eq!(cost("6300ns"), Ok(6.3e-6));
        assert!(rate("-1").is_err() && rate("x/s").is_err() && cost("0").is_err() && cost("2s").is_err());
    }
}
