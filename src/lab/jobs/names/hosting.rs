//! The names that this node owns: claims them, serves them, and gives them up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::snapshot::NameRow;
use super::super::{Inner, JobsError, MarkKind, lock};
use super::no_name;
use crate::nodes::{Common, Host, Messages, NotClaimed, Owned, Place, Places};
use crate::shutdown::StopToken;

/// The entries of a name's log, as JSON.
const REGISTERED: &[u8] = b"\"registered\"";
const REMOVED: &[u8] = b"\"removed\"";

/// The names of jobs, as this node knows them.
#[derive(Debug)]
pub(in super::super) struct JobNames {
    lab: Weak<Inner>,
    places: Arc<Places>,
    hosted: Mutex<BTreeMap<String, Arc<Hosted>>>,
    /// Ends the waits of this node.
    stop: StopToken,
}

/// A name that this node owns.
#[derive(Debug)]
pub(super) struct Hosted {
    claim: Box<dyn Owned>,
    calls: AtomicU64,
    /// Ends the task that waits for the loss of the claim.
    stop: StopToken,
}

impl Hosted {
    /// Counts a call, and returns the number of calls with the generation of the claim.
    pub(super) fn count_call(&self) -> (u64, u64) {
        (self.calls.fetch_add(1, Ordering::Relaxed) + 1, self.claim.generation())
    }
}

impl JobNames {
    pub(super) fn new(lab: &Arc<Inner>, node: String, url: String, common: Common) -> Arc<Self> {
        Arc::new(Self {
            lab: Arc::downgrade(lab),
            places: Places::new(node, url, common),
            hosted: Mutex::default(),
            stop: StopToken::new(),
        })
    }

    /// Hears of the names of other nodes until the lab ends.
    pub(super) fn listen(self: &Arc<Self>, messages: Messages) {
        tokio::spawn(Arc::clone(&self.places).run(Arc::downgrade(self), messages));
    }

    /// Returns the name of this node.
    pub(super) fn node(&self) -> &str {
        self.places.node()
    }

    pub(super) async fn register(self: &Arc<Self>, name: &str) -> Result<Place, JobsError> {
        let claim = self.places.names().try_claim(name).await.map_err(|error| match error {
            NotClaimed::Taken(place) => JobsError::Taken { name: name.to_owned(), place },
            NotClaimed::Away(away) => JobsError::Registry(away.why),
        })?;
        // A name that was registered when its last node ended needs no second entry.
        let log = claim.history().await.map_err(|away| JobsError::Registry(away.why))?;
        if !is_registered(&log) {
            let entered = claim.append(REGISTERED.to_vec()).await;
            entered.map_err(|error| JobsError::Registry(error.to_string()))?;
        }
        Ok(self.host(name, claim))
    }

    /// Serves a name until its claim is lost.
    fn host(self: &Arc<Self>, name: &str, claim: Box<dyn Owned>) -> Place {
        let place = self.places.here(claim.generation());
        let stop = StopToken::new();
        let hosted = Arc::new(Hosted { claim, calls: AtomicU64::new(0), stop: stop.clone() });
        lock(&self.hosted).insert(name.to_owned(), Arc::clone(&hosted));
        self.places.is_here(name);
        self.places.say_now();
        self.mark(format!("{name}: here, generation {}", place.generation));
        let (this, name) = (Arc::downgrade(self), name.to_owned());
        tokio::spawn(async move {
            let by = tokio::select! {
                by = hosted.claim.lost() => by,
                () = stop.cancelled() => return,
            };
            if let Some(this) = this.upgrade() {
                this.give_up(&name, &hosted, by);
            }
        });
        place
    }

    /// Stops serving a name that a later generation owns, and waits for it.
    fn give_up(self: &Arc<Self>, name: &str, hosted: &Arc<Hosted>, by: u64) {
        {
            let mut all = lock(&self.hosted);
            if !all.get(name).is_some_and(|found| Arc::ptr_eq(found, hosted)) {
                return;
            }
            all.remove(name);
        }
        self.mark(format!("{name}: given up, generation {by} is elsewhere"));
        self.places.stand_by(self, name);
    }

    pub(super) async fn unregister(&self, name: &str) -> Result<(), JobsError> {
        let hosted = self.valid(name).ok_or_else(|| no_name(name))?;
        let removed = hosted.claim.append(REMOVED.to_vec()).await;
        removed.map_err(|error| JobsError::Registry(error.to_string()))?;
        lock(&self.hosted).remove(name);
        hosted.stop.cancel();
        self.places.say_now();
        self.mark(format!("{name}: removed"));
        Ok(())
    }

    /// Returns a name for which this node may answer now.
    pub(super) fn valid(&self, name: &str) -> Option<Arc<Hosted>> {
        lock(&self.hosted).get(name).filter(|hosted| hosted.claim.is_valid()).cloned()
    }

    pub(super) fn place(&self, name: &str) -> Option<Place> {
        match self.valid(name) {
            Some(hosted) => Some(self.places.here(hosted.claim.generation())),
            None => self.places.elsewhere(name),
        }
    }

    pub(in super::super) fn rows(&self) -> Vec<NameRow> {
        let row = |name: &str, place: Place, calls| NameRow {
            name: name.to_owned(),
            node: place.node,
            url: place.url,
            generation: place.generation,
            here: place.is_here,
            calls,
        };
        let elsewhere = self.places.all_elsewhere(usize::MAX).0.into_iter();
        let mut rows: BTreeMap<String, NameRow> =
            elsewhere.map(|(name, place)| (name.clone(), row(&name, place, None))).collect();
        for (name, hosted) in lock(&self.hosted).iter().filter(|(_, hosted)| hosted.claim.is_valid()) {
            let calls = Some(hosted.calls.load(Ordering::Relaxed));
            rows.insert(name.clone(), row(name, self.places.here(hosted.claim.generation()), calls));
        }
        rows.into_values().collect()
    }

    pub(super) fn end(&self) {
        self.stop.cancel();
        for hosted in std::mem::take(&mut *lock(&self.hosted)).into_values() {
            hosted.stop.cancel();
        }
    }

    fn mark(&self, says: String) {
        if let Some(lab) = self.lab.upgrade() {
            lab.mark(MarkKind::Name, says);
        }
    }
}

impl Host for JobNames {
    fn stop(&self) -> StopToken {
        self.stop.clone()
    }

    fn owned(&self) -> Vec<(String, u64)> {
        let hosted = lock(&self.hosted);
        let valid = hosted.iter().filter(|(_, hosted)| hosted.claim.is_valid());
        valid.map(|(name, hosted)| (name.clone(), hosted.claim.generation())).collect()
    }

    fn serves(&self, name: &str) -> bool {
        lock(&self.hosted).contains_key(name)
    }

    fn take_over(
        self: Arc<Self>,
        name: String,
        claim: Box<dyn Owned>,
        log: Vec<Bytes>,
    ) -> BoxFuture<'static, ()> {
        async move {
            // A name that was removed stays removed.
            if is_registered(&log) {
                self.host(&name, claim);
            }
        }
        .boxed()
    }
}

fn is_registered(log: &[Bytes]) -> bool {
    log.last().is_some_and(|entry| entry == REGISTERED)
}
