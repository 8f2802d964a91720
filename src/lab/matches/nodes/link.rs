//! The task that listens to the other nodes, and announces once a second the matches whose home is
//! here.

use std::sync::{Arc, Weak};

use futures::StreamExt;
use tokio::time::{Duration, MissedTickBehavior, interval};

use super::super::mailbox::Letter;
use super::super::marks::MarkKind;
use super::super::{Core, LiveMatch};
use super::Peers;
use super::orders::carry_out;
use super::word::{Sent, Word};
use crate::nodes::Messages;

/// How often a home announces its state.
const STATE: Duration = Duration::from_secs(1);
/// How often the task checks for an outage.
const LOOK: Duration = Duration::from_millis(100);

/// Listens until the lab ends.
pub(in super::super) async fn run(core: Weak<Core>, peers: Arc<Peers>, mut messages: Messages) {
    let Some(stop) = core.upgrade().map(|core| core.stop.clone()) else { return };
    let (mut states, mut looks) = (interval(STATE), interval(LOOK));
    states.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_away = false;
    peers.say(0, Word::Hello).await;
    loop {
        let message = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = states.tick() => None,
            _ = looks.tick() => {
                let Some(core) = core.upgrade() else { return };
                was_away = look(&core, &peers, was_away).await;
                continue;
            }
            message = messages.next() => match message {
                Some(message) => Some(message),
                None => return,
            },
        };
        let Some(core) = core.upgrade() else { return };
        match message.map(|message| serde_json::from_slice::<Sent>(&message)) {
            None => announce(&core),
            Some(Ok(sent)) if sent.from != peers.node => hear(&core, &peers, sent),
            Some(Ok(_)) => {}
            Some(Err(error)) => log::debug!("matches: a message of another node was not read: {error}"),
        }
    }
}

/// Marks the beginning and the end of an outage.
async fn look(core: &Core, peers: &Peers, was_away: bool) -> bool {
    let away = peers.away();
    match (&away, was_away) {
        (Some(why), false) => core.mark(MarkKind::Fault, format!("NATS is away: {why}")),
        (None, true) => {
            core.mark(MarkKind::Change, "NATS is back".to_owned());
            peers.unsettle();
            peers.say(0, Word::Hello).await;
        }
        _ => return was_away,
    }
    core.tick();
    away.is_some()
}

/// Lets each match whose home is here announce its state, after the events in its mailbox.
fn announce(core: &Core) {
    for live in core.all() {
        // A match that has ended announces nothing.
        _ = live.letters.send(Letter::Announce);
    }
}

/// Passes a message on.
fn hear(core: &Arc<Core>, peers: &Arc<Peers>, sent: Sent) {
    let Sent { from, number, word } = sent;
    match word {
        Word::Hello => announce(core),
        Word::Answer { to, ask, result } => {
            if to == peers.node {
                peers.answer(ask, result);
            }
        }
        word => {
            let Some(live) = core.ensure(number) else { return };
            match word {
                Word::Order { to, ask, order } => {
                    if to == peers.node {
                        tokio::spawn(obey(live, Arc::clone(peers), from, ask, order));
                    }
                }
                // As in `announce`.
                word => _ = live.letters.send(Letter::Heard { from, word }),
            }
        }
    }
}

/// Carries out the order of another node, and answers.
async fn obey(live: Arc<LiveMatch>, peers: Arc<Peers>, to: String, ask: u64, order: super::word::Order) {
    let result = carry_out(&live, order).await.map_err(|error| error.to_string());
    peers.say(live.number, Word::Answer { to, ask, result }).await;
}
