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
