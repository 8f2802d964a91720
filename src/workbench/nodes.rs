//! The workbench as one node among several.

use std::sync::Arc;

use super::Workbench;
use crate::nodes::{About, NodeLedger, Nodes, NodesReport};

impl Workbench {
    /// Makes the workbench one of several nodes. Only the first call has an effect.
    pub fn join(&self, nodes: Arc<Nodes>) {
        let _ = self.nodes.set(nodes);
    }

    /// Returns what this node says about itself. The page is at `url`.
    pub fn about(&self, url: &str) -> About {
        About {
            url: url.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since_s: self.uptime().as_secs_f64(),
            pid: std::process::id(),
            ledger: NodeLedger::from(&self.ledger()),
        }
    }

    /// Returns the nodes with their ledgers. A server that is alone lists only itself, as `name`. Its
    /// page is at `url`.
    pub fn nodes_report(&self, name: &str, url: &str) -> NodesReport {
        let mine = self.about(url);
        let report = match self.nodes.get() {
            Some(nodes) => nodes.report(mine),
            None => NodesReport::alone(name.to_owned(), mine),
        };
        let queue = self.queue_report();
        NodesReport { engine: serde_json::json!({ "book": queue.book, "depth": queue.depth }), ..report }
    }
}
