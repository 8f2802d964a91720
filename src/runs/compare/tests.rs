//! The rate of reported differences, over runs of queues whose truth is known.

mod rooms;
mod shares;
mod watch;

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{Difference, compare};
use crate::metrics::empty_histogram;
use crate::record::{
    Audit, ByAnswer, Check, ClientSide, FORMAT, Origin, Points, Run, Timing, Verdict, buckets,
};

/// Requests a second.
const RATE: f64 = 400.0;
/// How long a run is.
const SECONDS: f64 = 60.0;
/// Into how many slices it is divided.
const SLICES: usize = 30;

/// What takes the time in a run.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Three servers and a queue, Poisson arrivals and exponential service, at this
    /// utilisation.
    Queue(f64),
    /// Independent lognormal times, evenly spaced arrivals.
    Independent,
    /// Always the same time, evenly spaced arrivals.
    Fixed,
    /// All requests at the beginning, to `servers` servers of exponential service of 20
    /// ms on average.
    Drain(usize),
}

/// When each request ended, in seconds, and how long it took.
fn times(kind: Kind, slower: f64, seed: u64) -> Vec<(f64, f64)> {
    // Neighbouring seeds begin alike.
    let seed = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut exponential = move || -(1.0 - random.f64()).ln();
    let mut random = fastrand::Rng::with_seed(!seed);
    let mut normal = move || {
        let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * random.f64()).cos()
    };
    // When each server is free (Kiefer & Wolfowitz 1955).
    let mut free = [0.0_f64; 3];
    let mut serve = move |servers: usize, arrives: f64, service: f64| {
        let first = (1..servers).fold(0, |first, n| if free[n] < free[first] { n } else { first });
        free[first] = free[first].max(arrives) + service;
        free[first]
    };
    let spaced = |n: usize| n as f64 / RATE;
    let all = (RATE * SECONDS) as usize;
    match kind {
        Kind::Independent => {
            let time = |n| (spaced(n), 0.02 * slower * (0.5 * normal()).exp());
            (0..all).map(time).map(|(at, took)| (at + took, took)).collect()
        }
        Kind::Fixed => (0..all).map(|n| (spaced(n) + 0.02 * slower, 0.02 * slower)).collect(),
        Kind::Drain(servers) => {
            let mut drain = || serve(servers, 0.0, 0.02 * slower * exponential());
            (0..3000).map(|_| drain()).map(|ends| (ends, ends)).collect()
        }
        Kind::Queue(utilisation) => {
            let service = 3.0 * utilisation / RATE * slower;
            // Ten seconds to forget the empty beginning.
            let mut now = -10.0;
            let mut found = Vec::with_capacity(all);
            loop {
                now += exponential() / RATE;
                if now > SECONDS {
                    return found;
                }
                let ends = serve(3, now + 10.0, service * exponential()) - 10.0;
                if now >= 0.0 {
                    found.push((ends, ends - now));
                }
            }
        }
    }
}

fn run_of(times: &[(f64, f64)], slices: usize) -> Run {
    let seconds = times.iter().map(|(ends, _)| *ends).fold(0.0, f64::max);
    let width = seconds / slices as f64;
    let mut slices: Vec<Histogram<u64>> = Vec::new();
    let mut all = empty_histogram();
    for (ends, took) in times {
        let slice = (ends / width) as usize;
        slices.resize_with(slices.len().max(slice + 1), empty_histogram);
        let micros = (took * 1e6).round() as u64;
        slices[slice].record(micros).unwrap();
        all.record(micros).unwrap();
    }
    let ok = Timing::sliced(all, width, slices.iter().map(buckets).collect());
    let rate = times.len() as f64 / seconds;
    let service = ByAnswer { ok, ..ByAnswer::default() };
    run_with(ClientSide { seconds, rate, service, ..ClientSide::default() })
}

fn run_with(client: ClientSide) -> Run {
    Run {
        format: FORMAT,
        weir: String::new(),
        id: "r".to_owned(),
        name: None,
        origin: Origin::Load,
        target: "serial".to_owned(),
        began: String::new(),
        seconds: client.seconds,
        load: None,
        config: None,
        audit: Audit::default(),
        client: Some(client),
        bench: None,
        engine: None,
        prediction: None,
        jobs: None,
        watch: None,
        rooms: None,
        window: None,
        skipped: None,
    }
}

fn run(kind: Kind, slower: f64, seed: u64) -> Run {
    run_of(&times(kind, slower, seed), SLICES)
}

/// In percent of the pairs: how often each figure was reported to differ at its own 5 %,
/// and how often any was over all.
fn told(pairs: impl Iterator<Item = (Run, Run)>) -> BTreeMap<String, f64> {
    let mut told = BTreeMap::from([("any".to_owned(), 0.0)]);
    let mut all = 0.0;
    for (a, b) in pairs {
        let comparison = compare(&a, &b);
        all += 1.0;
        for figure in &comparison.figures {
            let found = figure.p_value.is_some_and(|p| p <= 0.05);
            *told.entry(figure.name.clone()).or_default() += f64::from(u8::from(found));
        }
        let any = comparison.difference == Difference::MoreThanNoise;
        *told.entry("any".to_owned()).or_default() += f64::from(u8::from(any));
    }
    told.into_iter().map(|(name, count)| (name, 100.0 * count / all)).collect()
}

/// Runs that do not depend on each other.
fn pairs(kind: Kind, slower: f64, count: u64) -> impl Iterator<Item = (Run, Run)> {
    (0..count).map(move |n| (run(kind, 1.0, 2 * n), run(kind, slower, 2 * n + 1)))
}

/// The figures among these that were told to differ in more or less of the pairs.
fn outside(told: &BTreeMap<String, f64>, names: &[&str], from: f64, to: f64) -> Vec<String> {
    let inside = |name: &&&str| told.get(**name).is_none_or(|percent| !(from..=to).contains(percent));
    names.iter().filter(inside).map(|name| format!("{name}: {:?} %", told.get(*name))).collect()
}

const TIMES: [&str; 4] = ["answer mean", "answer p50", "answer p90", "answer p99"];

fn seldom_differ(kind: Kind) {
    let told = told(pairs(kind, 1.0, 200));
    let wrong = outside(&told, &["answers/s", TIMES[0], TIMES[1], TIMES[2], TIMES[3]], 1.5, 9.0);
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(told["any"] <= 5.0, "{told:?}");
}

#[test]
fn runs_of_the_same_queue_seldom_differ() {
    seldom_differ(Kind::Queue(0.5));
}

#[test]
fn runs_of_the_same_busy_queue_seldom_differ() {
    seldom_differ(Kind::Queue(0.8));
}

#[test]
fn a_service_ten_percent_slower_is_found() {
    for kind in [Kind::Queue(0.5), Kind::Independent] {
        let told = told(pairs(kind, 1.1, 20));
        let missed = outside(&told, &["any", TIMES[0], TIMES[1], TIMES[2], TIMES[3]], 90.0, 100.0);
        assert!(missed.is_empty(), "{kind:?}: {missed:?}");
    }
}

#[test]
fn an_even_load_has_the_same_rate() {
    let told = told(pairs(Kind::Independent, 1.0, 20));
    assert_eq!(told["answers/s"], 0.0);
}

#[test]
fn equal_times_are_told_apart_from_the_resolution_on() {
    let a = run(Kind::Fixed, 1.0, 0);
    let same = compare(&a, &run(Kind::Fixed, 1.0, 1));
    assert_eq!(same.difference, Difference::WithinNoise);
    assert_eq!(compare(&a, &run(Kind::Fixed, 1.0005, 1)).difference, Difference::WithinNoise);
    let slower = compare(&a, &run(Kind::Fixed, 1.01, 1));
    assert_eq!(slower.difference, Difference::MoreThanNoise);
    let p99 = slower.figures.iter().find(|figure| figure.name == "answer p99").unwrap();
    let (low, high) = p99.interval.unwrap();
    assert!(low > 0.008 && high.unwrap() < 0.012, "{p99:?}");
    assert_eq!(p99.words, "B is 1.0 % slower at answer p99 (0.9 % to 1.1 %)");
}

#[test]
fn drains_of_one_and_three_consumers_differ_in_spite_of_the_trend() {
    let comparison = compare(&run(Kind::Drain(1), 1.0, 1), &run(Kind::Drain(3), 1.0, 2));
    // The last percent of a drain is all in one slice, and may be anything.
    for figure in comparison.figures.iter().filter(|figure| figure.name != "answer p99") {
        assert_eq!(figure.difference, Difference::MoreThanNoise, "{}", figure.words);
    }
    assert!(comparison.words.starts_with("more than noise: B "), "{}", comparison.words);
    let trend = "answer times of B rise over the run (trend), so their intervals are wide";
    assert!(comparison.notes.iter().any(|note| note == trend), "{:?}", comparison.notes);
}

#[test]
fn what_is_known_by_percentiles_only_has_no_interval() {
    let points = Points { count: None, mean_ms: Some(20.0), points: vec![[50.0, 15.0], [99.0, 90.0]] };
    let service = ByAnswer { ok: Timing::points(points), ..ByAnswer::default() };
    let told = run_with(ClientSide { rate: 400.0, seconds: 60.0, service, ..ClientSide::default() });
    let comparison = compare(&run(Kind::Independent, 1.0, 1), &told);
    let names: Vec<&str> = comparison.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["answers/s", "answer mean", "answer p50", "answer p99"]);
    assert!(comparison.figures.iter().all(|figure| figure.interval.is_none()));
    assert_eq!(comparison.words, "unknown, because there is no interval: B has only percentiles");
}

#[test]
fn a_run_of_a_few_slices_cannot_be_told() {
    let short = run_of(&times(Kind::Independent, 1.0, 1), 7);
    let comparison = compare(&short, &run(Kind::Independent, 2.0, 1));
    assert_eq!(comparison.difference, Difference::Unknown);
    assert!(comparison.words.ends_with("A has too few slices"), "{}", comparison.words);
}

#[test]
fn a_percentile_of_a_few_times_cannot_be_told() {
    let few = |seed| {
        let every: Vec<(f64, f64)> = times(Kind::Independent, 1.0, seed).into_iter().step_by(240).collect();
        run_of(&every, SLICES)
    };
    let comparison = compare(&few(1), &few(2));
    let p99 = comparison.figures.iter().find(|figure| figure.name == "answer p99").unwrap();
    assert_eq!((p99.interval, p99.difference), (None, Difference::Unknown));
    assert_eq!(p99.unknown.as_deref(), Some("too few times lie beyond this percentile"));
}

#[test]
fn what_else_is_different_is_noted() {
    let (mut a, mut b) = (run(Kind::Fixed, 1.0, 1), run(Kind::Fixed, 1.0, 1));
    a.config = Some(serde_json::json!({ "queue": { "capacity": 10 }, "consumers": { "concurrency": 1 } }));
    b.config = Some(serde_json::json!({ "queue": { "capacity": 10 }, "consumers": { "concurrency": 3 } }));
    for (verdict, says) in [
        (Verdict::Failed, "the generator was late"),
        (Verdict::Disturbed, "another process had its core"),
        (Verdict::Note, "the generator was busy"),
    ] {
        b.audit.checks.push(Check { name: "a check".to_owned(), verdict, says: says.to_owned() });
    }
    assert_eq!(
        compare(&a, &b).notes,
        [
            "B is invalid: the generator was late",
            "B is disturbed: another process had its core",
            "the configurations differ: consumers.concurrency (1 in A, 3 in B)",
        ]
    );
    let json = serde_json::to_value(compare(&a, &b)).unwrap();
    assert!(json["figures"][1]["a_ms"].is_number() && json["figures"][0]["a_per_s"].is_number());
}

#[test]
fn runs_on_different_engines_are_noted_with_their_promises() {
    let on = |queue: serde_json::Value| {
        let mut run = Run { target: "pipelined".to_owned(), ..crate::runs::sample() };
        run.set_bench_config(serde_json::json!({ "queue": queue }));
        run
    };
    let memory = on(serde_json::json!({ "engine": "memory" }));
    let disk = on(serde_json::json!({ "engine": "disk", "sync": "always" }));
    let notes = compare(&memory, &disk).notes;
    let says = "the engines of the queue differ, so a 202 promises different things: memory: accepted \
                events are lost with the server (in A); disk, sync always: accepted events survive a \
                power cut (in B)";
    assert!(notes.iter().any(|note| note == says), "{notes:?}");
    let other = on(serde_json::json!({ "engine": "disk", "sync": "always", "group": 9 }));
    let notes = compare(&disk, &other).notes;
    assert!(
        notes.iter().any(|note| note.starts_with("the engines of the queue differ: disk")),
        "{notes:?}"
    );
    // A run of an earlier version says nothing about an engine.
    let old = Run { engine: None, config: None, ..memory.clone() };
    assert!(compare(&memory, &old).notes.iter().all(|note| !note.contains("engines")));
}

#[test]
#[expect(clippy::print_stderr, reason = "to print is what it is for")]
#[ignore = "takes a minute: the table in the docs of `compare`"]
fn the_table_of_false_alarms() {
    let kinds = [
        Kind::Independent,
        Kind::Fixed,
        Kind::Queue(0.5),
        Kind::Queue(0.8),
        Kind::Queue(0.9),
        Kind::Queue(0.95),
        Kind::Queue(1.3),
        Kind::Drain(1),
        Kind::Drain(3),
    ];
    for kind in kinds {
        for slower in [1.0, 1.1] {
            if slower > 1.0 && !matches!(kind, Kind::Queue(0.5) | Kind::Independent | Kind::Drain(_)) {
                continue;
            }
            let told = told(pairs(kind, slower, 500));
            eprintln!("{kind:?} x{slower}: {told:.1?}");
        }
    }
}

#[test]
fn runs_of_jobs_are_compared_by_lateness_and_not_at_all_with_other_runs() {
    use std::time::Duration;

    use crate::record::{JobsLedger, JobsSide};

    let jobs = |late_us: u64, failed: u64| {
        let mut slicer = crate::record::Slicer::new(Duration::from_secs(1));
        let mut random = fastrand::Rng::with_seed(late_us);
        for n in 0..30_000_u64 {
            slicer.record(Duration::from_millis(n), late_us + random.u64(0..late_us));
        }
        let done = 30_000 - failed;
        let ledger = JobsLedger { accepted: 30_000, done, failed, ..JobsLedger::default() };
        let mut run = Run::new(Origin::Recorded, "jobs", crate::record::now());
        run.jobs = Some(JobsSide {
            seconds: 30.0,
            ledger,
            done_rate: done as f64 / 30.0,
            lateness: slicer.timing(),
            ..JobsSide::default()
        });
        run.seconds = 30.0;
        run.audited()
    };
    let (fast, slow) = (jobs(1_000, 0), jobs(2_000, 600));
    let compared = compare(&fast, &slow);
    assert_eq!(compared.difference, Difference::MoreThanNoise);
    let named = |name: &str| compared.figures.iter().find(|figure| figure.name == name);
    for name in ["lateness p50", "lateness p99", "jobs done/s", "failed jobs"] {
        assert!(named(name).is_some(), "{name} is not in {:#?}", compared.figures);
    }
    assert!((named("lateness p50").unwrap().relative - 1.0).abs() < 0.1);

    let mut other = fast.clone();
    (other.jobs, other.target) = (None, "pipelined".to_owned());
    let refused = compare(&other, &fast);
    assert!(refused.figures.is_empty());
    assert_eq!(
        refused.words,
        "B is a run of jobs and A one of pipelined: they cannot be compared, because the first times jobs and \
         the second times requests"
    );
}
