//! The state after an update. Nothing here decides anything.

use super::{LINES, Line, Out, Phase, Player, Role, Update, Village};

impl Village {
    pub(super) fn take_in(&mut self, update: &Update) {
        match update {
            Update::Joined { player } => self.players.push(Player {
                name: player.clone(),
                role: Role::Villager,
                is_alive: true,
                choice: None,
            }),
            Update::Left { player } => self.players.retain(|other| other.name != *player),
            Update::Started { seed, roles } => {
                (self.seed, self.winner) = (*seed, None);
                for (player, role) in self.players.iter_mut().zip(roles) {
                    (player.role, player.is_alive) = (*role, true);
                }
                // At once: between the games every viewer may know the roles.
                self.enter(Phase::Night, 1);
            }
            Update::NightFell { day } => self.enter(Phase::Night, *day),
            Update::DayBroke { day, out } => {
                self.take_out(out.as_ref());
                self.enter(Phase::Day, *day);
            }
            Update::Chose { player, target } | Update::Voted { player, target } => {
                let target = self.position(target);
                if let Some(at) = self.position(player) {
                    self.players[at].choice = target;
                }
            }
            Update::VotedOut { out } => self.take_out(out.as_ref()),
            Update::Said { .. } => {}
            Update::Won { winner } => {
                self.winner = Some(*winner);
                self.enter(Phase::Over, self.day);
            }
        }
        self.note(update);
    }

    fn enter(&mut self, phase: Phase, day: u32) {
        (self.phase, self.day) = (phase, day);
        for player in &mut self.players {
            player.choice = None;
        }
    }

    fn take_out(&mut self, out: Option<&Out>) {
        if let Some(at) = out.and_then(|out| self.position(&out.player)) {
            self.players[at].is_alive = false;
        }
    }

    /// Adds the line of an update to the log. Public and private lines are counted apart, so
    /// that whispers push no public line out.
    fn note(&mut self, update: &Update) {
        let whisper = Self::whisper(update);
        let is_private = whisper.is_some();
        let text = whisper.unwrap_or_else(|| Self::text(update)).into();
        let mut alike = self.log.iter().enumerate().filter(|(_, line)| line.is_private == is_private);
        let oldest = alike.next().map(|(at, _)| at);
        if let Some(at) = oldest.filter(|_| alike.count() + 1 == LINES) {
            self.log.remove(at);
        }
        self.log.push_back(Line { text, is_private });
    }
}
