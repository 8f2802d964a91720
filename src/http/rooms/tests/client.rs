//! The routes with a lab behind them, and watchers that read their messages.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::config::Sources;
use crate::http::{Access, RoomFrames, router_with_rooms};
use crate::lab::Lab;
use crate::lab::rooms::RoomsLab;
use crate::workbench::Workbench;

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Server {
    pub(super) workbench: Arc<Workbench>,
    pub(super) rooms: Arc<RoomsLab>,
    router: Router,
}

impl Server {
    /// Starts a lab with the room `moon`.
    pub(super) async fn start(settings: &[&str]) -> Self {
        let flags = settings.iter().map(|&setting| setting.to_owned()).collect();
        let sources = Sources { file: None, flags };
        let workbench = Workbench::start(sources.load().unwrap(), &sources);
        let rooms = RoomsLab::start(&workbench.settings(), workbench.registry(), RoomFrames);
        workbench.host(vec![Arc::clone(&rooms) as Arc<dyn Lab>]);
        let router = router_with_rooms(&workbench, &Arc::new(Access::default()), &rooms);
        let this = Self { workbench, rooms, router };
        assert_eq!(this.post("", r#"{"name":"moon"}"#).await.0, 201);
        this
    }

    /// Sends a request to a path of the lab. Returns the status and the JSON of the answer.
    pub(super) async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder().method(method).uri(format!("/api/rooms{path}"));
        let request = request.header("host", "localhost").body(Body::from(body.to_owned())).unwrap();
        let response = timeout(PATIENCE, self.router.clone().oneshot(request)).await;
        let response = response.expect("an answer in time").unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status.as_u16(), value)
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask("GET", path, "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        self.ask("POST", path, body).await
    }

    /// Makes a move in moon.
    pub(super) async fn act(&self, body: &str) -> (u16, Value) {
        self.post("/moon/move", body).await
    }

    /// Lets these players join moon.
    pub(super) async fn join(&self, players: &[&str]) {
        for player in players {
            let (status, value) = self.act(&format!(r#"{{"move":"join","player":"{player}"}}"#)).await;
            assert_eq!(status, 200, "{player}: {value}");
        }
    }

    /// Kills a process of moon.
    pub(super) async fn kill(&self, what: &str) -> Value {
        let (status, value) = self.post("/moon/kill", &format!(r#"{{"what":"{what}"}}"#)).await;
        assert_eq!(status, 200, "{value}");
        value
    }

    /// Watches moon.
    pub(super) async fn watch(&self, who: &str, last: Option<&str>) -> Watcher {
        let uri = format!("/api/rooms/moon/watch?who={who}");
        let mut request = Request::builder().uri(uri).header("host", "localhost");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut watcher = Watcher { body: response.into_body().into_data_stream(), text: String::new() };
        assert_eq!(watcher.frame().await.as_deref(), Some("retry: 1000"));
        watcher
    }
}

/// A watcher that reads server-sent events.
pub(super) struct Watcher {
    body: BodyDataStream,
    text: String,
}

impl Watcher {
    async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(frame);
            }
            let bytes = timeout(PATIENCE, self.body.next()).await.expect("a message in time")?.unwrap();
            self.text += std::str::from_utf8(&bytes).unwrap();
        }
    }

    /// Returns the next message: its name, its id and its data. `None` after the end.
    pub(super) async fn ended_or_next(&mut self) -> Option<(String, String, Value)> {
        let frame = self.frame().await?;
        let field = |name: &str| {
            let found = frame.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_default().to_owned()
        };
        let data = serde_json::from_str(&field("data: ")).unwrap();
        Some((field("event: "), field("id: "), data))
    }

    /// Returns the id and the data of the next message, which must have this name.
    pub(super) async fn next(&mut self, name: &str) -> (String, Value) {
        let (found, id, data) = self.ended_or_next().await.unwrap_or_else(|| panic!("ended before {name}"));
        assert_eq!(found, name, "{data}");
        (id, data)
    }
}
