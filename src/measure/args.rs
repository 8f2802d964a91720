//! The arguments that describe a load, for the commands that generate, simulate or
//! predict one.

use std::time::Duration;

use clap::Parser;
use thiserror::Error;

use crate::duration;
use crate::load::{CONNECTIONS, PlanError};
use crate::record::{Arrivals, Mode, Plan, RequestPlan};

/// The default number of clients.
const CLIENTS: &str = "50";

/// A load and its target.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Endpoint of the bench (serial, async or pipelined), or any http:// URL
    target: String,
    /// Number of requests [default for a closed load without --duration: 1000]
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count)]
    requests: Option<u64>,
    /// Closed load: number of clients, each sending its next request after its
    /// answer. Over time: 1..50 is a ramp, 10,20,50 are equal steps,
    /// 10:5s,10..50:20s gives each step its length
    #[arg(short, long, value_name = "PROFILE", conflicts_with = "rate", default_value = CLIENTS)]
    clients: String,
    /// Open load: requests per second, independent of the answers. Over time: as
    /// for --clients
    #[arg(long, value_name = "PROFILE")]
    rate: Option<String>,
    /// Length of the load, such as 10s, 2min or 1m30s; a plain number is seconds
    /// [default for an open load without --requests: 10s]
    #[arg(short, long, value_name = "TIME", value_parser = parse_time)]
    duration: Option<Duration>,
    /// Arrival process of an open load: constant, poisson, burst or burst:SIZE
    #[arg(long, value_name = "HOW", requires = "rate", default_value = "poisson")]
    arrivals: Arrivals,
    /// Maximum number of connections of an open load
    #[arg(long, value_name = "N", requires = "rate", value_parser = parse_count, default_value_t = CONNECTIONS as u64)]
    connections: u64,
    /// Seed of the schedule of an open load
    #[arg(long, value_name = "N", requires = "rate", default_value_t = 1)]
    seed: u64,
    /// Request method [default: GET, or POST with --body]
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// Request body
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Open a new connection for each request
    #[arg(long)]
    no_keep_alive: bool,
    /// Time limit for an answer
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "60s")]
    timeout: Duration,
}

/// The target of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetArg {
    /// An endpoint of the bench.
    Mode(Mode),
    /// Any server.
    Url(String),
}

/// Why arguments describe no load.
#[derive(Debug, Error)]
pub enum ArgsError {
    /// Clap cannot parse them.
    #[error("{0}")]
    Syntax(clap::Error),
    /// They contradict each other, or nothing ends the load.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The target is neither a mode nor a URL.
    #[error(
        "target {0:?}: expected serial, async, pipelined, or a URL such as http://127.0.0.1:4000/serial"
    )]
    Target(String),
    /// The target is a URL, and the command knows only the bench.
    #[error("cannot {command} {url}: expected serial, async or pipelined")]
    NotOnBench {
        /// The command.
        command: String,
        /// The URL.
        url: String,
    },
}

/// The arguments without a command in front.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    plan: PlanArgs,
}

impl PlanArgs {
    /// Parses the arguments of `weir load`, such as `serial -n 3000 -c 50`.
    ///
    /// # Errors
    /// Clap's error, as the command line would print it.
    pub fn read(line: &str) -> Result<Self, ArgsError> {
        let parsed = Line::try_parse_from(line.split_whitespace());
        Ok(parsed.map_err(ArgsError::Syntax)?.plan)
    }

    /// The load.
    ///
    /// # Errors
    /// If the arguments contradict each other, or nothing ends the load.
    pub fn plan(&self) -> Result<Plan, ArgsError> {
        let (requests, duration) = (self.requests, self.duration);
        let plan = match &self.rate {
            None => Plan::closed(&self.clients, requests, duration)?,
            Some(rate) => {
                let connections = usize::try_from(self.connections).unwrap_or(usize::MAX);
                Plan::open(rate, requests, duration, self.arrivals, self.seed, connections)?
            }
        };
        Ok(Plan { request: self.request(), ..plan })
    }

    /// The target of the load.
    ///
    /// # Errors
    /// If it is neither a mode nor a URL.
    pub fn target(&self) -> Result<TargetArg, ArgsError> {
        let text = &self.target;
        if let Some(mode) = Mode::named(text) {
            return Ok(TargetArg::Mode(mode));
        }
        if text.contains("://") {
            return Ok(TargetArg::Url(text.clone()));
        }
        Err(ArgsError::Target(text.clone()))
    }

    /// The mode and the load, for commands that know only the bench.
    ///
    /// # Errors
    /// As [`plan`](Self::plan), and if the target is a URL.
    pub fn on_bench(&self, command: &str) -> Result<(Mode, Plan), ArgsError> {
        match self.target()? {
            TargetArg::Mode(mode) => Ok((mode, self.plan()?)),
            TargetArg::Url(url) => Err(ArgsError::NotOnBench { command: command.to_owned(), url }),
        }
    }

    /// The target as written.
    pub fn target_name(&self) -> &str {
        &self.target
    }

    fn request(&self) -> RequestPlan {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        RequestPlan {
            method: self.method.clone().unwrap_or_else(|| method.to_owned()),
            body: self.body.clone(),
            keep_alive: !self.no_keep_alive,
            timeout_s: self.timeout.as_secs_f64(),
        }
    }
}

/// A whole number from 1; underscores may group its digits.
fn parse_count(text: &str) -> Result<u64, String> {
    let number = text.replace('_', "").parse().ok();
    number
        .filter(|&number| number > 0)
        .ok_or_else(|| "expected a whole number of at least 1, such as 10_000".to_owned())
}

/// A time above zero.
fn parse_time(text: &str) -> Result<Duration, String> {
    let time = duration::parse_seconds(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| "expected a time above zero, such as 500ms, 10s, 2min or 1m30s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Model, Profile};

    fn args(line: &str) -> Result<PlanArgs, String> {
        PlanArgs::read(line).map_err(|error| error.to_string())
    }

    /// The plan in words, or what is wrong with it.
    fn plan(line: &str) -> String {
        match args(line).map(|args| args.plan()) {
            Ok(Ok(plan)) => plan.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error,
        }
    }

    #[test]
    fn a_load_is_closed_until_a_rate_is_named() {
        for (line, expected) in [
            ("serial", "closed, 50 clients, 1000 requests"),
            ("serial -c 1 -n 3", "closed, 1 client, 3 requests"),
            ("serial -n 10_000 -c 20 -d 2s", "closed, 20 clients, 10000 requests, 2 s"),
            ("serial -d 5s", "closed, 50 clients, 5 s"),
            ("serial -d 10", "closed, 50 clients, 10 s"),
            ("serial -d 1m30s", "closed, 50 clients, 90 s"),
            ("serial --rate 20:1m,5:30", "open, 20:60s, 5:30s/s poisson, 90 s"),
            ("serial -c 1..50 -d 10s", "closed, 1..50 clients, 10 s"),
            ("serial -c 10,20,50 -d 30s", "closed, 10:10s, 20:10s, 50:10s clients, 30 s"),
            ("serial -c 10:5s,10..50:20s", "closed, 10:5s, 10..50:20s clients, 25 s"),
            ("serial --rate 400", "open, 400/s poisson, 10 s"),
            ("serial --rate 100..400", "open, 100..400/s poisson, 10 s"),
            ("serial --rate 400 -n 100", "open, 400/s poisson, 100 requests"),
            ("serial --rate 400 -d 1min --arrivals constant", "open, 400/s constant, 60 s"),
            ("serial --rate 1:1s,9:2s --arrivals burst:5", "open, 1:1s, 9:2s/s burst:5, 3 s"),
        ] {
            assert_eq!(plan(line), expected, "{line}");
        }
    }

    #[test]
    fn a_profile_of_many_steps_is_summed_up() {
        let steps: Vec<String> =
            (0..1440).map(|n| format!("{}:60s", 0.5 + f64::from(n % 4) / 4.0)).collect();
        let line = format!("serial --rate {}", steps.join(","));
        assert_eq!(plan(&line), "open, 1440 steps from 0.5 to 1.25/s poisson, 86400 s");
        assert_eq!(plan("serial -c 1:1s,2:1s,3:1s"), "closed, 1:1s, 2:1s, 3:1s clients, 3 s");
    }

    #[test]
    fn what_does_not_go_together_is_told_with_what_is_allowed() {
        for (line, expected) in [
            ("serial -c 1..50", "needs a duration"),
            ("serial -c 1..50 -n 100", "needs a duration"),
            ("serial -c 10,20", "needs a duration"),
            ("serial --rate 1..9 -n 100", "needs a duration"),
            ("serial --rate 1:5s,9", "needs a duration"),
            ("serial -c 10:5s -d 10s", "leave out the duration 10s"),
            ("serial --rate 10:5s -d 10s", "leave out the duration 10s"),
            ("serial -c 2.5", "expected whole numbers up to 60000"),
            ("serial -c 100000", "expected whole numbers up to 60000"),
            ("serial -c 0", "is zero all the time"),
            ("serial -c many", "clients: \"many\" is not a level over time"),
            ("serial --rate x", "rate: \"x\" is not a level over time"),
            ("serial --rate 1e9", "at most 10000000 requests a second"),
            ("serial --rate 5:0s", "lasts no time at all"),
            ("serial --rate 5 --connections 70_000", "connections 70000: expected 1 to 60000"),
            ("serial -n 0", "expected a whole number of at least 1"),
            ("serial -d 10x", "expected a time above zero"),
            ("serial -d 0s", "expected a time above zero"),
            ("serial --timeout 0", "expected a time above zero"),
            ("serial --rate 20:1x", "\"1x\" is not a time"),
            ("serial --rate 5 -c 5", "cannot be used with"),
            ("serial --arrivals constant", "--rate"),
            ("serial --connections 5", "--rate"),
            ("serial --rate 5 --arrivals often", "none of constant, poisson, burst, burst:SIZE"),
            ("", "<TARGET>"),
        ] {
            assert!(plan(line).contains(expected), "{line}: {}", plan(line));
        }
    }

    #[test]
    fn the_rest_of_an_open_load_has_defaults() {
        let model = |line| args(line).unwrap().plan().unwrap().model;
        let rate = Profile::constant(5.0, Some(10.0));
        let expected = |seed, connections| {
            let (rate, arrivals) = (rate.clone(), Arrivals::Poisson);
            Model::Open { rate, arrivals, seed, connections }
        };
        assert_eq!(model("serial --rate 5"), expected(1, 1000));
        assert_eq!(model("serial --rate 5 --seed 7 --connections 9"), expected(7, 9));
    }

    #[test]
    fn a_body_is_posted_and_the_method_may_be_another() {
        let request = |line| args(line).unwrap().plan().unwrap().request;
        assert_eq!(request("serial"), RequestPlan::default());
        let put = request("serial --body x --no-keep-alive --timeout 500ms");
        let body = Some("x".to_owned());
        let expected = RequestPlan { method: "POST".to_owned(), body, keep_alive: false, timeout_s: 0.5 };
        assert_eq!(put, expected);
        assert_eq!(request("serial --body x --method PUT").method, "PUT");
    }

    #[test]
    fn a_target_is_a_mode_or_a_url() {
        let target = |line| args(line).unwrap().target();
        assert_eq!(target("async").unwrap(), TargetArg::Mode(Mode::Async));
        assert_eq!(target("http://a.test/b").unwrap(), TargetArg::Url("http://a.test/b".to_owned()));
        let refused = target("127.0.0.1:4000").unwrap_err().to_string();
        assert!(refused.contains("expected serial, async, pipelined"), "{refused}");
    }
}
