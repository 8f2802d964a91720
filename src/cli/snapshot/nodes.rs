//! `weir snapshot --all`: a row for each node, and the sum of their ledgers.

use anyhow::Context;
use hyper::Method;

use crate::clean;
use crate::cli::Exit;
use crate::cli::output::say;
use crate::cli::text::{Table, left, number, right, wrap};
use crate::measure::Peer;
use crate::nodes::{NodeLedger, NodesReport};

pub(super) fn run(json: bool, peer: &Peer) -> anyhow::Result<Exit> {
    let path = "/api/nodes";
    let body = peer.request(Method::GET, path)?;
    let uri = peer.uri(path)?;
    let report: NodesReport = serde_json::from_slice(&body)
        .with_context(|| format!("{uri} did not answer with a list of nodes"))?;
    if json {
        say(String::from_utf8_lossy(&body));
    } else {
        say(pretty(&report).trim_end());
    }
    Ok(Exit::Success)
}

fn pretty(report: &NodesReport) -> String {
    let header =
        ["node", "up s", "seen s", "accepted", "recovered", "done", "failed", "dropped", "held", "shared"];
    let mut table = Table::new([left(16)].into_iter().chain([right(6); 9])).header(header);
    for node in &report.nodes {
        let mine = if node.me { " *" } else { "" };
        let seen_s = node.seen_ms as f64 / 1e3;
        table.row(row(
            format!("{}{mine}", clean::line(&node.name)),
            number(node.since_s),
            number(seen_s),
            node.ledger,
        ));
    }
    table.row(row("sum".to_owned(), String::new(), String::new(), report.sum));
    let mut text = table.section();
    text +=
        &wrap("* This node answered. accepted + recovered = done + failed + dropped + held + shared", 0);
    if let Some(trouble) = &report.trouble {
        text += &wrap(&format!("The list may be incomplete: {}", clean::line(trouble)), 0);
    }
    text
}

fn row(name: String, up_s: String, seen_s: String, ledger: NodeLedger) -> [String; 10] {
    let NodeLedger { accepted, recovered, done, failed, dropped, held, shared } = ledger;
    let [accepted, recovered, done, failed, dropped, held] =
        [accepted, recovered, done, failed, dropped, held].map(|count| count.to_string());
    [name, up_s, seen_s, accepted, recovered, done, failed, dropped, held, shared.to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::{About, NodeRow};

    #[test]
    fn each_node_has_a_row_and_the_last_one_is_the_sum() {
        let ledger =
            NodeLedger { accepted: 7, recovered: 1, done: 5, failed: 0, dropped: 0, held: 3, shared: 0 };
        let about = About { url: String::new(), version: String::new(), since_s: 12.0, pid: 1, ledger };
        let mut report = NodesReport::alone("left".to_owned(), about);
        let right =
            NodeRow { name: "right".to_owned(), me: false, seen_ms: 2500, ..report.nodes[0].clone() };
        report.nodes.push(right);
        report.sum = ledger.plus(ledger);
        report.trouble = Some("there is no connection".to_owned());
        let text = pretty(&report);
        let words = |start: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.trim_start().starts_with(start)).unwrap();
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(words("left")[..3], ["left", "*", "12.0"]);
        assert_eq!(words("right"), ["right", "12.0", "2.50", "7", "1", "5", "0", "0", "3", "0"]);
        assert_eq!(words("sum"), ["sum", "14", "2", "10", "0", "0", "6", "0"]);
        assert!(text.contains("incomplete: there is no connection"), "{text}");
    }
}
