//! Handles the messages of other nodes about a match. This runs in the mailbox of the match, so these
//! messages and the events of this node have one order.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::marks::MarkKind;
use super::super::{Event, LiveMatch, Match, OrderError, Sheet, epoch_micros, lock, mailbox};
use super::orders::Place;
use super::reign::Standing;
use super::{Peers, Word};

/// The largest number of events in one answer: about 200 kB of JSON, a fifth of NATS's limit.
const AT_ONCE: usize = 2_000;

/// Announces the state of a match whose home is here.
pub(in super::super) async fn announce(live: &LiveMatch) {
    let Some(peers) = live.core.peers() else { return };
    let epoch = {
        let mut reign = lock(&live.reign);
        if reign.home.as_ref() != Some(&peers.node) {
            return;
        }
        reign.hear();
        reign.epoch
    };
    peers.say(live.number, Word::State { epoch, next: live.now().1 }).await;
}

/// Returns the home of the match. Without one, or if it is lost, this node becomes it.
pub(in super::super) async fn home(live: &LiveMatch) -> Result<Place, OrderError> {
    let Some(peers) = live.core.peers() else { return Ok(Place::Here) };
    let epoch = {
        let mut reign = lock(&live.reign);
        match &reign.home {
            Some(home) if *home == peers.node => return Ok(Place::Here),
            home => {
                if let Some(why) = peers.away() {
                    return Err(OrderError::Away { why });
                }
                if let Some(home) = home.as_ref().filter(|_| !reign.is_lost()) {
                    return Ok(Place::There(home.clone()));
                }
            }
        }
        let epoch = reign.epoch + 1;
        reign.begin(&peers.node, epoch, true);
        epoch
    };
    live.core.mark(MarkKind::Change, format!("{} has its home here, in epoch {epoch}", live.id()));
    announce(live).await;
    Ok(Place::Here)
}

/// Handles a message of another node about the match.
pub(in super::super) async fn hear(
    live: &Arc<LiveMatch>,
    from: &str,
    word: Word,
    last_trace: &mut Option<Instant>,
) {
    let Some(peers) = live.core.peers() else { return };
    match word {
        Word::State { epoch, next } => {
            let is_current = admit(live, peers, from, epoch).await;
            if is_current {
                compare(live, peers, from, next).await;
            }
        }
        Word::Event { epoch, seq, at, event } => {
            if !admit(live, peers, from, epoch).await {
                return;
            }
            let own = live.now().1;
            let is_next = {
                let mut reign = lock(&live.reign);
                // The first event of a match that both nodes have from its start.
                reign.is_synced |= own == 0 && seq == 0;
                reign.is_synced && seq == own
            };
            if is_next {
                take(live, event, at, last_trace).await;
            } else {
                compare(live, peers, from, seq + 1).await;
            }
        }
        Word::Want { to, from: first } if to == peers.node => answer(live, peers, from, first).await,
        Word::Past { to, epoch, from: first, next, events } if to == peers.node => {
            let standing = lock(&live.reign).standing(from, epoch);
            if standing == Standing::Current {
                catch_up(live, from, first, &events, last_trace).await;
                compare(live, peers, from, next).await;
            }
        }
        _ => {}
    }
}

/// Returns true if a node is the home of the match. Notes a new home.
async fn admit(live: &LiveMatch, peers: &Peers, from: &str, epoch: u64) -> bool {
    let (standing, was_mine) = {
        let mut reign = lock(&live.reign);
        let was_mine = reign.home.as_ref() == Some(&peers.node);
        let standing = reign.standing(from, epoch);
        match standing {
            Standing::Current => reign.hear(),
            Standing::Wins => reign.begin(from, epoch, false),
            Standing::Loses => {}
        }
        (standing, was_mine)
    };
    if standing == Standing::Wins && was_mine {
        lock(&live.playing).end();
        live.core.mark(MarkKind::Fault, format!("{} has another home: {from}, epoch {epoch}", live.id()));
    }
    if standing == Standing::Loses {
        // Tells the other node.
        announce(live).await;
    }
    standing != Standing::Loses
}

/// Asks the home for the missed events before event `next`.
async fn compare(live: &LiveMatch, peers: &Peers, home: &str, next: u64) {
    let own = live.now().1;
    if next == 0 && !lock(&live.reign).is_synced {
        // The home has a new match.
        if own > 0 {
            replace(live, Vec::new());
        }
        lock(&live.reign).is_synced = true;
        return;
    }
    let from = {
        let mut reign = lock(&live.reign);
        if (reign.is_synced && own >= next) || !reign.may_want() {
            return;
        }
        if reign.is_synced { own } else { 0 }
    };
    peers.say(live.number, Word::Want { to: home.to_owned(), from }).await;
}

/// Answers a node that lacks events.
async fn answer(live: &LiveMatch, peers: &Peers, to: &str, from: u64) {
    let epoch = {
        let reign = lock(&live.reign);
        if reign.home.as_ref() != Some(&peers.node) {
            return;
        }
        reign.epoch
    };
    let (events, next) = {
        let game = lock(&live.game);
        let past = game.history().iter().skip(usize::try_from(from).unwrap_or(usize::MAX));
        (past.take(AT_ONCE).map(|past| past.event).collect(), game.history().len() as u64)
    };
    peers.say(live.number, Word::Past { to: to.to_owned(), epoch, from, next, events }).await;
}

/// Takes over the events of the home from number `first` on.
async fn catch_up(
    live: &Arc<LiveMatch>,
    home: &str,
    first: u64,
    events: &[Event],
    last_trace: &mut Option<Instant>,
) {
    lock(&live.reign).was_answered();
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let own: Vec<Event> = lock(&live.game).history().iter().map(|past| past.event).collect();
    let Some(mine) = own.get(first..) else { return };
    let is_same = mine.iter().zip(events).all(|(mine, event)| mine == event);
    if !is_same || (mine.len() > events.len() && events.len() < AT_ONCE) {
        // This node has events of its own, from a time with two homes.
        let end = if first == 0 { events.to_vec() } else { Vec::new() };
        replace(live, end);
        lock(&live.reign).is_synced = first == 0;
        return;
    }
    let missed = events.get(mine.len()..).unwrap_or_default();
    for event in missed {
        take(live, *event, epoch_micros(), last_trace).await;
    }
    let mut reign = lock(&live.reign);
    reign.is_synced = true;
    if !own.is_empty() && !missed.is_empty() {
        reign.late += missed.len() as u64;
        drop(reign);
        let (begin, end) = (own.len(), own.len() + missed.len() - 1);
        let word = format!("events {begin} to {end} of {} came late from {home}", live.id());
        live.core.mark(MarkKind::Fault, word);
    }
}

/// Applies an event of the home, and sends it to the watchers of this node.
async fn take(live: &Arc<LiveMatch>, event: Event, at: u64, last_trace: &mut Option<Instant>) {
    if let Err(error) = mailbox::record(live, event, at, last_trace).await {
        // The rules are pure, so the earlier events of the two nodes differ.
        log::warn!("match {}: an event of another node was refused: {error}", live.id());
        lock(&live.reign).is_synced = false;
    }
}

/// Replaces the match by one with these events. Closes its watchers, which come back.
fn replace(live: &LiveMatch, events: Vec<Event>) {
    let (is_played, text) = {
        let mut game = lock(&live.game);
        let mut new = Match::new(Sheet::clone(&game.state().sheet));
        let taken = events.into_iter().take_while(|event| new.apply(*event).is_ok()).count();
        *game = new;
        let state = game.state();
        (state.has_begun() && !state.is_over(), format!("{} was replaced, with {taken} events", live.id()))
    };
    live.forget_events();
    if let Some(life) = live.life() {
        life.hub.stop();
    }
    live.wanted.send_replace(is_played);
    live.core.mark(MarkKind::Change, text);
    live.core.tick();
}
