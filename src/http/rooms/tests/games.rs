//! Rooms by name, and the moves of a game.

use serde_json::json;

use super::client::Server;

#[tokio::test]
async fn a_move_in_an_unknown_room_is_answered_with_words_and_the_caller_lives() {
    let server = Server::start(&[]).await;
    for (method, path) in [
        ("POST", "/nowhere/move"),
        ("GET", "/nowhere"),
        ("GET", "/nowhere/watch"),
        ("GET", "/nowhere/history"),
        ("GET", "/nowhere/clients"),
        ("DELETE", "/nowhere"),
        ("POST", "/nowhere/play"),
        ("POST", "/nowhere/kill"),
    ] {
        let (status, answer) = server.ask(method, path, r#"{"move":"join","player":"ada"}"#).await;
        assert_eq!(status, 404, "{path}: {answer}");
        assert_eq!(answer["error"], "no_such_room", "{path}");
        assert_eq!(answer["message"], "Game does not exist: nowhere", "{path}");
    }
    server.join(&["ada"]).await;
}

#[tokio::test]
async fn joining_keeps_the_order_and_joining_again_changes_nothing() {
    let server = Server::start(&[]).await;
    server.join(&["ada", "ben", "ada"]).await;
    let open = server.get("/moon?seat=ada").await["open"].take();
    let names: Vec<_> = open["status"]["players"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, [&json!("ada"), &json!("ben")]);
    assert_eq!((&open["life"], &open["n"], &open["seat"]["you"]), (&json!(1), &json!(2), &json!("ada")));
    assert_eq!(open["log"][0], json!({ "life": 1, "n": 2, "text": "ben joined" }));
}

#[tokio::test]
async fn a_second_room_of_the_same_name_is_refused_and_a_started_game_says_so() {
    let server = Server::start(&[]).await;
    let (status, answer) = server.post("", r#"{"name":"moon"}"#).await;
    assert_eq!((status, &answer["error"]), (409, &json!("taken")));
    server.join(&["ada", "ben", "cy", "dot"]).await;
    let (status, at) = server.act(r#"{"move":"start","player":"ada","seed":1}"#).await;
    assert_eq!((status, at), (200, json!({ "life": 1, "n": 5, "repeated": false })));
    let figures = server.get("").await;
    let row = &figures["rooms"][0];
    assert_eq!(
        (&row["name"], &row["phase"], &row["players"]),
        (&json!("moon"), &json!("night"), &json!(4))
    );
    let (status, refused) = server.act(r#"{"move":"join","player":"eve"}"#).await;
    assert_eq!((status, &refused["error"]), (409, &json!("refused")), "{refused}");
}

#[tokio::test]
async fn a_seat_shows_no_role_that_its_player_may_not_know() {
    let server = Server::start(&[]).await;
    server.join(&["ada", "ben", "cy", "dot"]).await;
    server.act(r#"{"move":"start","player":"ada","seed":1}"#).await;
    let mut werewolves = 0;
    for player in ["ada", "ben", "cy", "dot"] {
        let open = server.get(&format!("/moon?seat={player}")).await["open"].take();
        let known = open["seat"]["players"].as_array().unwrap().iter();
        let known: Vec<_> = known.filter(|player| player.get("role").is_some()).collect();
        assert_eq!(known.len(), 1, "{player} knows only its own role");
        werewolves += u64::from(open["seat"]["role"] == "werewolf");
        let public = open["status"]["players"].as_array().unwrap();
        assert!(public.iter().all(|player| player.get("role").is_none()), "{public:?}");
    }
    assert_eq!(werewolves, 1);
}

#[tokio::test]
async fn a_move_with_the_same_number_is_made_once() {
    let server = Server::start(&[]).await;
    let join = r#"{"move":"join","player":"ada","client":"9f3a","number":7}"#;
    assert_eq!(server.act(join).await.1, json!({ "life": 1, "n": 1, "repeated": false }));
    assert_eq!(server.act(join).await.1, json!({ "life": 1, "n": 1, "repeated": true }));
    let clients = json!({ "9f3a": { "moves": 1, "last": 7, "life": 1, "n": 1 } });
    assert_eq!(server.get("/moon/clients").await, json!({ "life": 1, "n": 1, "clients": clients }));
    let all = server.get("/clients?prefix=mo").await;
    assert_eq!(all["rooms"]["moon"]["clients"], clients);
    assert_eq!(server.get("/clients?prefix=x").await, json!({ "rooms": {} }));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_has_a_name_and_a_status() {
    let server = Server::start(&["rooms.max_rooms=3"]).await;
    for (path, body, status, error) in [
        ("", "{}", 400, "bad_body"),
        ("", r#"{"name":"Moon"}"#, 400, "bad_name"),
        ("", r#"{"name":"dead"}"#, 400, "bad_name"),
        ("", r#"{"name":""}"#, 400, "bad_name"),
        ("/many", r#"{"prefix":"r","count":9}"#, 429, "too_many"),
        ("", r#"{"name":"star"}"#, 429, "too_many"),
        ("/moon/move", r#"{"move":"dance","player":"ada"}"#, 400, "bad_body"),
        ("/moon/move", r#"{"move":"join","player":"ada","client":"9f"}"#, 400, "bad_client"),
        ("/moon/move", r#"{"move":"join","player":"ada","client":"xx","number":1}"#, 400, "bad_client"),
        ("/moon/move", r#"{"move":"join","player":"a b"}"#, 409, "refused"),
        ("/moon/kill", r#"{"what":"roof"}"#, 400, "bad_part"),
        ("/kill", r#"{"what":"room"}"#, 400, "bad_part"),
        ("/kill", r#"{"what":"random","prefix":"x"}"#, 404, "no_such_room"),
        ("/moon/play?rate=0", "", 400, "bad_rate"),
        ("/moon/play?rate=fast", "", 400, "bad_number"),
    ] {
        let (found, answer) = server.post(path, body).await;
        assert_eq!((found, &answer["error"]), (status, &json!(error)), "{path} {body}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.len() > 10), "{answer}");
    }
    let (status, answer) = server.ask("DELETE", "", "").await;
    assert_eq!((status, &answer["error"]), (400, &json!("missing_prefix")));
    let (status, answer) = server.ask("GET", "/moon/watch?since=soon", "").await;
    assert_eq!((status, &answer["error"]), (400, &json!("bad_since")));
}

#[tokio::test]
async fn many_rooms_are_created_shown_in_columns_and_removed() {
    let server = Server::start(&[]).await;
    let many = r#"{"prefix":"r","count":300}"#;
    assert_eq!(server.post("/many", many).await.1, json!({ "created": 300, "existed": 0 }));
    assert_eq!(server.post("/many", many).await.1, json!({ "created": 0, "existed": 300 }));
    let figures = server.get("").await;
    assert_eq!((&figures["now"]["rooms"], &figures["rooms"]), (&json!(301), &json!([])));
    assert_eq!(figures["columns"]["name"].as_array().unwrap().len(), 301);
    assert_eq!(server.ask("DELETE", "?prefix=r-", "").await.1, json!({ "removed": 300 }));
    assert_eq!(server.get("").await["rooms"][0]["name"], "moon");
    assert_eq!(server.ask("DELETE", "/moon", "").await.0, 204);
    assert_eq!(server.ask("DELETE", "/moon", "").await.0, 404);
}

#[tokio::test]
async fn players_play_by_themselves_until_they_are_paused() {
    let server = Server::start(&[]).await;
    let mut watcher = server.watch("eve", None).await;
    watcher.next("status").await;
    assert_eq!(server.post("/play?prefix=mo&rate=200", "").await.1["rooms"], 1);
    // The lobby fills, and a game begins.
    while watcher.next("update").await.1["status"]["phase"] == "lobby" {}
    assert_eq!(server.get("").await["now"]["playing"], 1);
    assert_eq!(server.post("/moon/pause", "").await.0, 200);
    assert_eq!(server.get("").await["now"]["playing"], 0);
}
