//! A match: its state, and the history of its events.

use std::sync::Arc;

use serde::Serialize;

use super::{Action, Card, Event, Half, MatchState, Refused, Sheet, Side};

/// An event that happened, with its number and the state after it. A snapshot made from the
/// last one is exact, whatever happens meanwhile.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The number of the event, counted from 0.
    pub seq: u64,
    /// The event.
    pub event: Event,
    /// What happened, in a few words: "Marques, 2 : 1".
    pub text: String,
    /// The state after it.
    pub state: Arc<MatchState>,
}

/// An event of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Past {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// What happened, in a few words.
    pub text: String,
}

/// A match and its complete history.
#[derive(Debug, Clone)]
pub struct Match {
    state: Arc<MatchState>,
    history: Vec<Past>,
}

impl Match {
    /// Makes a match before its first event.
    pub fn new(sheet: Sheet) -> Self {
        Self { state: Arc::new(MatchState::new(Arc::new(sheet))), history: Vec::new() }
    }

    /// Makes a [sample](Sheet::sample) match.
    pub fn sample(number: usize) -> Self {
        Self::new(Sheet::sample(number))
    }

    /// Returns the state after the last event.
    pub fn state(&self) -> &Arc<MatchState> {
        &self.state
    }

    /// Returns all events, the first one first.
    pub fn history(&self) -> &[Past] {
        &self.history
    }

    /// Applies an event.
    ///
    /// # Errors
    /// [`Refused`], if the rules do not allow the event now. The match is then unchanged.
    pub fn apply(&mut self, event: Event) -> Result<Recorded, Refused> {
        let state = Arc::new(self.state.after(event)?);
        let text = words(&self.state, &state, event.action);
        let seq = self.history.len() as u64;
        self.history.push(Past { event, text: text.clone() });
        self.state = Arc::clone(&state);
        Ok(Recorded { seq, event, text, state })
    }

    /// Rebuilds the state from the history.
    pub fn replay(&self) -> MatchState {
        let start = MatchState::new(Arc::clone(&self.state.sheet));
        self.history.iter().fold(start, |state, past| {
            state.after(past.event).expect("an event of the history was allowed when it happened")
        })
    }
}

/// Says what happened. `before` tells a second yellow card from a first one.
fn words(before: &MatchState, after: &MatchState, action: Action) -> String {
    let name = |side: Side, number: u8| {
        let team = after.sheet.team(side);
        team.position(number).map_or_else(String::new, |at| team.players[at].name.clone())
    };
    let [home, away] = after.score;
    match action {
        Action::Begin { half } => format!("the {half} begins"),
        Action::End { half: Half::First } => format!("half-time, {home} : {away}"),
        Action::End { half: Half::Second } => format!("full time, {home} : {away}"),
        Action::Goal { side, player } => format!("{}, {home} : {away}", name(side, player)),
        Action::Shot { side, player } => format!("{} misses", name(side, player)),
        Action::Card { side, player, card: Card::Red } => format!("{}, red card", name(side, player)),
        Action::Card { side, player, card: Card::Yellow } => {
            let on_pitch = |state: &MatchState| state.on_pitch(side).any(|number| number == player);
            let second = if on_pitch(before) && !on_pitch(after) { "second " } else { "" };
            format!("{}, {second}yellow card", name(side, player))
        }
        Action::Substitution { side, off, on } => format!("{} for {}", name(side, on), name(side, off)),
        Action::Stop => format!("the match is over, {home} : {away}"),
    }
}
