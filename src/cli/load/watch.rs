//! `weir load watch`: watches a match over many connections.

use std::str::FromStr;
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Output, ProgressLine, read_time, stop_on_interrupt};
use crate::cli::Exit;
use crate::cli::output::complain;
use crate::cli::server::Server;
use crate::cli::text::{number, time};
use crate::config::Sources;
use crate::load::watch::{WatchError, WatchPlan, WatchProgress, WatchTarget, WatchTransport, watch};
use crate::record::Origin;
use crate::shutdown::StopToken;

/// Watchers of a match.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Number of watchers
    #[arg(short = 'c', long, value_name = "N", default_value = "10000")]
    watchers: usize,
    /// Connects per second, by the clock
    #[arg(long, value_name = "RATE", default_value = "1000/s", value_parser = read_rate)]
    ramp: f64,
    /// Connect as fast as the server answers, with at most 256 handshakes in flight
    #[arg(long, conflicts_with = "ramp")]
    closed: bool,
    /// Length of the run, from the first connect; a plain number is seconds
    #[arg(short, long, value_name = "TIME", value_parser = read_time, default_value = "30s")]
    duration: Duration,
    /// How events reach the watchers: WebSocket or server-sent events
    #[arg(long, default_value = "ws", value_parser = transport())]
    transport: WatchTransport,
    /// Match to watch
    #[arg(long = "match", value_name = "ID", default_value = "weir-sluice")]
    match_id: String,
    /// Path on any other server that sends messages with "seq":N, instead of a match
    #[arg(long, value_name = "PATH", conflicts_with = "match_id")]
    path: Option<String>,
    /// Number of watchers that read nothing after the snapshot
    #[arg(long, value_name = "N", default_value = "0")]
    slow: usize,
    /// Number of source addresses, from 127.0.0.2 on, for a server on 127.0.0.0/8: each has
    /// about 28,000 ports
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u8).range(1..=250))]
    sources: u8,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// Both transports, which completion knows by name.
fn transport() -> impl TypedValueParser<Value = WatchTransport> {
    PossibleValuesParser::new(["ws", "sse"]).try_map(|name| WatchTransport::from_str(&name))
}

/// Reads `1000/s` or `1000`.
fn read_rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim();
    let rate = number.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "expected connects per second, such as 1000/s or 50".to_owned())
}

impl Args {
    fn plan(&self) -> WatchPlan {
        WatchPlan {
            transport: self.transport,
            watchers: self.watchers,
            ramp: (!self.closed).then_some(self.ramp),
            duration: self.duration,
            slow: self.slow,
            sources: self.sources,
            ..WatchPlan::default()
        }
    }

    fn target(&self, sources: &Sources) -> anyhow::Result<WatchTarget> {
        let base = self.server.peer(sources, None)?.base;
        Ok(match &self.path {
            Some(path) => WatchTarget::of_server(&format!("{base}/{}", path.trim_start_matches('/')))?,
            None => WatchTarget::of_match(&base, &self.match_id)?,
        })
    }
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let plan = args.plan();
    let prepared = args.output.check().and_then(|()| Ok(plan.check()?));
    let target = match prepared.and_then(|()| args.target(sources)) {
        Ok(target) => target,
        Err(error) => {
            complain(format_args!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let stop = StopToken::new();
    stop_on_interrupt(&stop)?;
    let line = ProgressLine::new(args.output.quiet);
    line.announce(&format!("{plan}, of {}", args.path.as_deref().unwrap_or(&args.match_id)));
    let watched = thread::scope(|scope| {
        // The engine wants a thread of its own, whose CPU time is that of the generator.
        let engine = || watch(&target, &plan, &stop, &mut |progress| line.write(&in_words(progress)));
        let engine = thread::Builder::new().name("weir-watch".to_owned()).spawn_scoped(scope, engine);
        engine.map(|engine| engine.join())
    })?;
    line.clear();
    let watched = match watched {
        Ok(watched) => watched,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    let run = match watched {
        Err(error) if error.is_usage() => {
            complain(&error);
            if matches!(error, WatchError::NoMatch { .. }) {
                complain("`weir match list` lists the matches of a server");
            }
            return Ok(Exit::Usage);
        }
        watched => watched?.into_run().audited(),
    };
    let exit = args.output.finish(run, sources)?;
    Ok(if stop.is_cancelled() { Exit::Interrupted } else { exit })
}

/// The progress in one line.
fn in_words(progress: &WatchProgress) -> String {
    let WatchProgress { seconds, watchers, refused, lost, events, deliveries, art_p99_ms, last_ms, .. } =
        progress;
    let bad = match refused + lost {
        0 => String::new(),
        _ => format!(", {refused} refused, {lost} gone"),
    };
    let ms = |ms: &Option<f64>, what: &str| {
        ms.map_or(String::new(), |ms| format!(", {what} {} ms", time(ms, Origin::Load)))
    };
    format!(
        "{seconds:.0} s: {watchers} watchers{bad}, {events} events, {} deliveries{}{}",
        number(*deliveries as f64),
        ms(art_p99_ms, "ART p99"),
        ms(last_ms, "last")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn plan(words: &[&str]) -> Result<WatchPlan, String> {
        let line = Line::try_parse_from(["watch"].iter().chain(words));
        line.map(|line| line.args.plan()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_plan() {
        assert_eq!(plan(&[]).unwrap(), WatchPlan::default());
        let given =
            plan(&["-c", "5", "--ramp", "50", "-d", "2", "--transport", "sse", "--slow", "1"]).unwrap();
        assert_eq!(given.to_string(), "5 watchers over sse at 50/s, 1 of them slow, 2 s");
        assert_eq!(plan(&["--closed"]).unwrap().ramp, None);
    }

    #[test]
    fn what_is_no_rate_and_no_transport_is_refused() {
        for words in [["--ramp", "0"], ["--ramp", "fast"], ["--ramp", "inf/s"], ["--transport", "http2"]] {
            assert!(plan(&words).is_err(), "{words:?}");
        }
        assert!(plan(&["--closed", "--ramp", "5"]).is_err());
        assert!(plan(&["--path", "/x", "--match", "y"]).is_err());
    }

    #[test]
    fn the_progress_is_a_line() {
        let progress = WatchProgress {
            seconds: 12.3,
            watchers: 9_998,
            refused: 1,
            lost: 1,
            events: 20,
            deliveries: 199_960,
            art_p99_ms: Some(3.94),
            last_ms: Some(69.93),
            ..WatchProgress::default()
        };
        assert_eq!(
            in_words(&progress),
            "12 s: 9998 watchers, 1 refused, 1 gone, 20 events, 199960 deliveries, ART p99 3.94 ms, last 69.9 ms"
        );
    }
}
