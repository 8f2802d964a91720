//! Watchers of a room.

use std::time::Duration;

use super::client::Server;
use crate::lab::Lab;

#[tokio::test]
async fn all_watchers_get_each_update_and_a_late_one_the_status_first() {
    let server = Server::start(&[]).await;
    // A room works without watchers.
    server.join(&["ada"]).await;
    let mut first = server.watch("eve", None).await;
    assert_eq!(first.next("status").await.0, "1-1");
    server.join(&["ben"]).await;
    let mut late = server.watch("may", None).await;
    let (id, status) = late.next("status").await;
    assert_eq!((id.as_str(), &status["status"]["players"][1]["name"]), ("1-2", &"ben".into()));
    server.join(&["cy"]).await;
    assert_eq!(first.next("update").await.0, "1-2");
    for watcher in [&mut first, &mut late] {
        let (id, update) = watcher.next("update").await;
        assert_eq!((id.as_str(), &update["text"]), ("1-3", &"cy joined".into()));
        assert_eq!(update["status"]["players"].as_array().unwrap().len(), 3);
    }
    assert_eq!(server.get("").await["now"]["watchers"], 2);
    drop(late);
    while server.get("").await["now"]["watchers"] != 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_watcher_resumes_behind_its_last_event_and_otherwise_gets_the_status() {
    let server = Server::start(&[]).await;
    // The stream of a room begins with its first watcher.
    let mut stays = server.watch("eve", None).await;
    stays.next("status").await;
    server.join(&["ada", "ben", "cy"]).await;
    for _ in 0..3 {
        stays.next("update").await;
    }
    let mut resumed = server.watch("may", Some("1-1")).await;
    assert_eq!(resumed.next("update").await.0, "1-2");
    assert_eq!(resumed.next("update").await.0, "1-3");
    // Of a life that this room never had.
    assert_eq!(server.watch("may", Some("7-1")).await.next("status").await.0, "1-3");
}

#[tokio::test]
async fn a_stream_ends_with_its_room_and_with_the_server() {
    let server = Server::start(&[]).await;
    let mut watcher = server.watch("eve", None).await;
    watcher.next("status").await;
    assert_eq!(server.ask("DELETE", "/moon", "").await.0, 204);
    watcher.next("end").await;
    assert!(watcher.ended_or_next().await.is_none());
    assert_eq!(server.post("", r#"{"name":"moon"}"#).await.0, 201);
    server.join(&["ada"]).await;
    let mut watcher = server.watch("eve", None).await;
    watcher.next("status").await;
    assert_eq!(server.rooms.drain(Duration::from_secs(20)).await, None);
    watcher.next("end").await;
    assert!(watcher.ended_or_next().await.is_none());
    let (status, answer) = server.act(r#"{"move":"join","player":"ben"}"#).await;
    assert_eq!((status, &answer["error"]), (503, &"shutting_down".into()), "{answer}");
}
