//! The rules: which updates a move causes now, or why it is refused.

use fastrand::Rng;

use super::command::{LONGEST_TEXT, is_name};
use super::{
    Command, LEAST_PLAYERS, MOST_PLAYERS, Out, PLAYERS_PER_WEREWOLF, Phase, Player, Refused, Role, Update,
    Village, Winner, Word,
};

impl Village {
    pub(super) fn updates_of(&self, command: &Command) -> Result<Vec<Update>, Refused> {
        match command {
            Command::Join { player } => self.join(player),
            Command::Leave { player } => self.leave(player),
            Command::Start { player, seed } => self.start(player, seed.unwrap_or(0)),
            Command::Choose { player, target } => self.choose(player, target),
            Command::Vote { player, target } => self.vote(player, target),
            Command::Say { player, text } => self.say(player, text),
            Command::EndPhase { player } => self.end_phase(player),
        }
    }

    fn join(&self, name: &str) -> Result<Vec<Update>, Refused> {
        if !is_name(name) {
            return Err(Refused::Name);
        }
        // Before the phase: a client that sends its join again must not be refused.
        if self.position(name).is_some() {
            return Ok(Vec::new());
        }
        self.in_phase(&[Phase::Lobby], "join")?;
        if self.players.len() == MOST_PLAYERS {
            return Err(Refused::Full);
        }
        Ok(vec![Update::Joined { player: name.into() }])
    }

    fn leave(&self, name: &str) -> Result<Vec<Update>, Refused> {
        let at = self.member(name)?;
        self.in_phase(&[Phase::Lobby], "leave")?;
        Ok(vec![Update::Left { player: self.name(at) }])
    }

    fn start(&self, name: &str, seed: u64) -> Result<Vec<Update>, Refused> {
        self.member(name)?;
        self.in_phase(&[Phase::Lobby, Phase::Over], "start")?;
        let found = self.players.len();
        if found < LEAST_PLAYERS {
            return Err(Refused::TooFew { found });
        }
        let werewolves = found / PLAYERS_PER_WEREWOLF;
        let mut roles = vec![Role::Werewolf; werewolves];
        roles.resize(found, Role::Villager);
        Rng::with_seed(seed).shuffle(&mut roles);
        Ok(vec![Update::Started { seed, roles }])
    }

    fn choose(&self, name: &str, target: &str) -> Result<Vec<Update>, Refused> {
        let at = self.member(name)?;
        self.in_phase(&[Phase::Night], "choice")?;
        self.acting(at)?;
        if self.players[at].role != Role::Werewolf {
            return Err(Refused::Asleep { player: self.name(at) });
        }
        let target = self.target(at, target)?;
        if self.players[target].role == Role::Werewolf {
            return Err(Refused::Fellow { target: self.name(target) });
        }
        let chose = Update::Chose { player: self.name(at), target: self.name(target) };
        let is_werewolf = |player: &Player| player.role == Role::Werewolf;
        Ok(self.with_choice(at, target, chose, is_werewolf, Self::dawn))
    }

    fn vote(&self, name: &str, target: &str) -> Result<Vec<Update>, Refused> {
        let at = self.member(name)?;
        self.in_phase(&[Phase::Day], "vote")?;
        self.acting(at)?;
        let target = self.target(at, target)?;
        let voted = Update::Voted { player: self.name(at), target: self.name(target) };
        Ok(self.with_choice(at, target, voted, |_| true, Self::dusk))
    }

    fn say(&self, name: &str, text: &str) -> Result<Vec<Update>, Refused> {
        let at = self.member(name)?;
        let found = text.chars().count();
        if found > LONGEST_TEXT || text.trim().is_empty() {
            return Err(Refused::Length { found });
        }
        if text.chars().any(weir_stage::clean::is_hostile) {
            return Err(Refused::Control);
        }
        let is_night = self.phase == Phase::Night;
        if is_night || self.phase == Phase::Day {
            self.acting(at)?;
        }
        if is_night && self.players[at].role != Role::Werewolf {
            return Err(Refused::Asleep { player: self.name(at) });
        }
        Ok(vec![Update::Said { player: self.name(at), text: text.into(), to_werewolves: is_night }])
    }

    fn end_phase(&self, name: &str) -> Result<Vec<Update>, Refused> {
        let at = self.member(name)?;
        self.in_phase(&[Phase::Night, Phase::Day], "end of a phase")?;
        self.acting(at)?;
        let choices = self.living().filter_map(|(_, player)| player.choice).collect();
        Ok(if self.phase == Phase::Night { self.dawn(choices) } else { self.dusk(choices) })
    }

    /// The updates of a choice: itself, unless it is the current one, and the end of the phase
    /// if all players that choose in it have chosen.
    fn with_choice(
        &self,
        at: usize,
        target: usize,
        update: Update,
        chooses: impl Fn(&Player) -> bool,
        end: impl FnOnce(&Self, Vec<usize>) -> Vec<Update>,
    ) -> Vec<Update> {
        let is_new = self.players[at].choice != Some(target);
        let mut updates = if is_new { vec![update] } else { Vec::new() };
        let choosing = self.living().filter(|(_, player)| chooses(player));
        let choices = choosing.map(|(who, player)| if who == at { Some(target) } else { player.choice });
        if let Some(choices) = choices.collect::<Option<Vec<usize>>>() {
            updates.extend(end(self, choices));
        }
        updates
    }

    /// The updates of the end of a night. The seed decides a tie.
    fn dawn(&self, choices: Vec<usize>) -> Vec<Update> {
        let most = self.most(&choices);
        let mut rng = Rng::with_seed(self.seed.wrapping_add(u64::from(self.day)));
        let taken = if most.is_empty() { None } else { Some(most[rng.usize(0..most.len())]) };
        let mut updates = vec![Update::DayBroke { day: self.day, out: self.out(taken) }];
        updates.extend(self.winner_without(taken).map(|winner| Update::Won { winner }));
        updates
    }

    /// The updates of the end of a day. A tie sends no player out.
    fn dusk(&self, votes: Vec<usize>) -> Vec<Update> {
        let most = self.most(&votes);
        let voted_out = if let [only] = most[..] { Some(only) } else { None };
        let next = match self.winner_without(voted_out) {
            Some(winner) => Update::Won { winner },
            None => Update::NightFell { day: self.day.saturating_add(1) },
        };
        vec![Update::VotedOut { out: self.out(voted_out) }, next]
    }

    /// The players with the most choices, in their order.
    fn most(&self, choices: &[usize]) -> Vec<usize> {
        let count = |at: usize| choices.iter().filter(|choice| **choice == at).count();
        let most = (0..self.players.len()).map(count).max().filter(|most| *most > 0);
        (0..self.players.len()).filter(|at| Some(count(*at)) == most).collect()
    }

    /// The side that has won once a player is out.
    fn winner_without(&self, out: Option<usize>) -> Option<Winner> {
        let left = self.living().filter(|(at, _)| Some(*at) != out);
        let (werewolves, others): (Vec<_>, Vec<_>) =
            left.partition(|(_, player)| player.role == Role::Werewolf);
        if werewolves.is_empty() {
            Some(Winner::Village)
        } else {
            (werewolves.len() >= others.len()).then_some(Winner::Werewolves)
        }
    }

    fn out(&self, at: Option<usize>) -> Option<Out> {
        at.map(|at| Out { player: self.name(at), role: self.players[at].role })
    }

    fn name(&self, at: usize) -> Word {
        self.players[at].name.clone()
    }

    fn member(&self, name: &str) -> Result<usize, Refused> {
        if !is_name(name) {
            return Err(Refused::Name);
        }
        self.position(name).ok_or_else(|| Refused::NotJoined { player: name.into() })
    }

    fn in_phase(&self, phases: &[Phase], action: &'static str) -> Result<(), Refused> {
        let is_allowed = phases.contains(&self.phase);
        if is_allowed { Ok(()) } else { Err(Refused::Phase { action, phase: self.phase }) }
    }

    fn acting(&self, at: usize) -> Result<(), Refused> {
        let is_alive = self.players[at].is_alive;
        if is_alive { Ok(()) } else { Err(Refused::Out { player: self.name(at) }) }
    }

    /// The place of a living player that another one chooses.
    fn target(&self, chooser: usize, name: &str) -> Result<usize, Refused> {
        let target = self.member(name)?;
        if target == chooser {
            return Err(Refused::Oneself { player: self.name(target) });
        }
        let is_alive = self.players[target].is_alive;
        if is_alive { Ok(target) } else { Err(Refused::TargetOut { target: self.name(target) }) }
    }
}
