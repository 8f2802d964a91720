//! Tokens and `--read-only`: which requests may change something.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::{Folder, Server};

/// An answer's status and body; of a POST with these headers.
fn post(address: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[test]
fn a_server_for_other_machines_prints_an_address_that_works_and_a_token_that_every_change_needs() {
    let folder = Folder::new("shared");
    let mut child = folder.weir().args(["--listen", "0.0.0.0:0"]).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let page = lines.map(Result::unwrap).find(|line| line.trim_start().starts_with("page")).unwrap();
    let (_, page) = page.split_once("http://").unwrap();
    let (address, token) = page.split_once("/#token=").expect(page);
    let server = Server { child, address: address.to_owned() };
    assert!(!address.starts_with("0.0.0.0"), "{address}");
    assert!(server.request("GET /api/snapshot").contains("\"read_only\":false"));
    let local = format!("127.0.0.1:{}", address.rsplit(':').next().unwrap());
    for address in [address, &local] {
        let (status, why) = post(address, "/api/pause", "");
        assert!(status == 403 && why.contains("WEIR_TOKEN"), "{status} {why}");
        assert_eq!(post(address, "/api/pause", &format!("Weir-Token: {token}\r\n")).0, 200);
        assert_eq!(post(address, "/async", "").0, 202, "the endpoints are open");
    }
    // The commands take it as a flag and from the environment.
    let run = |args: &[&str], from_environment: &str| {
        let args = [args, &["--url", &local]].concat();
        let mut command = folder.weir();
        command.env("WEIR_TOKEN", from_environment).args(args).output().unwrap().status.code()
    };
    assert_eq!(run(&["pause"], ""), Some(1));
    assert_eq!(run(&["pause"], "wrong"), Some(1));
    assert_eq!(run(&["pause"], token), Some(0));
    assert_eq!(run(&["resume", "--token", token], "wrong"), Some(0));
    assert_eq!(run(&["resume"], "not a token"), Some(2));
    let load = ["load", "serial", "-n", "1", "--no-save"];
    assert_eq!(run(&load, ""), Some(1));
    assert_ne!(run(&load, token), Some(1), "valid or not, the load was made");
}

#[test]
fn a_chosen_token_is_the_servers_and_a_read_only_server_takes_none() {
    let folder = Folder::new("chosen");
    let server = Server::start(&folder, &["--token", "chosen-one"]);
    let origin = format!("Origin: http://{}\r\n", server.address);
    assert_eq!(post(&server.address, "/api/pause", "").0, 200, "a program on this machine needs none");
    assert_eq!(post(&server.address, "/api/resume", &origin).0, 403);
    let page = format!("{origin}Weir-Token: chosen-one\r\n");
    assert_eq!(post(&server.address, "/api/resume", &page).0, 200);
    assert!(server.request("GET /").contains("data-token=\"chosen-one\""));
    let server = Server::start(&folder, &["--read-only", "--token", "chosen-one"]);
    for headers in ["", "Weir-Token: chosen-one\r\n"] {
        let (status, why) = post(&server.address, "/api/pause", headers);
        assert!(status == 403 && why.contains("read-only"), "{status} {why}");
    }
    assert!(!server.request("GET /").contains("chosen-one"));
    assert_eq!(folder.run(&["serve", "--token", "two words"]).status.code(), Some(2));
}
