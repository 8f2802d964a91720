use weir::config::{Config, Sources};
use weir::record::{Arrivals, Exactness, Mode, Model, Plan, PredictedTimes, Prediction, Run, TimingKind};
use weir::simulate::simulate;
use weir::theory::predict;

use super::replicas;
use crate::simulate::{closed, config, open, run};

/// How many standard errors a mean may be off its predicted value. With twelve runs,
/// Student's t is beyond that once in 2500 times.
const ERRORS: f64 = 5.0;
/// An error larger than this, relative to the figure, would let everything pass.
const USELESS: f64 = 0.08;

/// What a figure is called, what theory says, and what a run has.
type Compared = (&'static str, f64, f64);

/// Every figure that theory knows, beside what the run has.
fn figures(prediction: &Prediction, run: &Run) -> Vec<Compared> {
    let (client, bench, side) =
        (run.client.as_ref().unwrap(), run.bench.as_ref().unwrap(), run.mode_side().unwrap());
    let share = |part: u64| part as f64 / client.sent as f64;
    let mean_s = |clock| run.timing(clock).unwrap().mean_ms().unwrap() / 1e3;
    let mut all = vec![
        ("answers/s", prediction.rate, client.rate),
        ("done/s", prediction.done_rate, side.done_rate),
        ("refused", prediction.refused_share, share(client.refused)),
        ("dropped", prediction.dropped_share, share(side.dropped)),
        // Little's law, for those in the resource.
        ("in use", prediction.in_use, side.done_rate * mean_s(TimingKind::Service)),
    ];
    let times = [
        (["answer mean", "answer p50", "answer p90", "answer p99"], prediction.answer, TimingKind::Answer),
        (["wait mean", "wait p50", "wait p90", "wait p99"], prediction.wait, TimingKind::Wait),
        (
            ["service mean", "service p50", "service p90", "service p99"],
            prediction.service,
            TimingKind::Service,
        ),
        (
            ["response mean", "response p50", "response p90", "response p99"],
            prediction.response,
            TimingKind::Response,
        ),
    ];
    for (names, times, clock) in times {
        let Some(PredictedTimes { mean_ms, p50_ms, p90_ms, p99_ms }) = times else { continue };
        let found = run.timing(clock).unwrap().summary();
        let found = [found.mean, found.p50, found.p90, found.p99];
        let theory = [mean_ms, p50_ms, p90_ms, p99_ms];
        all.extend(
            names.into_iter().zip(theory).zip(found).map(|((name, theory), found)| (name, theory, found)),
        );
    }
    if prediction.exactness == Exactness::Fluid {
        all.push(("drain s", prediction.drain_s, bench.drain_s));
        if run.mode() == Some(Mode::Serial) {
            all.push(("load s", prediction.load_s, client.seconds));
        } else {
            all.push(("peak depth", prediction.peak_depth, bench.peak_depth as f64));
        }
    }
    all.into_iter().filter_map(|(name, theory, found)| Some((name, theory?, found))).collect()
}

/// Runs the load with several seeds, and holds the mean of each figure against
/// theory. `rounding` is what theory leaves out, as a share: 0 for what is exact in
/// a steady state.
fn agrees(model: &str, flags: &[&str], mode: Mode, plan: &Plan, rounding: f64) {
    let prediction = predict(&config(flags).settings, mode, plan).unwrap();
    assert_eq!(prediction.model, model);
    let runs: Vec<Vec<Compared>> =
        (0..replicas(12)).map(|n| figures(&prediction, &seeded(flags, mode, plan, n))).collect();
    let n = runs.len() as f64;
    for (at, &(name, theory, _)) in runs[0].iter().enumerate() {
        let found: Vec<f64> = runs.iter().map(|run| run[at].2).collect();
        let mean = found.iter().sum::<f64>() / n;
        let variance = found.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let error = (variance / n).sqrt();
        // Three digits of a histogram, and a microsecond.
        let allowed = ERRORS * error + (0.001 + rounding) * theory + 0.001;
        let [off, by] = [mean / theory - 1.0, error / theory].map(|share| share * 100.0);
        eprintln!("{model:<16} {name:<14} {theory:>10.4} {off:>+7.2} % ± {by:.2} %");
        if theory == 0.0 {
            // The next request begins a tick of the clock later.
            assert!(mean < 0.002, "{model}, {name}: {mean} instead of nothing");
            continue;
        }
        assert!(error <= USELESS * theory, "{model}, {name}: {mean} ± {error} shows nothing");
        assert!(
            (mean - theory).abs() <= allowed,
            "{model}, {name}: theory says {theory}, and {n} runs {mean} ± {allowed}"
        );
    }
}

/// The load with the n-th pair of seeds.
fn seeded(flags: &[&str], mode: Mode, plan: &Plan, n: u64) -> Run {
    let seed = super::seed(n);
    let mut plan = plan.clone();
    if let Model::Open { seed: arrivals, .. } = &mut plan.model {
        *arrivals = seed;
    }
    let work = format!("resource.seed={}", super::seed(!n) >> 1);
    run(&[flags, &[work.as_str()]].concat(), mode, &plan)
}

const EXPONENTIAL: &str = "resource.latency={distribution='exponential',mean='2ms'}";
const LOGNORMAL: &str = "resource.latency={distribution='lognormal',mean='2ms'}";

fn poisson(rate: f64, seconds: f64) -> Plan {
    open(rate, seconds, Arrivals::Poisson, 0)
}

#[test]
fn a_queue_of_exponential_work_is_erlangs() {
    let flags = [EXPONENTIAL, "resource.max_concurrent=3"];
    agrees("M/M/3", &flags, Mode::Serial, &poisson(900.0, 4.0), 0.0);
}

#[test]
fn a_queue_of_fixed_work_is_crommelins() {
    let flags = ["resource.latency.mean=2ms", "consumers.concurrency=2"];
    agrees("M/D/2", &flags, Mode::Pipelined, &poisson(700.0, 4.0), 0.0);
}

#[test]
fn work_without_a_limit_is_a_poisson_number() {
    agrees("M/G/∞", &[LOGNORMAL], Mode::Serial, &poisson(1000.0, 2.0), 0.0);
}

#[test]
fn the_refused_share_is_erlangs_with_any_distribution() {
    let flags = [LOGNORMAL, "resource.max_concurrent=3", "resource.on_full=reject"];
    agrees("M/G/3/3", &flags, Mode::Serial, &poisson(1500.0, 2.0), 0.0);
}

#[test]
fn a_small_queue_turns_away_what_it_has_no_room_for() {
    let flags = [EXPONENTIAL, "consumers.concurrency=2", "queue.capacity=4"];
    agrees("M/M/2/6", &flags, Mode::Pipelined, &poisson(900.0, 3.0), 0.0);
    let drops = [flags[0], flags[1], flags[2], "queue.when_full=drop_newest"];
    agrees("M/M/2/6", &drops, Mode::Pipelined, &poisson(900.0, 4.0), 0.0);
}

/// A fluid has no corners: where the queue becomes full, chance takes about
/// √(2 · 1000) events more or less, which shows in percentiles of the wait.
#[test]
fn an_overload_fills_the_queue_and_drains_as_water_does() {
    let flags = [EXPONENTIAL, "consumers.concurrency=2"];
    agrees("fluid, 2 places", &flags, Mode::Pipelined, &poisson(3000.0, 1.0), 0.01);
    let full = [flags[0], flags[1], "queue.capacity=1000"];
    agrees("fluid, 2 places", &full, Mode::Pipelined, &poisson(3000.0, 1.5), 0.02);
    // Without a queue they wait at the door, and the last answer comes last of all.
    let door = [EXPONENTIAL, "resource.max_concurrent=2"];
    agrees("fluid, 2 places", &door, Mode::Serial, &poisson(3000.0, 0.3), 0.01);
}

/// What is counted out happens, to the histogram's 0.1 % and a microsecond; and
/// rates to the share `edge`.
fn is_exact(flags: &[&str], mode: Mode, plan: &Plan, edge: f64) {
    let prediction = predict(&config(flags).settings, mode, plan).unwrap();
    assert_eq!(prediction.exactness, Exactness::Exact);
    let run = run(flags, mode, plan);
    let (client, bench) = (run.client.as_ref().unwrap(), run.bench.as_ref().unwrap());
    let also = [
        ("load s", prediction.load_s, client.seconds),
        ("drain s", prediction.drain_s, bench.drain_s),
        ("peak in use", prediction.peak_in_use, bench.peak_in_use as f64),
        ("peak depth", prediction.peak_depth, bench.peak_depth as f64),
    ];
    let also = also.into_iter().filter_map(|(name, theory, found)| Some((name, theory?, found)));
    for (name, theory, found) in figures(&prediction, &run).into_iter().chain(also) {
        let more = match name {
            "answers/s" | "done/s" | "in use" | "load s" => edge * theory,
            // For the moment until a free consumer takes it, an event is in the queue.
            "peak depth" if theory == 0.0 && mode == Mode::Pipelined => 1.0,
            _ => 0.0,
        };
        let allowed = 0.001 * theory + 0.001 + more;
        assert!(
            (found - theory).abs() <= allowed,
            "{mode:?} {plan} {flags:?}, {name}: theory says {theory}, and it is {found}"
        );
    }
}

#[test]
fn countable_predictions_are_exact() {
    let places = "resource.max_concurrent=3";
    let reject = "resource.on_full=reject";
    let [two, three] = ["consumers.concurrency=2", "consumers.concurrency=3"];
    for (mode, clients, requests, flags) in [
        (Mode::Serial, 50.0, 3000, &[][..]),
        (Mode::Serial, 7.0, 100, &[places]),
        (Mode::Serial, 3.0, 100, &[places, reject]),
        (Mode::Async, 5.0, 100, &["resource.max_concurrent=7"]),
        (Mode::Pipelined, 50.0, 1000, &[]),
        (Mode::Pipelined, 50.0, 1000, &[three]),
        (Mode::Pipelined, 50.0, 500, &[two, "queue.capacity=98"]),
        (Mode::Pipelined, 50.0, 500, &[two, "queue.capacity=98", "queue.when_full=drop_newest"]),
        (
            Mode::Pipelined,
            10.0,
            200,
            &[two, "queue.capacity=98", "queue.when_full=wait", "queue.wait_timeout=1min"],
        ),
        (Mode::Pipelined, 5.0, 120, &[three, "consumers.max_demand=4", "consumers.min_demand=1"]),
        (Mode::Pipelined, 5.0, 121, &[three, "consumers.mode=per_event"]),
    ] {
        is_exact(flags, mode, &closed(clients, requests), 0.0);
    }
    for (mode, rate, flags) in [
        (Mode::Serial, 20.0, &[][..]),
        (Mode::Serial, 5.0, &[places]),
        (Mode::Serial, 24.0, &[places, reject]),
        (Mode::Pipelined, 5.0, &[three]),
    ] {
        // Theory counts a load until the next request would be due, and a run ends
        // with its last answer: (n - 1)/λ + S instead of n/λ.
        is_exact(flags, mode, &open(rate, 50.0, Arrivals::Constant, 1), (0.5 + 1.0 / rate) / 50.0);
    }
}

/// Where theory refuses, the simulation still answers.
#[test]
fn a_simulation_fits_where_no_model_does() {
    let flags = [LOGNORMAL, "consumers.concurrency=3", "consumers.max_demand=4"].map(str::to_owned);
    let Config { settings, .. } = Sources { file: None, flags: flags.to_vec() }.load().unwrap();
    let plan = open(100.0, 20.0, Arrivals::Burst(10), 1);
    assert!(predict(&settings, Mode::Pipelined, &plan).is_err());
    let config = Sources { file: None, flags: flags.to_vec() }.load().unwrap();
    let run = simulate(config, Mode::Pipelined, &plan, &mut |_| ()).unwrap();
    assert_eq!(run.mode_side().unwrap().done, 2000);
}
