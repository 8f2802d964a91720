//! What the tasks of a load share: the players, the moves that are due, and the kills of rooms.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::Notify;

use super::RoomsPlan;
use super::player::Player;
use super::tally::{LastKill, Tally};
use crate::pipeline::{Clock, Stamp};

/// How long moves may still be answered when the plan's time is over.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The shared state. All tasks are on one thread, and nothing is borrowed across an await.
#[derive(Debug)]
pub(super) struct House {
    pub(super) plan: RoomsPlan,
    pub(super) clock: Clock,
    pub(super) players: RefCell<Vec<Player>>,
    /// By the number of the room.
    pub(super) kills: RefCell<Vec<LastKill>>,
    pub(super) tally: RefCell<Tally>,
    /// Chooses who moves and what is said.
    pub(super) random: RefCell<Rng>,
    /// Players with a move that is due and no connection.
    ready: RefCell<VecDeque<usize>>,
    came: Notify,
    /// When no more moves begin. `None` while they do.
    over: Cell<Option<Stamp>>,
    /// When unanswered moves are given up.
    given_up: Cell<Option<Stamp>>,
}

/// A due move of a player.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) player: usize,
    pub(super) due: Stamp,
}

impl House {
    /// Creates the players, which have not joined. `run` is different in each run.
    pub(super) fn new(plan: RoomsPlan, clock: Clock, run: u64) -> Self {
        let mut ids = Rng::with_seed(plan.seed ^ run.rotate_left(32));
        let seats = (0..plan.rooms).flat_map(|room| (0..plan.players).map(move |seat| (room, seat)));
        // Zero is not drawn: it looks like a missing number.
        let players: Vec<Player> =
            seats.map(|(room, seat)| Player::new(room, seat, ids.u64(1..), run)).collect();
        Self {
            clock,
            players: RefCell::new(players),
            kills: RefCell::new(vec![LastKill::default(); plan.rooms]),
            tally: RefCell::new(Tally::new(clock.now())),
            random: RefCell::new(Rng::with_seed(plan.seed)),
            plan,
            ready: RefCell::new(VecDeque::new()),
            came: Notify::new(),
            over: Cell::new(None),
            given_up: Cell::new(None),
        }
    }

    /// Hands a move to a random player. `due` has just come.
    pub(super) fn deal(&self, due: Stamp) {
        let mut players = self.players.borrow_mut();
        let number = self.random.borrow_mut().usize(..players.len());
        let player = &mut players[number];
        player.due.push_back(due);
        if !player.is_busy {
            player.is_busy = true;
            self.ready.borrow_mut().push_back(number);
            self.came.notify_one();
        }
    }

    /// Gives every player a move that is due now.
    pub(super) fn deal_all(&self) {
        let now = self.clock.now();
        let mut players = self.players.borrow_mut();
        let mut order: Vec<usize> = (0..players.len()).collect();
        self.random.borrow_mut().shuffle(&mut order);
        for &number in &order {
            players[number].due.push_back(now);
            players[number].is_busy = true;
        }
        self.ready.borrow_mut().extend(order);
        self.came.notify_waiters();
    }

    /// Waits for a due move. `None` if the load is over and nothing waits.
    ///
    /// # Cancel safety
    /// A move is only taken in the poll that returns it.
    pub(super) async fn next(&self) -> Option<Turn> {
        loop {
            // Registered before the look, so that nothing comes unnoticed in between.
            let came = self.came.notified();
            if self.is_given_up() {
                return None;
            }
            let number = self.ready.borrow_mut().pop_front();
            if let Some(number) = number {
                let due = self.players.borrow_mut()[number].due.pop_front();
                return Some(Turn { player: number, due: due.unwrap_or_else(|| self.clock.now()) });
            }
            if self.over.get().is_some() {
                return None;
            }
            came.await;
        }
    }

    /// Takes a player back after its move. It moves again when its next move is due.
    pub(super) fn give_back(&self, number: usize) {
        let mut players = self.players.borrow_mut();
        let player = &mut players[number];
        let is_unpaced = self.plan.moves.is_none() && self.over.get().is_none();
        if is_unpaced && !player.is_out {
            player.due.push_back(self.clock.now());
        }
        player.is_busy = !player.due.is_empty() && !player.is_out;
        if player.is_busy {
            self.ready.borrow_mut().push_back(number);
            self.came.notify_one();
        }
    }

    /// Ends the load: no more moves become due, and those that wait are made within `grace`.
    pub(super) fn end(&self, grace: Duration) {
        let now = self.clock.now();
        self.over.set(Some(now));
        self.given_up.set(Some(now.after(grace)));
        if self.plan.moves.is_none() {
            // Their next moves only wait for a connection; none of them is late.
            for number in self.ready.borrow_mut().drain(..) {
                self.players.borrow_mut()[number].due.clear();
            }
        }
        self.came.notify_waiters();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.get().is_some()
    }

    /// True if moves without an answer are not repeated any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.get().is_some_and(|at| self.clock.now() >= at)
    }

    /// Gives up moves that are not answered within `limit`.
    pub(super) fn limit(&self, limit: Duration) {
        self.given_up.set(Some(self.clock.now().after(limit)));
    }

    /// Begins to measure now: forgets all earlier times and their limit, and no count.
    pub(super) fn restart_times(&self) {
        self.given_up.set(None);
        let tally = &mut *self.tally.borrow_mut();
        *tally = tally.restarted(self.clock.now());
    }

    /// Returns the times and counts so far.
    pub(super) fn take_tally(&self) -> Tally {
        self.tally.replace(Tally::new(self.clock.now()))
    }

    /// The moves that were due and never sent.
    pub(super) fn unsent(&self) -> u64 {
        self.players.borrow().iter().map(|player| player.due.len() as u64).sum()
    }
}
