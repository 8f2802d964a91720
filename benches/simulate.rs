//! Simulations: how long they take in real time, and what an event costs. The
//! budget is a second for the first two.
//!
//! The last is the second ten times as long: what an event costs must not grow with
//! the run. Arguments choose rows, and rounds, as in `support`: `rounds=31`.

mod support;

use tokio::time::Instant;
use weir::config::{Config, Sources};
use weir::record::{Arrivals, Mode, Model, Plan, Profile, RequestPlan};
use weir::simulate::simulate;

use self::support::{filters, median, quantile, rounds};

/// 400 a second, at random, on ten consumers that take 20 ms in the mean, at
/// random: 80 % busy.
const MM10: [&str; 3] =
    ["resource.latency.distribution=exponential", "resource.latency.mean=20ms", "consumers.concurrency=10"];

fn main() {
    let cases: [(&str, &[&str], Plan); 3] = [
        ("1000 requests, one at a time: 500 s", &[], closed(1000)),
        ("400/s for 10 minutes, ten at a time", &MM10, open(600.0)),
        ("400/s for 100 minutes", &MM10, open(6000.0)),
    ];
    println!("simulations of /pipelined: wall time, medians of {} rounds", rounds());
    for (name, settings, plan) in cases {
        if !filters().all(|filter| name.contains(&filter)) {
            continue;
        }
        let (mut took, mut events, mut virtually) = (Vec::new(), 0, 0.0);
        for _ in 0..rounds() {
            let start = Instant::now();
            let run = simulate(config(settings), Mode::Pipelined, &plan, &mut |_| {}).expect("a run");
            took.push(start.elapsed().as_secs_f64());
            events = run.client.as_ref().map_or(0, |client| client.ok);
            virtually = run.seconds;
        }
        let seconds = median(&mut took);
        println!(
            "  {name:<36} {:>7.0} ms ({:.0}-{:.0})   {:>6.0} ns an event   {:>7.0} times as fast",
            seconds * 1e3,
            quantile(&mut took, 0.25) * 1e3,
            quantile(&mut took, 0.75) * 1e3,
            seconds * 1e9 / events as f64,
            virtually / seconds
        );
    }
}

fn config(settings: &[&str]) -> Config {
    let flags = settings.iter().map(|&setting| setting.to_owned()).collect();
    Sources { file: None, flags }.load().expect("valid settings")
}

fn closed(requests: u64) -> Plan {
    let clients = Profile::constant(50.0, None);
    plan(Model::Closed { clients }, Some(requests))
}

fn open(seconds: f64) -> Plan {
    let rate = Profile::constant(400.0, Some(seconds));
    plan(Model::Open { rate, arrivals: Arrivals::Poisson, seed: 1, connections: 1000 }, None)
}

fn plan(model: Model, requests: Option<u64>) -> Plan {
    Plan { model, requests, request: RequestPlan::default() }
}
