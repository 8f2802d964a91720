//! Restores the settings and the match that a climb has changed.

use super::super::path;
use super::climb::replace;
use super::rungs::{Ground, set};
use crate::cli::ask::{Ask, Said};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::complain;
use serde_json::{Map, Value};

/// Restores once, at the latest when it is dropped.
#[derive(Debug)]
pub(super) struct Restore<'a> {
    ask: &'a Ask<'a>,
    id: &'a str,
    before: Map<String, Value>,
    /// The rate of the play, if the match played.
    rate: Option<f64>,
    interrupts: &'a Interrupts,
    is_due: bool,
}

impl<'a> Restore<'a> {
    /// Remembers the settings and the match as they are.
    pub(super) fn of(ask: &'a Ask<'a>, id: &'a str, ground: &Ground, interrupts: &'a Interrupts) -> Self {
        let rate = ground.of.playing.then_some(ground.of.rate);
        Self { ask, id, before: ground.settings_before(), rate, interrupts, is_due: true }
    }

    /// Restores the settings, and then the match: a new one that has not begun, or one that
    /// plays at the rate of before.
    ///
    /// # Errors
    /// Says how to restore the settings by hand, if the server does not do it.
    pub(super) fn now(&mut self) -> Result<(), String> {
        self.is_due = false;
        // A busy server may miss the first time limit.
        let again = if self.interrupts.is_urgent() { 1 } else { 3 };
        let mut outcome = Ok(());
        for _ in 0..again {
            outcome = set(self.ask, &self.before);
            if outcome.is_ok() {
                break;
            }
        }
        // The match matters less than the settings, and the user sees its state.
        let _ = match self.rate {
            Some(rate) => self.ask.order(&path(self.id, &format!("/play?rate={rate}"))).map(drop),
            None => replace(self.ask, self.id),
        };
        outcome.map_err(|why| self.by_hand(&why))
    }

    fn by_hand(&self, why: &Said) -> String {
        let why = match why {
            Said::No { words, .. } => words.clone(),
            Said::Nothing(error) => format!("{error:#}"),
        };
        let keys = self.before.iter().map(|(key, value)| match value.as_str() {
            Some(text) => format!("matches.{key}={text}"),
            None => format!("matches.{key}={value}"),
        });
        let command = format!("weir set {}", keys.collect::<Vec<_>>().join(" "));
        format!("cannot restore the settings: {why}\nto restore them: {command}")
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        if self.is_due
            && let Err(words) = self.now()
        {
            complain(words);
        }
    }
}
