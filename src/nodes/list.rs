//! The list of nodes, as one of them sees it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};

use super::{About, Board, NodeLedger};

/// How often a node describes itself.
const EVERY: Duration = Duration::from_secs(1);

/// A node among the others.
#[derive(Debug)]
pub struct Nodes {
    name: String,
    board: Arc<dyn Board>,
    /// Why the last description did not reach the other nodes.
    trouble: Mutex<Option<String>>,
}

/// A node in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// The address of its page.
    pub url: String,
    /// Weir's version.
    pub version: String,
    /// Seconds since its start, in its last description.
    pub since_s: f64,
    /// Milliseconds since its last description arrived.
    pub seen_ms: u64,
    /// Its ledger.
    pub ledger: NodeLedger,
    /// Whether it is the node that answers.
    pub me: bool,
}

/// The body of `GET /api/nodes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodesReport {
    /// The nodes in the order of their names.
    pub nodes: Vec<NodeRow>,
    /// The sum of their ledgers.
    pub sum: NodeLedger,
    /// The shared queue: its `book` and its `depth`.
    #[serde(default)]
    pub engine: serde_json::Value,
    /// Why the list may be incomplete; null if it is complete.
    #[serde(default)]
    pub trouble: Option<String>,
}

impl NodesReport {
    /// Returns the list of a node that is alone.
    #[must_use]
    pub fn alone(name: String, about: About) -> Self {
        let row = row(name, about, Duration::ZERO, true);
        Self { sum: row.ledger, nodes: vec![row], engine: serde_json::Value::Null, trouble: None }
    }
}

impl Nodes {
    /// Makes a node with a name that no other node has.
    #[must_use]
    pub fn new(name: String, board: Arc<dyn Board>) -> Self {
        Self { name, board, trouble: Mutex::default() }
    }

    /// Returns the node's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends the result of `about` to all nodes once a second, until the future is dropped.
    ///
    /// # Cancel safety
    /// The other nodes forget this one after a minute. See [`leave`](Self::leave).
    pub async fn say(&self, about: impl Fn() -> About) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.put(&about()).await;
        }
    }

    /// Sends this node's description once.
    ///
    /// # Cancel safety
    /// The description may be sent or not.
    pub async fn put(&self, about: &About) {
        // Plain strings and numbers, which are always valid JSON.
        let text = serde_json::to_vec(about).unwrap_or_default();
        let said = self.board.put(&self.name, text).await;
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = said.err().map(|away| away.why);
    }

    /// Takes this node off the list of all.
    ///
    /// # Cancel safety
    /// The message may be sent or not.
    pub async fn leave(&self) {
        // Without this message, the other nodes forget this one after a minute.
        _ = self.board.put(&self.name, Vec::new()).await;
    }

    /// Returns the list. It has this node as `mine` describes it, even before the first message to the
    /// others.
    pub fn report(&self, mine: About) -> NodesReport {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut nodes: Vec<NodeRow> = Vec::new();
        for heard in self.board.list() {
            let Ok(about) = serde_json::from_slice::<About>(&heard.about) else { continue };
            if heard.node != self.name {
                nodes.push(row(heard.node, about, heard.age, false));
            } else if about.pid != mine.pid {
                trouble = Some(format!(
                    "two nodes are called {}: {} and {}; give each its own server.node",
                    self.name, about.url, mine.url
                ));
            }
        }
        nodes.push(row(self.name.clone(), mine, Duration::ZERO, true));
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let sum = nodes.iter().fold(NodeLedger::default(), |sum, node| sum.plus(node.ledger));
        NodesReport { nodes, sum, engine: serde_json::Value::Null, trouble }
    }
}

fn row(name: String, about: About, age: Duration, me: bool) -> NodeRow {
    let About { url, version, since_s, ledger, pid: _ } = about;
    let seen_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    NodeRow { name, url, version, since_s, seen_ms, ledger, me }
}
