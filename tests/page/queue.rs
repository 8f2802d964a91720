//! The dead letters of the queue, and the nodes: what the page declares against what the server sends.

use super::declared::{Declared, Extra};
use crate::binary::queue::{Bench, FAILING};

#[test]
fn the_page_declares_the_dead_letters_as_the_server_sends_them() {
    let bench = Bench::start("page-queue", FAILING);
    let mut declared = Declared::read("queue", &[]);
    declared.check("DeadList", &bench.get("/api/queue/dead"), Extra::Refused);
    for (n, body) in [&b"an order"[..], b"\xff\xfe", b""].into_iter().enumerate() {
        bench.send("POST /pipelined", body);
        bench.dead(n as u64 + 1);
    }
    declared.check("DeadList", &bench.get("/api/queue/dead?most=11&start=120"), Extra::Refused);
    declared.end(&[]);
}

#[test]
fn the_page_declares_the_nodes_as_the_server_sends_them() {
    let bench = Bench::start("page-nodes", "[queue]\nengine = \"disk\"\n");
    let mut declared = Declared::read("node-list", &[]);
    declared.check("NodesReport", &bench.get("/api/nodes"), Extra::Refused);
    // The list of a server without trouble.
    declared.end(&["NodesReport.trouble"]);
}
