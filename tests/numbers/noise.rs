//! `compare` on simulated runs: how often it says that two runs of the same thing
//! differ (A/A), and how often it finds a resource that is a tenth slower.
//!
//! In percent of 200 pairs (`WEIR_CASES=200`, on 2026-11-21), of 4000 requests
//! each, and 16 000 where the slower queue is looked for:
//!
//! ```text
//!                        told to differ where nothing does      10 % slower, found
//!                        any  rate  mean   p50   p90   p99      any  mean   p50
//!   independent work     1.0   6.0   3.5   3.0   3.0   2.0      100   100   100
//!   queue, M/M/3 at 0.5  1.5   5.5   4.5   5.0   4.5   5.0      100   100   100
//! ```
//!
//! With 4000 requests the slower queue is found in 62 % of the pairs by all figures
//! together, and in 89 % by the mean alone.

use std::collections::BTreeMap;

use weir::record::{Arrivals, Mode, Model, Run, TimingKind};
use weir::runs::{Difference, compare};

use super::{replicas, seed};
use crate::simulate::{open, run};

const RATE: f64 = 800.0;
/// 4000 requests.
const SECONDS: f64 = 5.0;
/// The fewest slices that give a useful interval.
const SLICES: usize = 20;

/// Independent work: any number may be inside.
const INDEPENDENT: &str = "distribution='lognormal'";
/// Three places, half of them taken: an M/M/3.
const QUEUE: &str = "distribution='exponential'";

/// A run with seeds that no other number has.
fn made(kind: &str, mean: &str, seconds: f64, n: u64) -> Run {
    let mut plan = open(RATE, seconds, Arrivals::Poisson, 0);
    let Model::Open { seed: arrivals, .. } = &mut plan.model else { unreachable!("an open plan") };
    *arrivals = seed(2 * n);
    let latency = format!("resource.latency={{{kind},mean='{mean}'}}");
    let work = format!("resource.seed={}", seed(2 * n + 1) >> 1);
    let places = if kind == QUEUE { "resource.max_concurrent=3" } else { "resource.max_concurrent=0" };
    let run = run(&[&latency, &work, places], Mode::Serial, &plan);
    for clock in [TimingKind::Answer, TimingKind::Response] {
        assert!(run.timing(clock).unwrap().slices().buckets_us.len() >= SLICES);
    }
    run
}

/// How many of the pairs differ: by each figure alone at 5 %, and by all together.
fn told(kind: &str, other: &str, seconds: f64, pairs: u64) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::from([("any".to_owned(), 0)]);
    for n in 0..pairs {
        let (a, b) = (made(kind, "1875us", seconds, 2 * n), made(kind, other, seconds, 2 * n + 1));
        let comparison = compare(&a, &b);
        for figure in &comparison.figures {
            let p = figure.p_value.expect("enough slices to tell");
            *told.entry(figure.name.clone()).or_default() += u64::from(p <= 0.05);
        }
        *told.entry("any".to_owned()).or_default() +=
            u64::from(comparison.difference == Difference::MoreThanNoise);
    }
    eprintln!("{kind} {other}, {pairs} pairs: {told:?}");
    told
}

/// The count that a binomial number around 5 % exceeds less than once in two hundred
/// times: 4 of 20 pairs, 6 of 40, 19 of 200.
fn seldom(pairs: u64) -> u64 {
    let n = pairs as f64;
    let (mut probability, mut above) = (0.95f64.powf(n), 1.0);
    for count in 0..=pairs {
        above -= probability;
        if above < 0.005 {
            return count;
        }
        probability *= (n - count as f64) / (count + 1) as f64 * 0.05 / 0.95;
    }
    pairs
}

/// Two rates, and the mean and three percentiles by two clocks.
const FIGURES: usize = 10;

fn seldom_differ(kind: &str, pairs: u64) {
    let pairs = replicas(pairs);
    let told = told(kind, "1875us", SECONDS, pairs);
    assert_eq!(told.len(), FIGURES + 1, "{told:?}");
    let many: Vec<_> = told.iter().filter(|(_, count)| **count > seldom(pairs)).collect();
    assert!(many.is_empty(), "of {pairs} pairs at most {} by chance: {many:?}", seldom(pairs));
}

#[test]
fn of_equal_runs_one_in_twenty_differs_and_no_more() {
    seldom_differ(INDEPENDENT, 40);
}

#[test]
fn nor_do_more_where_one_request_waits_for_another() {
    seldom_differ(QUEUE, 20);
}

#[test]
fn a_tenth_slower_is_found() {
    // Where requests wait for each other, there is less to be learnt from each.
    for (kind, seconds, pairs) in [(INDEPENDENT, SECONDS, 6), (QUEUE, 4.0 * SECONDS, 3)] {
        let pairs = replicas(pairs);
        let told = told(kind, "2062us", seconds, pairs);
        for figure in ["any", "answer mean", "answer p50"] {
            assert!(told[figure] * 10 >= pairs * 9, "{figure}, of {pairs} pairs: {told:?}");
        }
        // They still arrive as often.
        assert!(told["answers/s"] <= seldom(pairs), "{told:?}");
    }
}
