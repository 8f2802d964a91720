//! Which word is said: one that has held for a while, and that stays for a while.

use super::{Figures, Verdict, Word};

/// Keeps the time of the words. The time is passed in, in seconds from anywhere, and
/// never runs backwards.
#[derive(Debug)]
pub(in super::super) struct Clock {
    /// Since when each word has held without a gap.
    held_since: [Option<f64>; Word::ALL.len()],
    /// What is said. Its `since_s` is unused: it would be old at once.
    verdict: Verdict,
    said_since: f64,
    /// When the word that is said last held.
    last_held: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            held_since: [None; Word::ALL.len()],
            verdict: Verdict::default(),
            said_since: 0.0,
            last_held: 0.0,
        }
    }
}

impl Clock {
    /// Takes in the figures of a moment.
    pub(in super::super) fn update(&mut self, figures: &Figures, now: f64) {
        let said = self.verdict.word;
        for word in Word::ALL {
            let since = &mut self.held_since[word as usize];
            if word.holds(figures, word == said) {
                since.get_or_insert(now);
            } else {
                *since = None;
            }
        }
        let holds = self.held_since[said as usize].is_some();
        if holds {
            self.last_held = now;
        }
        let is_ripe = |word: &Word| {
            let since = self.held_since[*word as usize];
            since.is_some_and(|since| *word == said || now - since >= word.times().0)
        };
        let ripe = Word::ALL.into_iter().find(is_ripe);
        let is_over = !holds && now - self.last_held >= said.times().1;
        let word = ripe.filter(|word| is_over || *word < said).unwrap_or(said);
        if word != said {
            self.said_since = now;
            self.last_held = now;
        }
        // A word that only stays keeps the sentences of when it last held.
        if word != said || holds {
            self.verdict = Verdict::on(word, figures, 0.0);
        }
    }

    /// What is said at this moment.
    pub(in super::super) fn verdict(&self, now: f64) -> Verdict {
        Verdict { since_s: (now - self.said_since).max(0.0), ..self.verdict.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Rate;
    use super::*;

    /// A bench of ten consumers that do 20/s, while this much arrives and the queue grows.
    fn arrivals(per_s: f64, growth: f64) -> Figures {
        Figures {
            arrivals: Rate { per_s, error: 0.1, dispersion: 0.1 },
            all_arrivals: per_s,
            concurrency: 10,
            service_s: 0.5,
            capacity: 10_000,
            backlog_growth: growth,
            slow_growth: growth,
            quick_growth: growth,
            growth,
            depth: 100,
            highest_depth: 100,
            ..Figures::default()
        }
    }

    /// What is said at each moment, four times a second, while these figures hold.
    fn said(clock: &mut Clock, from: f64, seconds: f64, figures: &Figures) -> Vec<(f64, Word)> {
        let looks = (0..(seconds * 4.0) as usize).map(|look| from + look as f64 / 4.0);
        looks
            .map(|now| {
                clock.update(figures, now);
                (now, clock.verdict(now).word)
            })
            .collect()
    }

    /// When a word is said first.
    fn first(said: &[(f64, Word)], word: Word) -> Option<f64> {
        said.iter().find(|(_, one)| *one == word).map(|(at, _)| *at)
    }

    #[test]
    fn a_word_is_said_once_it_has_held_for_its_time_to_enter() {
        let mut clock = Clock::default();
        let words = said(&mut clock, 0.0, 5.0, &arrivals(30.0, 10.0));
        assert_eq!(first(&words, Word::Overloaded), Some(Word::Overloaded.times().0));
        assert_eq!(words.last().unwrap().1, Word::Overloaded);
    }

    #[test]
    fn a_more_urgent_word_replaces_another_at_once_and_a_less_urgent_one_waits_until_it_is_over() {
        let mut clock = Clock::default();
        said(&mut clock, 0.0, 5.0, &arrivals(30.0, 10.0));
        let frozen = Figures { frozen_s: Some(0.3), ..arrivals(30.0, 10.0) };
        assert_eq!(said(&mut clock, 5.0, 0.25, &frozen), [(5.0, Word::Frozen)]);
        let words = said(&mut clock, 5.25, 3.0, &arrivals(30.0, 10.0));
        let back = first(&words, Word::Overloaded).unwrap();
        let (_, stay) = Word::Frozen.times();
        assert!((stay..=stay + 0.3).contains(&(back - 5.0)), "back after {} s", back - 5.0);
    }

    #[test]
    fn a_word_that_only_stays_keeps_the_sentences_of_when_it_held_last() {
        let mut clock = Clock::default();
        said(&mut clock, 0.0, 5.0, &arrivals(30.0, 10.0));
        let cause = clock.verdict(5.0).cause;
        let words = said(&mut clock, 5.0, 1.0, &arrivals(4.0, 0.0));
        assert_eq!(words.last().unwrap().1, Word::Overloaded, "it stays for two seconds");
        assert_eq!(clock.verdict(6.0).cause, cause);
        let words = said(&mut clock, 6.0, 4.0, &arrivals(4.0, 0.0));
        assert_ne!(words.last().unwrap().1, Word::Overloaded);
    }

    #[test]
    fn the_time_of_a_word_counts_from_when_it_was_said_first() {
        let mut clock = Clock::default();
        said(&mut clock, 0.0, 6.0, &arrivals(30.0, 10.0));
        assert!((clock.verdict(6.0).since_s - 5.0).abs() < 1e-9);
    }
}
