//! Shares of what went wrong: found where they differ, seldom found where they do not.

use hdrhistogram::Histogram;

use super::super::{Difference, Values};
use super::{Kind, SLICES, compare, outside, run, run_of, run_with, times};
use crate::metrics::empty_histogram;
use crate::record::{ByAnswer, ClientSide, Run, Timing, buckets};

/// A run of this many requests, all of the same time, a share of which fails: each for
/// itself, or `together` in a row.
fn failing(requests: usize, share: f64, together: usize, seed: u64) -> Run {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (mut counts, mut left) = ([0; 2], 0);
    let mut slices: [Vec<Histogram<u64>>; 2] = [0, 1].map(|_| vec![empty_histogram(); SLICES + 1]);
    for n in 0..requests {
        if left == 0 && random.f64() < share / together as f64 {
            left = together;
        }
        let failed = usize::from(left > 0);
        left = left.saturating_sub(1);
        counts[failed] += 1;
        slices[failed][n * SLICES / requests].record(20_000).unwrap();
    }
    let [ok, failed] = slices.map(|slices| {
        let mut all = empty_histogram();
        slices.iter().for_each(|slice| all.add(slice).unwrap());
        Timing::sliced(all, 1.0, slices.iter().map(buckets).collect())
    });
    let service = ByAnswer { ok, failed, ..ByAnswer::default() };
    let [ok, failed] = counts;
    let sent = requests as u64;
    let rate = requests as f64 / SLICES as f64;
    run_with(ClientSide {
        sent,
        ok,
        failed,
        seconds: SLICES as f64,
        rate,
        service,
        ..ClientSide::default()
    })
}

fn counted(client: ClientSide) -> Run {
    run_with(ClientSide { seconds: 0.5, ..client })
}

#[test]
fn a_run_in_which_everything_fails_is_more_than_noise_and_said_first() {
    let comparison = compare(&failing(5000, 0.0, 1, 1), &failing(5000, 1.0, 1, 2));
    let first = &comparison.figures[0];
    assert_eq!((first.name.as_str(), first.difference), ("failed", Difference::MoreThanNoise));
    assert_eq!(first.values, Values::Shares { a_share: 0.0, b_share: 1.0 });
    let says = "more than noise: 100.0 % of the requests failed in B, none in A (";
    assert!(comparison.words.starts_with(says), "{}", comparison.words);
    assert!(comparison.notes.iter().any(|note| note == "times are those of successes only"));
}

#[test]
fn refusals_and_missing_answers_are_told_apart_without_slices_too() {
    let a = counted(ClientSide { sent: 300, ok: 300, ..ClientSide::default() });
    for (name, b) in [
        ("refused", ClientSide { sent: 300, ok: 150, refused: 150, ..ClientSide::default() }),
        ("unanswered", ClientSide { sent: 300, ok: 150, aborted: 150, ..ClientSide::default() }),
    ] {
        let comparison = compare(&a, &counted(b));
        let found: Vec<_> =
            comparison.figures.iter().map(|figure| (figure.name.as_str(), figure.difference)).collect();
        assert_eq!(found, [(name, Difference::MoreThanNoise)]);
        let (low, high) = comparison.figures[0].interval.unwrap();
        // Newcombe's limits of 150 of 300 against none, by the published formula.
        assert!((low - 0.4424).abs() < 5e-4 && (high.unwrap() - 0.5562).abs() < 5e-4, "{low} {high:?}");
    }
}

#[test]
fn a_few_failures_of_many_are_no_difference() {
    let of =
        |failed| counted(ClientSide { sent: 1000, ok: 1000 - failed, failed, ..ClientSide::default() });
    // Fisher's exact test: p = 0.0624 for five against none, 0.0312 for six.
    for (failed, p, difference) in
        [(5, 0.0624, Difference::WithinNoise), (6, 0.0312, Difference::MoreThanNoise)]
    {
        let comparison = compare(&of(0), &of(failed));
        let found = comparison.figures[0].p_value.unwrap();
        assert!((found - p).abs() < 5e-4, "{found}");
        assert_eq!(comparison.difference, difference);
    }
    let words = compare(&of(0), &of(5)).words;
    let says = "no difference beyond noise: 0.5 % of the requests failed in B, none in A (0.0";
    assert!(words.starts_with(says), "{words}");
}

#[test]
fn failures_that_come_together_count_as_few() {
    // 100 of 3000 fail in one stretch: one event, seen once.
    let mut once = failing(3000, 0.0, 1, 1);
    let burst = failing(100, 1.0, 100, 1).client.unwrap().service.failed;
    let client = once.client.as_mut().unwrap();
    let all: u64 = burst.count().unwrap();
    let mut slices = vec![Vec::new(); SLICES];
    slices[7] = vec![(20_000, all)];
    client.service.failed = Timing::sliced(burst.histogram().unwrap().clone(), 1.0, slices);
    (client.failed, client.sent) = (all, client.sent + all);
    let comparison = compare(&failing(3000, 0.0, 1, 2), &once);
    assert_eq!(comparison.figures[0].difference, Difference::WithinNoise, "{}", comparison.words);
}

#[test]
fn shares_that_are_the_same_seldom_differ() {
    for together in [1, 20] {
        let pairs = (0..100)
            .map(|n| (failing(3000, 0.1, together, 2 * n), failing(3000, 0.1, together, 2 * n + 1)));
        let told = super::told(pairs);
        assert!(outside(&told, &["failed"], 0.0, 10.0).is_empty(), "{together}: {told:?}");
    }
}

/// Stands still for half a second `stalls` times a minute.
fn with_stalls(seed: u64, stalls: usize) -> Run {
    let mut times = times(Kind::Independent, 1.0, seed);
    for (ends, took) in &mut times {
        for stall in 1..=stalls {
            let begins = 60.0 / stalls as f64 * (stall as f64 - 0.5);
            let into = *ends - begins;
            if (0.0..0.5).contains(&into) {
                *took += 0.5 - into;
            }
        }
    }
    run_of(&times, SLICES)
}

#[test]
fn stalls_that_a_few_slices_carry_cannot_be_told_from_noise_and_the_words_say_so() {
    let comparison = compare(&run(Kind::Independent, 1.0, 1), &with_stalls(2, 2));
    let p99 = comparison.figures.iter().find(|figure| figure.name == "answer p99").unwrap();
    assert!(p99.relative > 1.0, "{p99:?}");
    assert_eq!(p99.difference, Difference::Unknown);
    let unknown = p99.unknown.as_deref().unwrap();
    assert!(unknown.ends_with("of 30 slices show it. Measure for longer"), "{unknown}");
    assert!(comparison.words.contains(unknown), "{}", comparison.words);
    assert!(!comparison.words.contains("no difference beyond noise"), "{}", comparison.words);
}

#[test]
fn stalls_all_over_the_run_are_a_difference() {
    let comparison = compare(&run(Kind::Independent, 1.0, 1), &with_stalls(2, 30));
    let p99 = comparison.figures.iter().find(|figure| figure.name == "answer p99").unwrap();
    assert_eq!(p99.difference, Difference::MoreThanNoise, "{p99:?}");
}
