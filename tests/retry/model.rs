//! Random scripts, against a naive model.

use proptest::collection::vec;
use proptest::prelude::*;
use weir::pool::{AttemptError, RetryCounts, Spread};

use Goes::{Mad, Never, Well, Wrong};

use super::play::{Goes, Play, WORK, ms};

/// The time limit of each attempt, in milliseconds.
const DEADLINE: u64 = 50;

/// The expected result of a script.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    done: Vec<u64>,
    /// Each with the result of its last attempt.
    dead: Vec<(u64, Goes)>,
    counts: RetryCounts,
}

/// Plays a script event by event. Returns the result and the time it takes, in milliseconds.
fn read(script: &[Vec<Goes>], attempts: u32) -> (Outcome, u64) {
    let (mut outcome, mut time) = (Outcome::default(), 0);
    let Outcome { done, dead, counts } = &mut outcome;
    for (event, script) in (0..).zip(script) {
        let mut script = script.iter().copied().chain(std::iter::repeat(Well));
        for attempt in 1..=attempts {
            let goes = script.next().unwrap();
            counts.attempts += 1;
            counts.retries += u64::from(attempt > 1);
            time += if goes == Never { DEADLINE } else { WORK };
            match goes {
                Well => {
                    done.push(event);
                    break;
                }
                Wrong => counts.errors += 1,
                Mad => counts.panics += 1,
                Never => counts.timeouts += 1,
            }
            if attempt < attempts {
                time += 10 << (attempt - 1);
            } else {
                counts.dead_letters += 1;
                dead.push((event, goes));
            }
        }
    }
    (outcome, time)
}

/// Returns what happened, in the order of the events.
fn seen(play: &Play, counts: RetryCounts, attempts: u32) -> Outcome {
    let mut done: Vec<_> = play.done.all().into_iter().map(|(event, _)| event).collect();
    done.sort_unstable();
    let mut letters = play.dead.all();
    letters.sort_unstable_by_key(|letter| letter.event);
    assert!(letters.iter().all(|letter| letter.attempts == attempts));
    let went = |failure| match failure {
        AttemptError::Error(_) => Wrong,
        AttemptError::Panicked(_) => Mad,
        AttemptError::TimedOut(_) => Never,
        error => unreachable!("{error}"),
    };
    let dead = letters.into_iter().map(|letter| (letter.event, went(letter.last_error))).collect();
    Outcome { done, dead, counts }
}

fn goes() -> impl Strategy<Value = Goes> {
    prop_oneof![Just(Well), Just(Wrong), Just(Mad), Just(Never)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However attempts fail, every event ends once, done or a dead letter, after the attempts
    /// in its script. Handled one at a time, events take the time in the script.
    #[test]
    fn every_event_ends_once_as_its_script_says(
        script in vec(vec(goes(), 0..6), 1..20),
        attempts in 1_u32..5,
        concurrency in 1_usize..4,
    ) {
        let (expected, time) = read(&script, attempts);
        for spread in [Spread::Workers, Spread::PerEvent] {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let play = Play::of(script.clone());
                let retry = play.retry().attempts(attempts).timeout(ms(DEADLINE));
                let account = retry.account();
                play.run(retry, concurrency, spread).await;
                assert_eq!(seen(&play, account.counts(), attempts), expected, "{spread:?}");
                assert!(concurrency > 1 || play.now() == time, "{spread:?}: {} instead of {time} ms", play.now());
            });
        }
    }
}
