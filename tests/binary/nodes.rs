use super::{Folder, Server, text, words};

/// Connections in a row that one of two processes gets by chance once in 2^63.
const ENOUGH: usize = 64;

#[test]
fn two_processes_share_a_port_if_both_want_to() {
    let folder = Folder::new("reuse-port");
    let start = |address: &str, node: &str| {
        Server::start_at(
            folder.weir(),
            address,
            &["--set", "server.reuse_port=true", "--set", &format!("server.node={node}")],
        )
    };
    let left = start("127.0.0.1:0", "left");
    let right = start(&left.address, "right");
    assert_eq!(left.address, right.address);

    let answers: Vec<String> = (0..ENOUGH).map(|_| left.request("GET /api/nodes")).collect();
    for node in ["left", "right"] {
        let is_from = |answer: &String| answer.contains(&format!("\"name\":\"{node}\""));
        assert!(answers.iter().any(is_from), "{node} answers");
    }
    // Without NATS each lists itself alone.
    assert!(answers.iter().all(|answer| answer.matches("\"me\":true").count() == 1), "{answers:?}");
    assert!(!answers.iter().any(|answer| answer.contains("\"me\":false")), "{answers:?}");
    let said = folder.run(&["snapshot", "--all", "--url", &format!("http://{}", left.address)]);
    assert!(words(&said.stdout).contains("accepted + recovered = done"), "{said:?}");

    // A third one that wants the port for itself is refused.
    let output = folder.run(&["--listen", &left.address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot listen on"), "{}", text(&output.stderr));
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_build_without_nats_refuses_to_play_over_nodes_and_says_which_flag_is_missing() {
    let folder = Folder::new("no-nats");
    let output = folder.run(&["--listen", "127.0.0.1:0", "--set", "matches.nodes=nats"]);
    assert_eq!(output.status.code(), Some(1));
    let said = words(&output.stderr);
    assert!(said.contains("matches.nodes = \"nats\" needs NATS"), "{said}");
    assert!(said.contains("--features nats"), "{said}");
}
