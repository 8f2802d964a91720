//! Hosts rooms: claims a name, rebuilds its room from the log, and gives it up when another node
//! owns it.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use weir_parts::rooms::{Acknowledged, ActError, CreateError, MoveId, Room as _};

use super::super::werewolf::Command;
use super::super::{Core, Room, lock};
use super::entry::{Entry, Moves, moves};
use super::{Hosted, NotCreated, NotMoved, Shared};
use crate::nodes::{Host, NotAppended, NotClaimed, Owned};
use crate::shutdown::StopToken;

impl From<NotClaimed> for NotCreated {
    fn from(error: NotClaimed) -> Self {
        match error {
            NotClaimed::Taken(place) => Self::Taken(place),
            NotClaimed::Away(away) => Self::Away { why: away.why },
        }
    }
}

impl Host for Core {
    fn stop(&self) -> StopToken {
        self.stop.clone()
    }

    fn owned(&self) -> Vec<(String, u64)> {
        self.shared.get().map(|shared| shared.owned()).unwrap_or_default()
    }

    fn serves(&self, name: &str) -> bool {
        self.shared.get().is_some_and(|shared| shared.hosted(name).is_some())
    }

    fn take_over(
        self: Arc<Self>,
        name: String,
        claim: Box<dyn Owned>,
        log: Vec<Bytes>,
    ) -> BoxFuture<'static, ()> {
        async move {
            // A room that was removed stays removed.
            let (Some(shared), Some(moves)) = (self.shared.get(), moves(&log)) else { return };
            if let Err(error) = shared.host(&self, &name, claim, moves).await {
                log::warn!("rooms: {name} was not taken over: {error}");
            }
        }
        .boxed()
    }
}

impl Shared {
    fn owned(&self) -> Vec<(String, u64)> {
        let hosted = lock(&self.hosted).clone();
        let valid = hosted.iter().filter(|(_, hosted)| hosted.claim.is_valid());
        valid.map(|(name, hosted)| (name.to_string(), hosted.claim.generation())).collect()
    }

    /// Creates a room. A name whose room was not removed when its last node ended gets its state
    /// back.
    pub(in super::super) async fn create(
        self: &Arc<Self>,
        core: &Arc<Core>,
        name: &str,
    ) -> Result<Room, NotCreated> {
        let claim = self.places.names().try_claim(name).await?;
        let log = claim.history().await.map_err(|away| NotCreated::Away { why: away.why })?;
        let found = moves(&log);
        if found.is_none() {
            let created = claim.append(Entry::Created.to_bytes()).await;
            created.map_err(|error| NotCreated::Away { why: error.to_string() })?;
        }
        Ok(self.host(core, name, claim, found.unwrap_or_default()).await?)
    }

    /// Makes a room with these moves, and serves it.
    async fn host(
        self: &Arc<Self>,
        core: &Arc<Core>,
        name: &str,
        claim: Box<dyn Owned>,
        moves: Moves,
    ) -> Result<Room, CreateError> {
        // One that is left from an earlier generation may have another state.
        core.house.remove(name).await;
        let room = core.house.create(name).await?;
        let (generation, count) = (claim.generation(), moves.len());
        for (command, id) in moves {
            // The rules are pure: what was allowed then is allowed now.
            if let Err(error) = room.act(command, id).await {
                log::warn!("rooms: a move of the log of {name} was not made: {error}");
            }
        }
        let hosted =
            Arc::new(Hosted { claim, order: tokio::sync::Mutex::default(), stop: StopToken::new() });
        lock(&self.hosted).insert(Arc::clone(room.name()), Arc::clone(&hosted));
        self.places.is_here(name);
        if generation > 1 {
            core.mark(format!("{name} is here in generation {generation}, with {count} moves of its log"));
        }
        tokio::spawn(follow(Arc::downgrade(core), Arc::clone(self), Arc::clone(room.name()), hosted));
        Ok(room)
    }

    /// Makes a move of a room that this node owns, as a whole: a client that goes away between the
    /// log and the state does not part them.
    pub(in super::super) async fn act(
        self: &Arc<Self>,
        core: &Arc<Core>,
        room: &Room,
        command: Command,
        id: Option<MoveId>,
    ) -> Result<Acknowledged, NotMoved> {
        let (this, core, room) = (Arc::clone(self), Arc::clone(core), room.clone());
        let made = tokio::spawn(async move { this.make(&core, &room, command, id).await });
        // The task fails only when the runtime ends.
        made.await.unwrap_or_else(|_| Err(ActError::Gone.into()))
    }

    /// Makes a move: decided, in the log, and then in the state.
    async fn make(
        self: &Arc<Self>,
        core: &Arc<Core>,
        room: &Room,
        command: Command,
        id: Option<MoveId>,
    ) -> Result<Acknowledged, NotMoved> {
        let hosted = self.hosted(room.name()).ok_or(ActError::Gone)?;
        let _order = hosted.order.lock().await;
        let asked = command.clone();
        let is_allowed = room.read(move |village, _| village.decide(&asked).is_ok()).await;
        // A refused move is none, and one that the room has already comes again from its client.
        if is_allowed.map_err(|_| ActError::Gone)? {
            let entry = Entry::of_move(command.clone(), id).to_bytes();
            match hosted.claim.append(entry).await {
                Ok(_) => {}
                Err(NotAppended::Fenced { by }) => {
                    let why = format!("generation {by} is at another node");
                    self.step_down(core, room.name(), &hosted, &why).await;
                    return Err(NotMoved::Fenced { by });
                }
                Err(NotAppended::Away { why }) => {
                    // The move may be in the log. The next generation reads it there.
                    self.step_down(core, room.name(), &hosted, &why).await;
                    return Err(NotMoved::Away { why });
                }
            }
        }
        Ok(room.act(command, id).await?)
    }

    /// Gives a room up, and waits for its name.
    async fn step_down(
        self: &Arc<Self>,
        core: &Arc<Core>,
        name: &Arc<str>,
        hosted: &Arc<Hosted>,
        why: &str,
    ) {
        let is_mine = {
            let mut all = lock(&self.hosted);
            let is_mine = all.get(name).is_some_and(|found| Arc::ptr_eq(found, hosted));
            if is_mine {
                all.remove(name);
            }
            is_mine
        };
        if is_mine {
            hosted.stop.cancel();
            core.mark(format!("{name} was given up: {why}"));
            core.house.remove(name).await;
            self.places.stand_by(core, name);
        }
    }

    /// Removes a room that this node owns, for all nodes. Returns false if its log did not take it.
    pub(in super::super) async fn remove(&self, core: &Core, name: &str) -> bool {
        let Some(hosted) = self.hosted(name) else { return false };
        let _order = hosted.order.lock().await;
        if hosted.claim.append(Entry::Removed.to_bytes()).await.is_err() {
            return false;
        }
        lock(&self.hosted).remove(name);
        hosted.stop.cancel();
        core.house.remove(name).await
    }
}

/// Gives a room up once its claim is lost.
async fn follow(core: Weak<Core>, shared: Arc<Shared>, name: Arc<str>, hosted: Arc<Hosted>) {
    let by = tokio::select! {
        by = hosted.claim.lost() => by,
        () = hosted.stop.cancelled() => return,
    };
    if let Some(core) = core.upgrade().filter(|core| !core.is_draining()) {
        let why = format!("generation {by} is at another node");
        shared.step_down(&core, &name, &hosted, &why).await;
    }
}
