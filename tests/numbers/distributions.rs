use weir::record::{Arrivals, Mode, Plan, Run, Timing, TimingKind};

use crate::simulate::{close, closed, open, run};

const EVENTS: u64 = 10_000;
const MEAN_MS: f64 = 20.0;
const SIGMA: f64 = 0.5;

/// The shares that are looked at, and the standard normal's quantiles for them
/// (from a table).
const SHARES: [(f64, f64); 3] = [(0.5, 0.0), (0.9, 1.281_551_6), (0.99, 2.326_347_9)];

/// How many standard errors a percentile may be off: of the fifty or so that are
/// looked at here, one is so in a hundred thousand sets of seeds.
const ERRORS: f64 = 5.0;

/// What a percentile must be, and the density there: both by hand, in ms.
struct Law {
    setting: &'static str,
    quantile: fn(f64, f64) -> f64,
    density: fn(f64, f64) -> f64,
}

const LAWS: [Law; 3] = [
    // Even between 0 and twice the mean.
    Law {
        setting: "resource.latency={distribution='uniform',mean='20ms'}",
        quantile: |p, _| 2.0 * MEAN_MS * p,
        density: |_, _| 1.0 / (2.0 * MEAN_MS),
    },
    // F(t) = 1 - exp(-t/m); the density at the quantile is (1 - p) / m.
    Law {
        setting: "resource.latency={distribution='exponential',mean='20ms'}",
        quantile: |p, _| -MEAN_MS * (1.0 - p).ln(),
        density: |p, _| (1.0 - p) / MEAN_MS,
    },
    // ln t is normal around ln m - σ²/2.
    Law {
        setting: "resource.latency={distribution='lognormal',mean='20ms'}",
        quantile: |_, z| lognormal(z),
        density: |_, z| (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() / (SIGMA * lognormal(z)),
    },
];

fn lognormal(z: f64) -> f64 {
    MEAN_MS * (SIGMA * z - SIGMA * SIGMA / 2.0).exp()
}

/// Each percentile is the law's, give or take the error of a sample's quantile,
/// √(p(1-p)/n) / density (Mosteller 1946), 0.1 % for the histogram's three digits
/// and a microsecond for its unit.
fn follows(timing: &Timing, law: &Law, whose: &str) {
    assert_eq!(timing.count(), Some(EVENTS), "{whose}");
    for (p, z) in SHARES {
        let (found, expected) = (timing.quantile_ms(p).unwrap(), (law.quantile)(p, z));
        let error = (p * (1.0 - p) / EVENTS as f64).sqrt() / (law.density)(p, z);
        let allowed = ERRORS * error + 0.001 * expected + 0.001;
        // Otherwise nothing would be shown.
        assert!(allowed < 0.12 * expected, "{whose}, {}: {allowed} ms is no test", law.setting);
        assert!(
            (found - expected).abs() <= allowed,
            "{whose}, {}: p{:.0} is {found} ms, and must be {expected} ± {allowed}",
            law.setting,
            p * 100.0
        );
    }
}

fn plans() -> [(&'static str, Mode, Plan); 3] {
    let mut even = open(1000.0, 60.0, Arrivals::Poisson, 3);
    even.requests = Some(EVENTS);
    [
        ("closed", Mode::Serial, closed(20.0, EVENTS)),
        ("open", Mode::Serial, even),
        ("pipelined", Mode::Pipelined, closed(20.0, EVENTS)),
    ]
}

fn service(run: &Run) -> &Timing {
    run.timing(TimingKind::Service).unwrap()
}

#[test]
fn service_times_have_the_percentiles_of_their_distribution() {
    for law in &LAWS {
        for (whose, mode, plan) in plans() {
            let run = run(&[law.setting, "consumers.concurrency=30"], mode, &plan);
            follows(service(&run), law, whose);
            if mode == Mode::Serial {
                // No request waits, so the client's clock and the bench's agree.
                follows(&run.client.unwrap().service.ok, law, whose);
            }
        }
    }
}

#[test]
fn a_fixed_service_has_all_its_percentiles_where_it_is() {
    for (_, mode, plan) in plans() {
        let run = run(&["resource.latency.mean=20ms", "consumers.concurrency=30"], mode, &plan);
        let summary = service(&run).summary();
        for found in [summary.p50, summary.p90, summary.p99, summary.p999, summary.max, summary.mean] {
            // The histogram's three digits.
            close(found, 20.0, 0.1);
        }
    }
}

#[test]
fn bounds_cut_off_what_is_beyond_them() {
    // P(X > 60 ms) = exp(-3) = 5 %, and P(X < 10 ms) = 1 - exp(-0.5) = 39 %.
    let flags = ["resource.latency={distribution='exponential',mean='20ms',min='10ms',max='60ms'}"];
    let run = run(&flags, Mode::Serial, &closed(20.0, EVENTS));
    let at = |share| service(&run).quantile_ms(share).unwrap();
    for (share, bound) in [(0.0, 10.0), (0.37, 10.0), (0.96, 60.0), (0.99, 60.0), (1.0, 60.0)] {
        close(at(share), bound, 0.1);
    }
    assert!(at(0.41) > 10.1 && at(0.94) < 59.9, "{} {}", at(0.41), at(0.94));
}

#[test]
fn the_same_seed_draws_the_same_work_whoever_asks_for_it() {
    for law in &LAWS {
        let runs =
            plans().map(|(_, mode, plan)| run(&[law.setting, "consumers.concurrency=30"], mode, &plan));
        let [first, others @ ..] = &runs;
        for other in others {
            assert_eq!(service(first).histogram(), service(other).histogram(), "{}", law.setting);
        }
    }
}
