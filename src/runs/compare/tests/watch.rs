//! Comparisons of runs of watchers, whose samples are the times of single events.

use std::time::Duration;

use super::{Difference, Origin, Run, compare};
use crate::record::{WatchServer, WatchSide};
use crate::runs::{from_json, to_json};

/// 10,000 watchers, two events a second for 30 s, and `lost` of the deliveries in gaps.
fn watched(seed: u64, last_us: u64, lost: u64) -> Run {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut slicers = [0; 3].map(|_| crate::record::Slicer::new(Duration::from_micros(15_625)));
    for n in 0..1000 {
        slicers[0].record(Duration::from_millis(n * 10), 900 + random.u64(0..400));
    }
    for n in 20..60 {
        let at = Duration::from_millis(n * 500);
        let last = last_us + random.u64(0..last_us / 5);
        slicers[1].record(at, last);
        (1..100).for_each(|place| slicers[2].record(at, last * place / 100));
    }
    let [art, last, latency] = slicers.map(crate::record::Slicer::timing);
    let mut run = Run::new(Origin::Load, "watch", crate::record::now());
    run.seconds = 30.0;
    run.watch = Some(WatchSide {
        seconds: 30.0,
        transport: "ws".to_owned(),
        match_id: "weir-sluice".to_owned(),
        wanted: 10_000,
        watchers: 10_000,
        connected: 10_000,
        connects_s: 1000.0,
        ramp_s: Some(1000.0),
        events: 60,
        deliveries: 600_000 - lost,
        gap_events: lost,
        expected: 600_000,
        art,
        last,
        latency,
        server: Some(WatchServer { rss_per_watcher: Some(1542.0), ..WatchServer::default() }),
        ..WatchSide::default()
    });
    run.audited()
}

#[test]
fn forty_events_tell_a_slower_fan_out_from_noise() {
    let (a, same, slower) = (watched(1, 70_000, 0), watched(2, 70_000, 0), watched(3, 91_000, 9000));
    let equal = compare(&a, &same);
    assert!(equal.difference < Difference::MoreThanNoise, "{}", equal.words);
    let differ = compare(&a, &slower);
    assert_eq!(differ.difference, Difference::MoreThanNoise, "{:#?}", differ.figures);
    let named = |name: &str| differ.figures.iter().find(|figure| figure.name == name).unwrap();
    for name in ["last mean", "last p50", "lost events"] {
        assert_eq!(named(name).difference, Difference::MoreThanNoise, "{name}: {}", named(name).words);
    }
    assert!((named("last p50").relative - 0.3).abs() < 0.1);
    assert!(named("ART p50").difference < Difference::MoreThanNoise);
    assert!(
        named("connects/s").words.contains("B has 0.0 % more connects/s"),
        "{}",
        named("connects/s").words
    );
    assert!(
        differ.notes.contains(&"a watcher takes 1,542 B in A, 1,542 B in B".to_owned()),
        "{:?}",
        differ.notes
    );
}

#[test]
fn a_run_of_watchers_is_read_back_as_it_was_written() {
    let run = watched(1, 70_000, 0);
    assert_eq!(from_json(to_json(&run).unwrap().as_bytes()).unwrap(), run);
    for table in [crate::runs::Table::Series, crate::runs::Table::Percentiles] {
        let text = crate::runs::csv(&run, table);
        assert!(text.is_err() || text.unwrap().contains("watch_last"), "{table:?}");
    }
    let report = crate::runs::Document::Html.write(std::slice::from_ref(&run)).unwrap();
    for expected in
        ["ART, by percentile", "10000 watchers over ws at 1000/s", "due 600000 = received 600000"]
    {
        assert!(report.contains(expected), "{expected}");
    }
}

#[test]
fn watchers_are_compared_with_watchers_only() {
    let watch = watched(1, 70_000, 0);
    let mut requests = watch.clone();
    (requests.watch, requests.target) = (None, "serial".to_owned());
    let refused = compare(&requests, &watch);
    assert!(refused.figures.is_empty());
    assert!(
        refused.words.starts_with("B is a run of watchers and A one of serial: they cannot be compared"),
        "{}",
        refused.words
    );
}
