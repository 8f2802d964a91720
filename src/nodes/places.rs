//! The names that a lab shares with other nodes: where each is, and the wait for those whose owner
//! is lost.
//!
//! Each node says once a second which names it owns. The others note the place, and wait for the
//! name; the first that gets it serves it from then on. What is behind a name is the lab's affair:
//! it is a [`Host`].

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::{Common, Host, Messages, Names, Owned};

/// How often a node says which names it owns.
const EVERY: Duration = Duration::from_secs(1);
/// Names of one message: about 300 kB.
const AT_ONCE: usize = 5_000;
/// A node that has not said for this long which names it owns is no longer asked.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// The pause before the registry or a log is asked again that could not be reached.
const AGAIN: Duration = Duration::from_millis(250);

/// The place of a name among several nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node that owns it.
    pub node: String,
    /// The address of that node's API.
    pub url: String,
    /// The generation of its claim, counted from 1.
    pub generation: u64,
    /// Whether it is this node.
    pub is_here: bool,
}

/// The names of a lab over all nodes, as one of them knows them.
pub struct Places {
    node: String,
    url: String,
    common: Common,
    elsewhere: Mutex<BTreeMap<String, Elsewhere>>,
    /// The names for which this node waits.
    awaited: Mutex<HashSet<String>>,
    /// Says at once which names this node owns.
    changed: Notify,
}

/// A name that another node owns.
#[derive(Debug, Clone)]
struct Elsewhere {
    node: String,
    url: String,
    generation: u64,
    heard: Instant,
}

/// What a node says.
#[derive(Debug, Serialize, Deserialize)]
struct Here {
    node: String,
    url: String,
    names: Vec<(String, u64)>,
    /// Whether these are all of its names.
    is_all: bool,
}

impl Places {
    /// Makes them for the node `node`, whose API is at `url`.
    #[must_use]
    pub fn new(node: String, url: String, common: Common) -> Arc<Self> {
        Arc::new(Self {
            node,
            url,
            common,
            elsewhere: Mutex::default(),
            awaited: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Returns the name of this node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Returns the registry.
    pub fn names(&self) -> &dyn Names {
        &*self.common.names
    }

    /// Returns the place of a name that this node owns.
    pub fn here(&self, generation: u64) -> Place {
        Place { node: self.node.clone(), url: self.url.clone(), generation, is_here: true }
    }

    /// Returns the place of a name that another node owns.
    pub fn elsewhere(&self, name: &str) -> Option<Place> {
        self.known().get(name).and_then(Elsewhere::place)
    }

    /// Returns the first `most` names that other nodes own, in their order, and the number of all.
    pub fn all_elsewhere(&self, most: usize) -> (Vec<(String, Place)>, usize) {
        let known = self.known();
        let heard = || known.iter().filter(|(_, elsewhere)| elsewhere.is_heard());
        let first = heard().take(most);
        let first = first.filter_map(|(name, elsewhere)| Some((name.clone(), elsewhere.place()?)));
        (first.collect(), heard().count())
    }

    /// Notes that this node serves a name now.
    pub fn is_here(&self, name: &str) {
        self.known().remove(name);
    }

    /// Says to the other nodes at once which names this node owns, instead of within a second.
    pub fn say_now(&self) {
        self.changed.notify_one();
    }

    /// Says once a second which names this node owns, and hears which the others own, until the
    /// lab ends.
    ///
    /// # Cancel safety
    /// The other nodes forget within 30 s what this one owns.
    pub async fn run<H: Host>(self: Arc<Self>, host: Weak<H>, messages: Messages) {
        let Some(stop) = host.upgrade().map(|host| host.stop()) else { return };
        let (mut messages, mut ticks) = (messages.fuse(), interval(EVERY));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = ticks.tick() => None,
                () = self.changed.notified() => None,
                Some(message) = messages.next() => Some(message),
            };
            let Some(host) = host.upgrade() else { return };
            match message.map(|message| serde_json::from_slice::<Here>(&message)) {
                None => self.say(&host.owned()).await,
                Some(Ok(here)) if here.node != self.node => self.hear(&host, here),
                Some(Ok(_)) => {}
                Some(Err(error)) => log::debug!("a message of another node was not read: {error}"),
            }
        }
    }

    async fn say(&self, names: &[(String, u64)]) {
        let is_all = names.len() <= AT_ONCE;
        // A node that owns none says so.
        let parts = names.chunks(AT_ONCE).chain(names.is_empty().then_some(names));
        for names in parts {
            let here =
                Here { node: self.node.clone(), url: self.url.clone(), names: names.to_vec(), is_all };
            let Ok(message) = serde_json::to_vec(&here) else { return };
            if let Err(away) = self.common.bus.publish(message).await {
                log::debug!("the names of this node were not said to others: {away}");
            }
        }
    }

    fn hear<H: Host>(self: &Arc<Self>, host: &Arc<H>, here: Here) {
        let heard = Instant::now();
        {
            let mut known = self.known();
            for (name, generation) in &here.names {
                // Two nodes may both believe that they own it; the later generation does.
                if known.get(name).is_none_or(|known| known.generation <= *generation) {
                    let (node, url) = (here.node.clone(), here.url.clone());
                    known.insert(name.clone(), Elsewhere { node, url, generation: *generation, heard });
                }
            }
            let is_gone =
                |place: &Elsewhere| here.is_all && place.node == here.node && place.heard != heard;
            known.retain(|_, place| !is_gone(place) && place.is_heard());
        }
        for (name, _) in here.names {
            self.stand_by(host, &name);
        }
    }

    /// Waits for a name in the background, unless this node serves it or waits for it already.
    pub fn stand_by<H: Host>(self: &Arc<Self>, host: &Arc<H>, name: &str) {
        if host.serves(name) || !lock(&self.awaited).insert(name.to_owned()) {
            return;
        }
        let (this, name, stop) = (Arc::clone(self), name.to_owned(), host.stop());
        let host = Arc::downgrade(host);
        tokio::spawn(async move {
            let won = tokio::select! {
                () = stop.cancelled() => None,
                won = this.win(&name) => Some(won),
            };
            if let (Some((claim, log)), Some(host)) = (won, host.upgrade()) {
                host.take_over(name.clone(), claim, log).await;
            }
            lock(&this.awaited).remove(&name);
        });
    }

    /// Waits until the name is this node's, and its log is read.
    async fn win(&self, name: &str) -> (Box<dyn Owned>, Vec<Bytes>) {
        loop {
            if let Ok(claim) = self.common.names.claim(name).await {
                loop {
                    match claim.history().await {
                        Ok(log) => return (claim, log),
                        // It may have a later owner by the time the log is there again.
                        Err(_) if !claim.is_valid() => break,
                        Err(_) => sleep(AGAIN).await,
                    }
                }
            }
            sleep(AGAIN).await;
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Elsewhere>> {
        lock(&self.elsewhere)
    }
}

impl Elsewhere {
    /// Returns whether the node was not silent for too long.
    fn is_heard(&self) -> bool {
        self.heard.elapsed() < FORGOTTEN
    }

    /// Returns the place, unless the node was silent for too long.
    fn place(&self) -> Option<Place> {
        let (node, url, generation) = (self.node.clone(), self.url.clone(), self.generation);
        self.is_heard().then_some(Place { node, url, generation, is_here: false })
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("node", &self.node).field("url", &self.url).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
