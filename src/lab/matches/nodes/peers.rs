//! The other nodes, shared by all matches of a lab.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::super::{OrderError, lock};
use super::word::{Done, Order, Sent, Word};
use crate::nodes::Bus;

/// How long a node listens before it becomes the home of a match: each home announces its state once
/// a second.
const SETTLE: Duration = Duration::from_millis(1_200);
/// How long an order may take at the home.
const PATIENCE: Duration = Duration::from_secs(5);

type Result<T> = std::result::Result<T, OrderError>;
type Answered = std::result::Result<Option<Done>, String>;

/// The other nodes.
pub(in super::super) struct Peers {
    /// The name of this node.
    pub(super) node: String,
    pub(super) bus: Arc<dyn Bus>,
    /// Orders to other nodes without an answer yet.
    asks: Mutex<BTreeMap<u64, oneshot::Sender<Answered>>>,
    last_ask: AtomicU64,
    /// From then on, the home of each match is known.
    settled: Mutex<Instant>,
}

impl Peers {
    pub(in super::super) fn new(node: String, bus: Arc<dyn Bus>) -> Self {
        let settled = Mutex::new(Instant::now() + SETTLE);
        Self { node, bus, asks: Mutex::default(), last_ask: AtomicU64::new(0), settled }
    }

    /// Returns why the other nodes cannot be reached, if they cannot.
    pub(super) fn away(&self) -> Option<String> {
        self.bus.away()
    }

    /// Listens for homes again, as after an outage.
    pub(super) fn unsettle(&self) {
        *lock(&self.settled) = Instant::now() + SETTLE;
    }

    /// Waits until the home of each match is known.
    pub(super) async fn settle(&self) {
        let settled = *lock(&self.settled);
        sleep_until(settled).await;
    }

    /// Sends a message about a match to all nodes. During an outage the message is lost; nodes notice
    /// by the numbers of the events.
    pub(in super::super) async fn say(&self, number: usize, word: Word) {
        let sent = Sent { from: self.node.clone(), number, word };
        let Ok(message) = serde_json::to_vec(&sent) else { return };
        if let Err(away) = self.bus.publish(message).await {
            log::debug!("matches: not said to other nodes: {away}");
        }
    }

    /// Passes an order to its home, and waits for the result.
    ///
    /// # Errors
    /// [`OrderError::There`], with the reason of the home.
    pub(super) async fn ask(&self, home: &str, number: usize, order: Order) -> Result<Option<Done>> {
        let ask = self.last_ask.fetch_add(1, Ordering::Relaxed) + 1;
        let (done, answer) = oneshot::channel();
        lock(&self.asks).insert(ask, done);
        self.say(number, Word::Order { to: home.to_owned(), ask, order }).await;
        let answer = timeout(PATIENCE, answer).await;
        lock(&self.asks).remove(&ask);
        let there = |why: String| OrderError::There { node: home.to_owned(), why };
        match answer {
            Ok(Ok(answered)) => answered.map_err(there),
            _ => Err(there("no answer within 5 s; the order may have been carried out".to_owned())),
        }
    }

    /// Takes the answer to an order.
    pub(super) fn answer(&self, ask: u64, answered: Answered) {
        if let Some(done) = lock(&self.asks).remove(&ask) {
            // The caller may have dropped its receiver.
            _ = done.send(answered);
        }
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("node", &self.node).field("bus", &self.bus).finish_non_exhaustive()
    }
}
