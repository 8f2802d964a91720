//! The verdict on simulated benches whose truth follows from their configuration.
//!
//! Each case is drawn from a seed: arrivals, concurrency, service times, limit, capacity,
//! policy, and what happens in the middle. The truth at each moment comes from a fluid
//! model of the configuration (see [`truth`]), never from what the bench measured.

/// A bench and what happens to it, drawn from a seed.
mod case;
/// Plays a case under virtual time.
mod play;
/// What ought to be said, from the configuration alone.
mod truth;

use std::collections::BTreeMap;
use std::fmt::Write;

use weir::workbench::Word;

use case::Case;
use play::Said;
use truth::Truth;

/// How many benches are drawn.
const CASES: u64 = 100;
/// How many of 100 must be named rightly, at the end of each of their states and between.
const RIGHT: f64 = 0.95;
/// The longest that a wrong word may be said, in seconds, once each word has had the time
/// that its rules take.
const WRONG_S: f64 = 2.0;

/// The outcome of one case.
#[derive(Debug, Default)]
struct Outcome {
    /// The truth and what was said at the end of each state.
    named: Vec<(Word, Word)>,
    /// How many seconds on end a wrong word was said at most, and when.
    wrong_s: f64,
    wrong: String,
}

impl Outcome {
    fn of(case: &Case) -> Self {
        let truth = Truth::of(case);
        let said = play::play(case);
        let mut outcome = Self::default();
        for end in case.states_end() {
            let Some(last) = said.iter().rfind(|said| said.t < end) else { continue };
            if !truth.is_settled(last.t, last.word) {
                continue;
            }
            let expected = truth.at(last.t);
            let word = if expected.contains(&last.word) { expected[0] } else { last.word };
            outcome.named.push((expected[0], word));
        }
        let mut wrong_since = None;
        for Said { t, word, cause } in &said {
            if truth.allows(*t, *word) {
                wrong_since = None;
                continue;
            }
            let wrong_s = t - *wrong_since.get_or_insert(*t);
            if wrong_s > outcome.wrong_s {
                outcome.wrong_s = wrong_s;
                outcome.wrong = format!("{t:.2} s: {word:?}, not {:?}: {cause}", truth.at(*t));
            }
        }
        outcome
    }

    fn is_right(&self) -> bool {
        self.wrong_s <= WRONG_S && self.named.iter().all(|(truth, said)| truth == said)
    }
}

/// Words in rows, and how often each was named what, in columns.
fn table(outcomes: &[(Case, Outcome)]) -> String {
    let mut counts = BTreeMap::<Word, BTreeMap<Word, usize>>::new();
    for (truth, said) in outcomes.iter().flat_map(|(_, outcome)| &outcome.named) {
        *counts.entry(*truth).or_default().entry(*said).or_default() += 1;
    }
    let mut text = String::new();
    for (truth, said) in counts {
        let said = said.iter().map(|(word, count)| format!("{} {count}", word.name()));
        writeln!(text, "{:>12}: {}", truth.name(), said.collect::<Vec<_>>().join(", ")).unwrap();
    }
    text
}

/// Plays cases on two threads.
fn outcomes(cases: std::ops::Range<u64>) -> Vec<(Case, Outcome)> {
    let half = |from: u64| {
        let cases = (cases.start + from..cases.end).step_by(2).map(Case::drawn);
        move || {
            cases
                .map(|case| (Outcome::of(&case), case))
                .map(|(outcome, case)| (case, outcome))
                .collect::<Vec<_>>()
        }
    };
    let halves = [half(0), half(1)];
    std::thread::scope(|scope| {
        let threads = halves.map(|half| scope.spawn(half));
        threads.into_iter().flat_map(|half| half.join().unwrap()).collect()
    })
}

/// Counts the cases that were named rightly, and describes the others.
fn report(outcomes: &[(Case, Outcome)]) -> (usize, String) {
    let (mut right, mut text) = (0, table(outcomes));
    for (case, outcome) in outcomes {
        if outcome.is_right() {
            right += 1;
            continue;
        }
        let Outcome { named, wrong_s, wrong } = outcome;
        let named: Vec<_> = named.iter().filter(|(truth, said)| truth != said).collect();
        writeln!(text, "{case}\n    wrong for {wrong_s:.2} s, {wrong}\n    at the end {named:?}").unwrap();
    }
    writeln!(text, "{right} of {} rightly", outcomes.len()).unwrap();
    (right, text)
}

#[test]
fn benches_drawn_at_random_are_named_rightly() {
    let (right, report) = report(&outcomes(0..CASES));
    assert!(right as f64 >= RIGHT * CASES as f64, "{report}");
}
