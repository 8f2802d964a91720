//! `weir set` against a running server.

use super::{Folder, Server, text, words};

#[test]
fn set_checks_applies_and_writes_and_says_which() {
    let folder = Folder::new("set");
    let file = "# mine\n[consumers]\nconcurrency = 1   # edit me\n";
    folder.write(file);
    let server = Server::start(&folder, &["--set", "queue.capacity=7"]);
    let set = |args: &[&str]| {
        let output = folder.run(&[&["set", "--url", &format!("http://{}", server.address)], args].concat());
        (output.status.code(), text(&output.stdout), words(&output.stderr))
    };
    let read = || std::fs::read_to_string(folder.0.join("config.toml")).unwrap();
    let (code, said, _) = set(&["consumers.concurrency=3", "resource.latency.mean=20ms", "--check"]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("consumers.concurrency 1 → 3\n") && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(set(&["consumers.concurrency=1"]).1, "no value in force changes\n");

    let (code, said, _) = set(&["consumers.concurrency=3"]);
    assert_eq!(code, Some(0));
    assert!(
        said.starts_with("consumers.concurrency 1 → 3\n") && said.contains("--write keeps it"),
        "{said}"
    );
    assert_eq!(read(), file);
    let (code, said, _) = set(&["consumers.concurrency=4", "--write"]);
    assert_eq!((code, said.as_str()), (Some(0), "consumers.concurrency 3 → 4\nwritten to config.toml\n"));
    assert_eq!(read(), file.replace("= 1", "= 4"));
    let (_, said, _) = set(&["data.directory=other", "--write"]);
    assert!(said.ends_with("data.directory takes effect when the server restarts\n"), "{said}");

    for (args, code, part) in [
        (&["consumers.concurrency=many"][..], 2, "expected a whole number from 0 to 10000"),
        (&["consumers.concurrency=many", "--check"], 2, "expected a whole number from 0 to 10000"),
        (&["queue.capacity=8", "--write"], 2, "set by a flag"),
        (&["data.directory=third"], 2, "write it to the file, and restart"),
        (&["concurrency"], 2, "expected KEY=VALUE"),
        (&["consumers.concurency=3"], 2, "did you mean consumers.concurrency?"),
        (&["--set", "queue.capacity=3", "consumers.concurrency=3"], 2, "has no effect on `weir set`"),
    ] {
        let (found, _, said) = set(args);
        assert!(found == Some(code) && said.contains(part), "{args:?}: {found:?} {said}");
    }
    // A file that the server refused is not written.
    folder.write("[consumers]\nconcurrency = many\n");
    super::until("the refusal", || server.request("GET /api/snapshot").contains("many"));
    let (code, _, said) = set(&["consumers.concurrency=5", "--write"]);
    assert!(code == Some(1) && said.contains("has to be corrected first"), "{code:?} {said}");
}
