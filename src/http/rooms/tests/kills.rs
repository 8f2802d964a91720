//! Kills, as the players, the watchers and the ledger see them.

use serde_json::json;

use super::client::Server;

#[tokio::test]
async fn with_a_backup_before_a_killed_room_loses_nothing_and_watchers_are_told() {
    let server = Server::start(&["rooms.backup=before"]).await;
    server.join(&["ada", "ben", "cy"]).await;
    let mut watcher = server.watch("eve", None).await;
    assert_eq!(watcher.next("status").await.0, "1-3");
    let kill = server.kill("room").await;
    assert_eq!((&kill["life"], &kill["n"], &kill["lost"]), (&json!(2), &json!(3), &json!(0)), "{kill}");
    let (id, resumed) = watcher.next("resumed").await;
    assert_eq!((id.as_str(), &resumed["life"], &resumed["n"]), ("2-3", &json!(2), &json!(3)));
    assert_eq!(resumed["status"]["players"].as_array().unwrap().len(), 3);
    server.join(&["dot"]).await;
    assert_eq!(watcher.next("update").await.0, "2-4");
    let figures = server.get("/moon").await;
    assert_eq!(figures["open"]["told"][0]["who"], "eve");
    assert_eq!(figures["open"]["told"][0]["word"], "resumed");
    assert_eq!(figures["open"]["kill"]["what"], "room");
    let ledger = json!({ "acknowledged": 4, "unanswered": 0, "in_state": 4, "lost": 0, "unaccounted": 0 });
    assert_eq!(figures["ledger"], ledger);
    assert_eq!(figures["verdict"]["word"], "HELD", "{}", figures["verdict"]);
    assert_eq!(figures["marks"][0]["says"], "room moon killed");
}

#[tokio::test]
async fn with_a_backup_after_a_killed_room_loses_what_the_backup_has_not_taken() {
    // The backup takes nothing within the test.
    let server = Server::start(&["rooms.backup=after", "rooms.backup_every=1m"]).await;
    let mut watcher = server.watch("eve", None).await;
    watcher.next("status").await;
    server.join(&["ada", "ben", "cy"]).await;
    let kill = server.kill("room").await;
    assert_eq!((&kill["lost"], &kill["from"], &kill["to"]), (&json!(3), &json!(1), &json!(3)), "{kill}");
    let (id, gap) = watcher.next("gap").await;
    assert_eq!(
        (id.as_str(), &gap["of"], &gap["from"], &gap["to"]),
        ("2-0", &json!(1), &json!(1), &json!(3))
    );
    server.join(&["dot"]).await;
    let figures = server.get("/moon").await;
    assert_eq!((&figures["open"]["life"], &figures["open"]["n"]), (&json!(2), &json!(1)));
    let (lost, in_state) = (&figures["ledger"]["lost"], &figures["ledger"]["in_state"]);
    assert_eq!((lost, in_state, &figures["ledger"]["unaccounted"]), (&json!(3), &json!(1), &json!(0)));
    assert_eq!(figures["verdict"]["word"], "3 LOST", "{}", figures["verdict"]);
    let told = &figures["open"]["told"][0];
    assert_eq!((&told["word"], &told["from"], &told["to"]), (&json!("gap"), &json!(1), &json!(3)));
    let thread = figures["open"]["thread"].as_array().unwrap();
    let lost: Vec<_> = thread.iter().filter(|bead| bead["life"] == 1).collect();
    assert_eq!(lost.len(), 3, "{thread:?}");
    assert!(lost.iter().all(|bead| bead["ack"] == true && bead["room"] == false), "{thread:?}");
    let newest = json!({ "life": 2, "n": 1, "ack": true, "room": true, "backup": false, "history": false });
    assert_eq!(thread.last(), Some(&newest));
}

#[tokio::test]
async fn without_a_backup_a_killed_room_begins_anew() {
    let server = Server::start(&["rooms.backup=none"]).await;
    server.join(&["ada", "ben"]).await;
    let kill = server.kill("room").await;
    assert_eq!((&kill["life"], &kill["n"], &kill["lost"]), (&json!(2), &json!(0), &json!(2)), "{kill}");
    let figures = server.get("/moon").await;
    assert_eq!(figures["open"]["status"]["players"], json!([]));
    // The history received what the state has lost.
    let lost = figures["open"]["log"].as_array().unwrap().iter().filter(|line| line["lost"] == true);
    assert!(lost.count() >= 2, "{}", figures["open"]["log"]);
}

#[tokio::test]
async fn a_killed_backup_is_replaced_and_both_at_once_are_a_fresh_state() {
    let server = Server::start(&[]).await;
    server.join(&["ada", "ben"]).await;
    let kill = server.kill("backup").await;
    assert_eq!((&kill["n"], &kill["lost"]), (&json!(2), &json!(0)), "{kill}");
    assert_eq!(server.kill("room").await["lost"], 0, "the new backup has the state");
    server.join(&["cy"]).await;
    let kill = server.kill("both").await;
    assert_eq!((&kill["n"], &kill["lost"]), (&json!(0), &json!(3)), "{kill}");
    assert_eq!(server.get("/moon").await["open"]["status"]["players"], json!([]));
}

#[tokio::test]
async fn a_killed_history_never_touches_the_room_and_records_again() {
    let server = Server::start(&[]).await;
    server.join(&["ada"]).await;
    let kill = server.kill("history").await;
    assert_eq!((&kill["life"], &kill["lost"]), (&json!(1), &json!(0)), "{kill}");
    server.join(&["ben"]).await;
    // The history is a subscriber of its own, so it may be a moment behind.
    let entries = loop {
        let entries = server.get("/moon/history").await["entries"].take();
        if entries.as_array().unwrap().iter().any(|entry| entry["n"] == 2) {
            break entries;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(entries[0], json!({ "kind": "update", "life": 1, "n": 1, "text": "ada joined" }));
    let newest = server.get("/moon/history?most=1").await;
    assert_eq!(newest["entries"], json!([{ "kind": "update", "life": 1, "n": 2, "text": "ben joined" }]));
}

#[tokio::test]
async fn a_random_room_and_the_registry_can_be_killed_and_rooms_are_found_meanwhile() {
    let server = Server::start(&[]).await;
    server.join(&["ada"]).await;
    let (status, kill) = server.post("/kill", r#"{"what":"random","prefix":"mo"}"#).await;
    assert_eq!((status, &kill["name"], &kill["lost"]), (200, &json!("moon"), &json!(0)), "{kill}");
    let (status, _) = server.post("/kill", r#"{"what":"registry"}"#).await;
    assert_eq!(status, 200);
    server.join(&["ben"]).await;
    assert_eq!(server.get("").await["now"]["kills"], 2);
    assert_eq!(server.post("/reset", "").await.0, 200);
    assert_eq!(server.get("").await["now"]["kills"], 0);
    assert_eq!(server.get("/dead").await, json!({ "dead": [] }));
}

#[tokio::test]
async fn a_change_of_the_backup_moves_a_room_into_a_new_life_with_nothing_lost() {
    let server = Server::start(&[]).await;
    server.join(&["ada", "ben"]).await;
    let mut watcher = server.watch("eve", None).await;
    watcher.next("status").await;
    server.workbench.set("rooms.backup", "none").await.unwrap();
    let (id, resumed) = watcher.next("resumed").await;
    assert_eq!(id, "2-2");
    assert_eq!(resumed["status"]["players"].as_array().unwrap().len(), 2);
    let figures = server.get("/moon").await;
    assert_eq!((&figures["backup"], &figures["ledger"]["lost"]), (&json!("none"), &json!(0)));
    assert_eq!(figures["marks"][0]["says"], "backup = none");
}
