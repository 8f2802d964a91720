//! The process of a room: it decides moves, numbers their updates, and hands them on.

use std::future::pending;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use weir_stage::panics;
use weir_stage::server::{Context, Handle, HandleLater, Place, Reply, Server, ServerName, ServerRef};
use weir_stage::stage::Reason;

use super::backup::{BackupProcess, Seed, Store};
use super::common::Common;
use super::counts::{Answer, Fault, Outcome};
use super::kept::{Kept, Update};
use super::messages::{OpenAudience, Read};
use super::report::Acknowledged;
use super::{MoveId, Room};
use crate::hub::Sink;

/// The way from a room to its backup.
pub(super) enum Link<R: Room, S: Sink> {
    /// There is no backup: the room tells the watchers.
    None,
    /// The room acknowledges, and keeps its updates until they are taken.
    After { new: Vec<Update<R>>, waiting: Option<Reply<()>> },
    /// The backup acknowledges.
    Before(Before<R, S>),
}

/// A place in the backup's mailbox, reserved before a move is decided.
pub(super) struct Before<R: Room, S: Sink> {
    backup: ServerName<BackupProcess<R, S>>,
    place: Option<Place<BackupProcess<R, S>>>,
    /// The backup that was sent the state.
    seeded: Option<ServerRef<BackupProcess<R, S>>>,
    /// Answers that wait until the next backup has the state.
    unsent: Vec<Answer<R>>,
}

impl<R: Room, S: Sink> Link<R, S> {
    pub(super) fn after() -> Self {
        Self::After { new: Vec::new(), waiting: None }
    }

    pub(super) fn before(backup: ServerName<BackupProcess<R, S>>) -> Self {
        Self::Before(Before { backup, place: None, seeded: None, unsent: Vec::new() })
    }
}

pub(super) struct RoomProcess<R: Room, S: Sink> {
    kept: Kept<R>,
    link: Link<R, S>,
    common: Arc<Common<R, S>>,
}

impl<R: Room, S: Sink> RoomProcess<R, S> {
    pub(super) fn new(kept: Kept<R>, link: Link<R, S>, common: Arc<Common<R, S>>) -> Self {
        Self { kept, link, common }
    }

    /// Decides a move and applies its events. Nothing is awaited until they are handed on, so a
    /// kill finds all of it done or none.
    fn decide(&mut self, command: &R::Command, id: Option<MoveId>) -> Result<Decided<R>, Fault<R>> {
        if let Some(at) = id.and_then(|id| self.kept.repeated(id)) {
            let update = self.kept.advance(Vec::new(), None);
            return Ok(Decided { update, acknowledged: Acknowledged { at, repeated: true } });
        }
        let advance = AssertUnwindSafe(|| {
            let events = self.kept.room.decide(command).map_err(Fault::Refused)?;
            Ok(self.kept.advance(events, id))
        });
        let update = match catch_unwind(advance) {
            Ok(update) => update?,
            Err(panic) => return Err(Fault::Panicked(panics::message(&*panic))),
        };
        self.common.counts.room.store(update.at.n, Relaxed);
        let acknowledged = Acknowledged { at: update.at, repeated: false };
        Ok(Decided { update, acknowledged })
    }
}

struct Decided<R: Room> {
    update: Update<R>,
    acknowledged: Acknowledged,
}

impl<R: Room, S: Sink> Server for RoomProcess<R, S> {
    /// Waits for a place at the backup, and sends a new backup the state first. No move is taken
    /// meanwhile, so each one that is decided can be handed on.
    async fn ready(&mut self) {
        let Link::Before(before) = &mut self.link else { return };
        loop {
            if before.place.as_ref().is_some_and(|place| !place.server().is_down()) {
                return;
            }
            // A room whose backup is released is about to be stopped.
            let Ok(backup) = before.backup.wait().await else { return pending().await };
            let Ok(place) = backup.reserve().await else { continue };
            if before.seeded.as_ref().is_some_and(|seeded| seeded.is_same(&backup)) {
                before.place = Some(place);
                continue;
            }
            let seed = Seed { kept: self.kept.clone(), answers: take(&mut before.unsent) };
            match place.cast(seed) {
                Ok(()) => before.seeded = Some(backup),
                Err(error) => before.unsent = error.into_message().answers,
            }
        }
    }
}

/// A move.
pub(super) struct Move<R: Room> {
    pub(super) command: R::Command,
    pub(super) id: Option<MoveId>,
}

impl<R: Room, S: Sink> HandleLater<Move<R>> for RoomProcess<R, S> {
    type Reply = Outcome<R>;

    fn handle(&mut self, made: Move<R>, reply: Reply<Outcome<R>>, context: &mut Context<'_, Self>) {
        self.common.counts.moves.fetch_add(1, Relaxed);
        let Decided { update, acknowledged } = match self.decide(&made.command, made.id) {
            Ok(decided) => decided,
            Err(fault) => {
                if let Fault::Panicked(panic) = &fault {
                    context.stop(Reason::Panicked(panic.clone()));
                }
                return reply.send(Err(fault));
            }
        };
        let answer = Answer::new(reply, acknowledged, update.events.len(), &self.common.counts);
        match &mut self.link {
            Link::None => {
                answer.send();
                self.common.audience.update(&update, || self.kept.room.status());
            }
            Link::After { new, waiting } => {
                answer.send();
                if !update.events.is_empty() {
                    new.push(update);
                    if let Some(waiting) = waiting.take() {
                        waiting.send(());
                    }
                }
            }
            Link::Before(before) => match before.place.take() {
                Some(place) => {
                    if let Err(error) = place.cast(Store { update, answer }) {
                        before.unsent.push(error.into_message().answer);
                    }
                }
                None => before.unsent.push(answer),
            },
        }
    }
}

/// Answered when there are updates that no backup has taken.
pub(super) struct WaitForNew;

impl<R: Room, S: Sink> HandleLater<WaitForNew> for RoomProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, _: WaitForNew, reply: Reply<()>, _: &mut Context<'_, Self>) {
        match &mut self.link {
            Link::After { new, waiting } if new.is_empty() => *waiting = Some(reply),
            _ => reply.send(()),
        }
    }
}

/// Takes the updates that no backup has taken.
pub(super) struct TakeNew;

impl<R: Room, S: Sink> Handle<TakeNew> for RoomProcess<R, S> {
    type Reply = Vec<Update<R>>;

    fn handle(&mut self, _: TakeNew, _: &mut Context<'_, Self>) -> Self::Reply {
        match &mut self.link {
            Link::After { new, .. } => take(new),
            Link::None | Link::Before(_) => Vec::new(),
        }
    }
}

/// Copies the whole state, for a new backup. Takes the new updates too, since it contains them.
pub(super) struct TakeState;

impl<R: Room, S: Sink> Handle<TakeState> for RoomProcess<R, S> {
    type Reply = Kept<R>;

    fn handle(&mut self, _: TakeState, _: &mut Context<'_, Self>) -> Kept<R> {
        if let Link::After { new, .. } = &mut self.link {
            new.clear();
        }
        self.kept.clone()
    }
}

/// Ends the room in order, and returns its state.
pub(super) struct HandOver;

impl<R: Room, S: Sink> Handle<HandOver> for RoomProcess<R, S> {
    type Reply = Kept<R>;

    fn handle(&mut self, _: HandOver, context: &mut Context<'_, Self>) -> Kept<R> {
        context.stop(Reason::Finished);
        if let Link::Before(before) = &mut self.link {
            // The state that is handed over contains their updates.
            take(&mut before.unsent).into_iter().for_each(Answer::send);
        }
        self.kept.clone()
    }
}

/// Makes the room look for a new backup before its next move.
pub(super) struct LookForBackup;

impl<R: Room, S: Sink> Handle<LookForBackup> for RoomProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, _: LookForBackup, _: &mut Context<'_, Self>) {
        if let Link::Before(before) = &mut self.link {
            before.place = None;
        }
    }
}

impl<R, S, F, T> Handle<Read<F>> for RoomProcess<R, S>
where
    R: Room,
    S: Sink,
    F: FnOnce(&Kept<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    type Reply = T;

    fn handle(&mut self, Read(read): Read<F>, _: &mut Context<'_, Self>) -> T {
        read(&self.kept)
    }
}

impl<R: Room, S: Sink> Handle<OpenAudience> for RoomProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, _: OpenAudience, _: &mut Context<'_, Self>) {
        let encoder = &self.common.terms.encoder;
        self.common.audience.open(self.kept.at, self.kept.room.status(), encoder);
    }
}
