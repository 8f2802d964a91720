//! The rules: which event a state allows, and the state after it.

use thiserror::Error;

use super::{Action, Card, Event, Half, MatchState, Period, Side};

/// The most substitutions of a team.
pub const MOST_SUBSTITUTIONS: u8 = 5;

/// The fewest players of a team with which a match goes on.
pub const LEAST_PLAYERS: usize = 7;

/// The place of a player that cannot do what an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// On the bench.
    Bench,
    /// On the pitch.
    Pitch,
    /// Replaced by another player, and not allowed to return.
    Replaced,
    /// Sent off.
    SentOff,
}

/// The reason why an event is refused. The state is then unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// The match is over.
    #[error("{action} refused: the match is over")]
    Over {
        /// The event.
        action: Action,
    },
    /// The period does not allow it.
    #[error("{action} refused: {}", .period.words())]
    Period {
        /// The event.
        action: Action,
        /// The period.
        period: Period,
    },
    /// The minute is before that of the last event.
    #[error("{action} refused: minute {minute} is before minute {last} of the last event")]
    Minute {
        /// The event.
        action: Action,
        /// The minute.
        minute: u16,
        /// The minute of the last event.
        last: u16,
    },
    /// The team has no such player.
    #[error("{action} refused: {team} has no player {player}")]
    NoPlayer {
        /// The event.
        action: Action,
        /// The team.
        team: String,
        /// The shirt number.
        player: u8,
    },
    /// The player is not where the event requires.
    #[error("{action} refused: player {player} of {team} {}", .whereabouts.words())]
    Absent {
        /// The event.
        action: Action,
        /// The team.
        team: String,
        /// The shirt number.
        player: u8,
        /// Where the player is.
        whereabouts: Whereabouts,
    },
    /// The team has made all its substitutions.
    #[error("substitution refused: {team} has made all {MOST_SUBSTITUTIONS}")]
    Substitutions {
        /// The team.
        team: String,
    },
    /// A team has too few players for the match to go on.
    #[error("{action} refused: {team} has fewer than {LEAST_PLAYERS} players, so the match can only stop")]
    TooFew {
        /// The event.
        action: Action,
        /// The team.
        team: String,
    },
}

impl Period {
    fn words(self) -> &'static str {
        match self {
            Self::NotBegun => "the match has not begun",
            Self::FirstHalf => "the first half is being played",
            Self::HalfTime => "it is half-time",
            Self::SecondHalf => "the second half is being played",
            Self::FullTime => "both halves are played",
            Self::Over => "the match is over",
        }
    }
}

impl Whereabouts {
    fn words(self) -> &'static str {
        match self {
            Self::Bench => "is on the bench",
            Self::Pitch => "is on the pitch",
            Self::Replaced => "was replaced",
            Self::SentOff => "was sent off",
        }
    }
}

impl MatchState {
    /// Returns the state after an event.
    ///
    /// # Errors
    /// [`Refused`], if the rules do not allow the event now.
    pub fn after(&self, event: Event) -> Result<Self, Refused> {
        let mut next = self.clone();
        next.apply(event)?;
        Ok(next)
    }

    /// Checks an event and applies it. After an error the state may be changed in part.
    fn apply(&mut self, Event { minute, action }: Event) -> Result<(), Refused> {
        if self.is_over() {
            return Err(Refused::Over { action });
        }
        // The second half begins with minute 46, whatever was added to the first.
        let restarts = action == Action::Begin { half: Half::Second };
        if minute < self.minute && !restarts {
            return Err(Refused::Minute { action, minute, last: self.minute });
        }
        self.minute = minute;
        if action == Action::Stop {
            self.period = Period::Over;
            return Ok(());
        }
        if let Some(side) = Side::BOTH.into_iter().find(|side| self.on_pitch(*side).count() < LEAST_PLAYERS)
        {
            return Err(Refused::TooFew { action, team: self.team_name(side) });
        }
        match action {
            Action::Begin { half } => self.begin(action, half),
            Action::End { half } => self.end(action, half),
            Action::Goal { side, player } => {
                let at = self.playing(action, side, player)?;
                self.score[side.index()] += 1;
                self.players[side.index()][at].goals += 1;
                Ok(())
            }
            Action::Shot { side, player } => {
                self.playing(action, side, player)?;
                self.shots[side.index()] += 1;
                Ok(())
            }
            Action::Card { side, player, card } => self.show_card(action, side, player, card),
            Action::Substitution { side, off, on } => self.substitute(action, side, off, on),
            Action::Stop => Ok(()),
        }
    }

    fn begin(&mut self, action: Action, half: Half) -> Result<(), Refused> {
        self.period = match (self.period, half) {
            (Period::NotBegun, Half::First) => Period::FirstHalf,
            (Period::HalfTime, Half::Second) => Period::SecondHalf,
            (period, _) => return Err(Refused::Period { action, period }),
        };
        Ok(())
    }

    fn end(&mut self, action: Action, half: Half) -> Result<(), Refused> {
        self.period = match (self.period, half) {
            (Period::FirstHalf, Half::First) => Period::HalfTime,
            (Period::SecondHalf, Half::Second) => Period::FullTime,
            (period, _) => return Err(Refused::Period { action, period }),
        };
        Ok(())
    }

    fn show_card(&mut self, action: Action, side: Side, player: u8, card: Card) -> Result<(), Refused> {
        // The referee may show a card at half-time too.
        if self.period != Period::HalfTime {
            self.played(action)?;
        }
        let at = self.on_pitch_at(action, side, player)?;
        let state = &mut self.players[side.index()][at];
        state.yellow += u8::from(card == Card::Yellow);
        if card == Card::Red || state.yellow == 2 {
            (state.on_pitch, state.sent_off) = (false, true);
        }
        Ok(())
    }

    fn substitute(&mut self, action: Action, side: Side, off: u8, on: u8) -> Result<(), Refused> {
        if self.period != Period::HalfTime {
            self.played(action)?;
        }
        if self.substitutions[side.index()] == MOST_SUBSTITUTIONS {
            return Err(Refused::Substitutions { team: self.team_name(side) });
        }
        let leaving = self.on_pitch_at(action, side, off)?;
        let entering = self.position(action, side, on)?;
        let whereabouts = self.whereabouts(side, entering);
        if whereabouts != Whereabouts::Bench {
            return Err(Refused::Absent { action, team: self.team_name(side), player: on, whereabouts });
        }
        let players = &mut self.players[side.index()];
        (players[leaving].on_pitch, players[leaving].has_left) = (false, true);
        players[entering].on_pitch = true;
        self.substitutions[side.index()] += 1;
        Ok(())
    }

    /// Refuses the event unless a half is being played.
    fn played(&self, action: Action) -> Result<(), Refused> {
        self.period.half().map(|_| ()).ok_or(Refused::Period { action, period: self.period })
    }

    /// Returns the place of a player that is on the pitch while a half is being played.
    fn playing(&self, action: Action, side: Side, player: u8) -> Result<usize, Refused> {
        self.played(action)?;
        self.on_pitch_at(action, side, player)
    }

    fn on_pitch_at(&self, action: Action, side: Side, player: u8) -> Result<usize, Refused> {
        let at = self.position(action, side, player)?;
        match self.whereabouts(side, at) {
            Whereabouts::Pitch => Ok(at),
            whereabouts => Err(Refused::Absent { action, team: self.team_name(side), player, whereabouts }),
        }
    }

    fn position(&self, action: Action, side: Side, player: u8) -> Result<usize, Refused> {
        let missing = || Refused::NoPlayer { action, team: self.team_name(side), player };
        self.sheet.team(side).position(player).ok_or_else(missing)
    }

    fn whereabouts(&self, side: Side, at: usize) -> Whereabouts {
        let state = &self.players[side.index()][at];
        match (state.on_pitch, state.sent_off, state.has_left) {
            (true, ..) => Whereabouts::Pitch,
            (_, true, _) => Whereabouts::SentOff,
            (.., true) => Whereabouts::Replaced,
            _ => Whereabouts::Bench,
        }
    }

    fn team_name(&self, side: Side) -> String {
        self.sheet.team(side).name.clone()
    }
}
