//! Edits of the configuration file while the server runs, and files that are refused.

use super::{Folder, Server, text, until};

#[test]
fn a_file_made_after_the_start_is_found_an_emptied_one_refused_and_a_valid_one_welcomed_back() {
    let folder = Folder::new("later");
    let server = Server::start(&folder, &[]);
    let shown = || {
        let output = folder.run(&["snapshot", "--json", "--listen", &server.address]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let concurrency = || shown()["consumers"]["concurrency"].clone();
    let wrong = || shown()["config"]["error"].as_str().map(str::to_owned);
    assert!(shown()["config"]["source"].is_null());
    folder.write("[consumers]\nconcurrency = 3\n");
    until("the new file", || concurrency() == 3);
    assert_eq!(shown()["config"]["source"], "config.toml");
    folder.write("");
    until("the refusal", || {
        wrong().is_some_and(|wrong| wrong.starts_with("config.toml: the file is empty"))
    });
    assert_eq!(concurrency(), 3);
    folder.write("[consumers]\nconcurrency = 3\n");
    until("the text", || wrong().is_none());
    std::fs::remove_file(folder.0.join("config.toml")).unwrap();
    until("the refusal", || wrong().is_some_and(|wrong| wrong.contains("cannot be read")));
    // Another way to change a key does not mend the file.
    server.request("POST /api/concurrency?value=4");
    assert!(wrong().is_some() && concurrency() == 4);
    folder.write("[consumers]\nconcurrency = 3\n");
    until("the file", || concurrency() == 3);
    server.signal("-INT");
    let (_, said) = server.end();
    assert_eq!(said.matches("config.toml found: it is in force now, and watched").count(), 1, "{said}");
    assert_eq!(said.matches("config.toml is valid again").count(), 2, "{said}");
}

#[test]
fn an_edit_is_live_within_moments_and_a_broken_one_changes_nothing() {
    let folder = Folder::new("edit");
    folder.write("[consumers]\nconcurrency = 1\n");
    let server = Server::start(&folder, &[]);
    let config = || {
        let answer = server.request("GET /api/snapshot");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str::<serde_json::Value>(body).unwrap()["config"].clone()
    };
    // Bounded by the test runner, not by a clock: a loaded machine is slow.
    let wait_for = |what: &dyn Fn(&serde_json::Value) -> bool| loop {
        let now = config();
        if what(&now) {
            break now;
        }
    };
    folder.write("[consumers]\nconcurrency = 3\n");
    let now = wait_for(&|config| config["generation"] == 2);
    assert_eq!(now["effective"]["consumers"]["concurrency"], 3);
    folder.write("[consumers]\nconcurrency = 4\nmode = 5\n");
    let now = wait_for(&|config| config["error"].is_string());
    assert!(now["error"].as_str().unwrap().contains("config.toml:3:8: consumers.mode = 5"), "{now}");
    assert_eq!((&now["generation"], &now["effective"]["consumers"]["concurrency"]), (&2.into(), &3.into()));
    folder.write("[server]\nlisten = \"127.0.0.1:1\"\n[consumers]\nconcurrency = 4\n");
    let now = wait_for(&|config| config["generation"] == 3);
    assert!(now["error"].is_null());
    // The flag of this test wins over the file, and says so.
    assert!(now["notes"][0].as_str().unwrap().contains("server.listen is set by a flag"), "{now}");
}

#[test]
fn a_file_that_cannot_be_a_configuration_is_refused_at_once() {
    let folder = Folder::new("odd");
    folder.write(&"# a comment\n".repeat(10_000));
    let output = folder.run(&["check-config"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("it is larger than 64 KiB"), "{}", text(&output.stderr));
    let output = folder.run(&["check-config", "--config", "."]);
    assert!(text(&output.stderr).contains("it is not a regular file"), "{}", text(&output.stderr));
    std::fs::write(folder.0.join("config.toml"), b"[queue]\ncapacity = \xff\n").unwrap();
    let output = folder.run(&["check-config"]);
    assert!(
        text(&output.stderr).starts_with("config.toml:2:12: expected text in UTF-8"),
        "{}",
        text(&output.stderr)
    );
    folder.write(&(0..500).map(|n| format!("key{n} = 1\n")).collect::<String>());
    let output = folder.run(&["check-config"]);
    assert!(text(&output.stderr).ends_with("and 490 more problems\n"), "{}", text(&output.stderr));
}
