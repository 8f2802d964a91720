//! `weir load rooms` against a server with each `rooms.backup`.

use serde_json::Value;

use super::{Folder, Server, text};

/// Plays for a second with kills of rooms and backups, and returns the run.
fn played(backup: &str) -> Value {
    let folder = Folder::new(&format!("load-rooms-{backup}"));
    let server = Server::start(&folder, &["--set", &format!("rooms.backup={backup}")]);
    let url = server.url("");
    let load =
        "load rooms --rooms 5 --moves 40/s --kill 10/s --what alternate -d 1s -w 5 --json -q --no-save";
    let args: Vec<&str> = load.split(' ').chain(["--url", &url]).collect();
    let output = folder.run(&args);
    serde_json::from_str(&text(&output.stdout)).unwrap_or_else(|error| {
        panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr));
    })
}

#[test]
fn clients_rooms_and_ledger_agree_under_kills_with_each_backup() {
    for backup in ["before", "after", "none"] {
        let run = played(backup);
        let of = |name: &str| run["rooms"][name].clone();
        let count = |value: &Value| value.as_u64().unwrap();
        let (ledger, server, watch) = (of("ledger"), of("server"), of("watch"));
        assert_eq!(of("backup"), backup);
        assert!(count(&of("killed")) >= 5, "{backup}: {run:#}");
        assert!(count(&ledger["acknowledged"]) > 50, "{backup}: {ledger:#}");
        let accounted = count(&ledger["in_state"]) + count(&ledger["lost"]);
        assert_eq!(count(&ledger["acknowledged"]), accounted, "{backup}");
        for name in ["invented", "unknown", "failed"] {
            assert_eq!(ledger[name], 0, "{backup}: {name}: {ledger:#}");
        }
        // A move that was answered only as repeated is no acknowledgement of the server's.
        let repeated = count(&ledger["repeated"]);
        assert!(count(&ledger["lost"]).abs_diff(count(&server["lost"])) <= repeated, "{backup}: {run:#}");
        assert_eq!(server["unaccounted"], 0, "{backup}");
        match backup {
            "before" => assert_eq!(ledger["lost"], 0),
            "none" => assert!(count(&ledger["lost"]) > 0, "{ledger:#}"),
            _ => {}
        }
        assert!(count(&watch["watchers"]) == 5 && count(&watch["updates"]) > 20, "{backup}: {watch:#}");
        for name in ["twice", "disordered", "missed", "untold"] {
            assert_eq!(watch[name], 0, "{backup}: {name}: {watch:#}");
        }
    }
}
