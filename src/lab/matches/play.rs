//! A seeded play: the same seed gives the same match.

use fastrand::Rng;

use super::rules::{LEAST_PLAYERS, MOST_SUBSTITUTIONS};
use super::{Action, Card, Event, Half, MatchState, Period, Side};

/// The last minute of each half, without added time.
const HALVES: [u16; 2] = [45, 90];

/// Makes the events of a match, one after the other.
#[derive(Debug, Clone)]
pub struct Play {
    rng: Rng,
    /// Events per minute.
    density: f64,
    /// Minutes that have passed, with their fraction.
    clock: f64,
    /// Added minutes of each half.
    added: [u16; 2],
}

impl Play {
    /// Makes a play with a seed, of about `events` events in 90 minutes.
    pub fn new(seed: u64, events: u32) -> Self {
        let mut rng = Rng::with_seed(seed);
        let added = [rng.u16(1..=4), rng.u16(2..=7)];
        Self { rng, density: f64::from(events.max(1)) / 90.0, clock: 0.0, added }
    }

    /// Returns the next event for a match in this state, or `None` if the match is over. The
    /// rules allow the event.
    pub fn next(&mut self, state: &MatchState) -> Option<Event> {
        let too_few = |side: &Side| state.on_pitch(*side).count() < LEAST_PLAYERS;
        let action = match state.period {
            Period::Over => return None,
            Period::FullTime => Action::Stop,
            _ if Side::BOTH.iter().any(too_few) => Action::Stop,
            Period::NotBegun => Action::Begin { half: Half::First },
            Period::FirstHalf => self.in_half(state, Half::First),
            Period::HalfTime => self.at_half_time(state),
            Period::SecondHalf => self.in_half(state, Half::Second),
        };
        if action == (Action::Begin { half: Half::Second }) {
            self.clock = f64::from(HALVES[0]);
            return Some(Event { minute: HALVES[0] + 1, action });
        }
        // A match that takes events from outside as well may be ahead of this clock.
        Some(Event { minute: (self.clock as u16 + 1).max(state.minute), action })
    }

    fn at_half_time(&mut self, state: &MatchState) -> Action {
        let substitution = if self.rng.bool() { self.substitution(state) } else { None };
        substitution.unwrap_or(Action::Begin { half: Half::Second })
    }

    fn in_half(&mut self, state: &MatchState, half: Half) -> Action {
        // Exponential distances: events come at random, on average at the wanted density.
        self.clock += -(1.0 - self.rng.f64()).ln() / self.density;
        let end = f64::from(HALVES[half as usize] + self.added[half as usize]);
        if self.clock >= end {
            self.clock = end - 1.0;
            return Action::End { half };
        }
        self.action(state)
    }

    /// Chooses among goals (3 a match), cards (5), substitutions (6) and, for the rest, shots.
    fn action(&mut self, state: &MatchState) -> Action {
        let per_match = self.rng.f64() * self.density * 90.0;
        let side = Side::BOTH[self.rng.usize(0..2)];
        match per_match {
            n if n < 3.0 => Action::Goal { side, player: self.outfield(state, side) },
            n if n < 8.0 => {
                let card = if self.rng.f64() < 0.05 { Card::Red } else { Card::Yellow };
                Action::Card { side, player: self.outfield(state, side), card }
            }
            n if n < 14.0 => self
                .substitution(state)
                .unwrap_or(Action::Shot { side, player: self.outfield(state, side) }),
            _ => Action::Shot { side, player: self.outfield(state, side) },
        }
    }

    /// A player on the pitch, the goalkeeper only if there is no other.
    fn outfield(&mut self, state: &MatchState, side: Side) -> u8 {
        let players: Vec<u8> = state.on_pitch(side).collect();
        players[self.rng.usize(1.min(players.len() - 1)..players.len())]
    }

    fn substitution(&mut self, state: &MatchState) -> Option<Action> {
        let side = Side::BOTH[self.rng.usize(0..2)];
        let bench: Vec<u8> = state.on_bench(side).collect();
        if state.substitutions[side.index()] == MOST_SUBSTITUTIONS || bench.is_empty() {
            return None;
        }
        let on = bench[self.rng.usize(0..bench.len())];
        Some(Action::Substitution { side, off: self.outfield(state, side), on })
    }
}
