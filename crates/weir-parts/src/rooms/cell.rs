//! A room between its lives: its name, its counters, and either its processes or its state.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_stage::server::ServerName;

use super::audience::Audience;
use super::backup::BackupProcess;
use super::common::Common;
use super::counts::Counts;
use super::kept::Kept;
use super::orders::Orders;
use super::process::RoomProcess;
use super::report::{Kill, RoomState};
use super::settings::Backup;
use super::terms::Terms;
use super::{Position, Room};
use crate::hub::Sink;
use crate::registry::Claim;

/// The ends of processes that are remembered.
const KILLS: usize = 10;

pub(super) struct Cell<R: Room, S: Sink> {
    pub(super) common: Arc<Common<R, S>>,
    phase: Mutex<Phase<R, S>>,
    kills: Mutex<VecDeque<Kill>>,
    claim: Mutex<Option<Claim<Arc<Self>>>>,
}

enum Phase<R: Room, S: Sink> {
    Idle(Kept<R>),
    Up(Up<R, S>),
    Gone,
}

/// How the processes of a room are reached.
pub(super) struct Up<R: Room, S: Sink> {
    pub(super) room: ServerName<RoomProcess<R, S>>,
    pub(super) backup: ServerName<BackupProcess<R, S>>,
    pub(super) orders: Arc<Orders>,
    pub(super) mode: Backup,
}

impl<R: Room, S: Sink> Clone for Up<R, S> {
    fn clone(&self) -> Self {
        Self {
            room: self.room.clone(),
            backup: self.backup.clone(),
            orders: Arc::clone(&self.orders),
            mode: self.mode,
        }
    }
}

impl<R: Room, S: Sink> Cell<R, S> {
    pub(super) fn new(name: Arc<str>, terms: Arc<Terms<R>>) -> Arc<Self> {
        let counts = Counts::default();
        counts.life.store(Position::START.life, Relaxed);
        let kept = Kept::new((terms.new)(&name), Position::START);
        let counts = Arc::new(counts);
        Arc::new(Self {
            common: Arc::new(Common { name, terms, counts, audience: Audience::default() }),
            phase: Mutex::new(Phase::Idle(kept)),
            kills: Mutex::default(),
            claim: Mutex::default(),
        })
    }

    /// Takes over the claim of the name.
    pub(super) fn own(&self, claim: Claim<Arc<Self>>) {
        *self.claim.lock().unwrap_or_else(PoisonError::into_inner) = Some(claim);
    }

    /// Gives the name back. Returns false if that was done before.
    pub(super) fn release(&self) -> bool {
        let claim = self.claim.lock().unwrap_or_else(PoisonError::into_inner).take();
        claim.is_some()
    }

    fn phase(&self) -> MutexGuard<'_, Phase<R, S>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a part of the way to the processes, which `start` starts if the room is idle. `None`
    /// if the room is gone.
    pub(super) fn awake<T>(
        &self,
        part: impl Fn(&Up<R, S>) -> T,
        start: impl FnOnce(Kept<R>) -> Up<R, S>,
    ) -> Option<T> {
        let mut phase = self.phase();
        if let Phase::Up(up) = &*phase {
            return Some(part(up));
        }
        if self.common.terms.is_stopped() {
            return None;
        }
        match std::mem::replace(&mut *phase, Phase::Gone) {
            Phase::Idle(kept) => {
                let up = start(kept);
                let result = part(&up);
                *phase = Phase::Up(up);
                Some(result)
            }
            Phase::Up(_) | Phase::Gone => None,
        }
    }

    /// Returns the way to the processes, if there are any.
    pub(super) fn up(&self) -> Option<Up<R, S>> {
        match &*self.phase() {
            Phase::Up(up) => Some(up.clone()),
            Phase::Idle(_) | Phase::Gone => None,
        }
    }

    /// Reads the state of an idle room.
    pub(super) fn read_idle<T>(&self, read: impl FnOnce(&Kept<R>) -> T) -> Option<T> {
        match &*self.phase() {
            Phase::Idle(kept) => Some(read(kept)),
            Phase::Up(_) | Phase::Gone => None,
        }
    }

    /// Notes that the processes have ended with this state.
    pub(super) fn rest(&self, kept: Kept<R>) {
        *self.phase() = Phase::Idle(kept);
    }

    /// Notes when moves are acknowledged from now on.
    pub(super) fn set_mode(&self, mode: Backup) {
        if let Phase::Up(up) = &mut *self.phase() {
            up.mode = mode;
        }
    }

    /// Ends an idle room for good. Returns false if it is not idle.
    pub(super) fn end(&self) -> bool {
        let mut phase = self.phase();
        let is_up = matches!(&*phase, Phase::Up(_));
        if !is_up {
            *phase = Phase::Gone;
        }
        !is_up
    }

    pub(super) fn state(&self) -> RoomState {
        match &*self.phase() {
            Phase::Idle(_) => RoomState::Idle,
            Phase::Up(_) if self.common.counts.is_restarting.load(Relaxed) => RoomState::Restarting,
            Phase::Up(_) => RoomState::Up,
            Phase::Gone => RoomState::Gone,
        }
    }

    pub(super) fn note_kill(&self, kill: Kill) {
        let mut kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
        if kills.len() == KILLS {
            kills.pop_front();
        }
        kills.push_back(kill);
    }

    pub(super) fn kills(&self) -> Vec<Kill> {
        self.kills.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl<R: Room, S: Sink> fmt::Debug for Cell<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("name", &self.common.name).finish_non_exhaustive()
    }
}
