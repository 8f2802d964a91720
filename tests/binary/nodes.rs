use super::{Folder, Server, text};

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

    let answers: Vec<String> = (0..ENOUGH).map(|_| left.request("GET /api/config")).collect();
    for node in ["left", "right"] {
        assert!(answers.iter().any(|answer| answer.contains(&format!("\"{node}\\\""))), "{node} answers");
    }

    // A third one that wants the port for itself is refused.
    let output = folder.run(&["--listen", &left.address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot listen on"), "{}", text(&output.stderr));
}
