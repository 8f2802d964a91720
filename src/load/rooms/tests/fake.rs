//! A small server of rooms on bare sockets. It keeps real counters, loses moves as the setting
//! says, and lies on request.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What the server says that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    Nothing,
    /// Every 50th move is acknowledged and not made.
    Drops,
    /// Neither the ledger nor the answer to a kill has the loss.
    HidesLosses,
    /// Rooms list a move more for each client.
    Invents,
    /// First attempts are answered as repeated.
    Repeats,
    /// Watchers get every update twice.
    TellsTwice,
    /// Watchers are not told of a new life.
    TellsNothing,
}

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    pub(super) backup: &'static str,
    pub(super) lie: Lie,
    /// Every n-th move is made and answered `unknown`, and every n-th has its connection closed
    /// without an answer. 0 is never.
    pub(super) unknown: u64,
    pub(super) broken: u64,
}

impl Nature {
    pub(super) fn of(backup: &'static str) -> Self {
        Self { backup, lie: Lie::Nothing, unknown: 0, broken: 0 }
    }
}

/// With `after`, the backup takes what is new when it is this many moves behind.
const BEHIND: u64 = 4;

#[derive(Debug, Clone, Default)]
struct State {
    n: u64,
    players: BTreeSet<String>,
    /// Moves, and the highest number, by client.
    clients: BTreeMap<String, (u64, u64)>,
}

#[derive(Debug)]
struct Room {
    life: u64,
    state: State,
    backed: State,
    watchers: Vec<TcpStream>,
}

#[derive(Debug)]
struct World {
    nature: Nature,
    rooms: BTreeMap<String, Room>,
    moves: u64,
    acknowledged: u64,
    unanswered: u64,
    lost: u64,
}

/// The running server.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    world: Arc<Mutex<World>>,
}

impl Fake {
    pub(super) fn start(nature: Nature) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let world =
            World { nature, rooms: BTreeMap::new(), moves: 0, acknowledged: 0, unanswered: 0, lost: 0 };
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, world) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || serve(stream, &world));
            }
        });
        Self { address, world }
    }

    /// Lets a player in, as a player of another run that has not left.
    pub(super) fn fill(&self, room: &str) {
        let mut world = self.world.lock().unwrap();
        world.create(room);
        let players = &mut world.rooms.get_mut(room).unwrap().state.players;
        players.extend((0..12).map(|n| n.to_string()));
    }

    /// The players that are in any room.
    pub(super) fn players(&self) -> usize {
        self.world.lock().unwrap().rooms.values().map(|room| room.state.players.len()).sum()
    }
}

/// Answers the requests of a connection. `None` closes it without an answer.
fn serve(mut stream: TcpStream, world: &Mutex<World>) {
    while let Some((method, path, body)) = read(&mut stream) {
        let mut world = world.lock().unwrap();
        if let Some(room) =
            path.strip_prefix("/api/rooms/").and_then(|rest| Some(rest.split_once("/watch?")?.0))
        {
            world.watch(room, stream);
            return;
        }
        let Some((status, answer)) = world.answer(&method, &path, &body) else { return };
        let text = if status == 204 { String::new() } else { answer.to_string() };
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", text.len());
        if stream.write_all(format!("{head}{text}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<(String, String, Value)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some((method, path, serde_json::from_slice(&body).unwrap_or_default()))
}

impl World {
    fn create(&mut self, name: &str) -> bool {
        let new =
            || Room { life: 1, state: State::default(), backed: State::default(), watchers: Vec::new() };
        let is_new = !self.rooms.contains_key(name);
        self.rooms.entry(name.to_owned()).or_insert_with(new);
        is_new
    }

    fn answer(&mut self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let path: Vec<&str> = path.trim_start_matches("/api/rooms").trim_matches('/').split('/').collect();
        Some(match (method, &path[..]) {
            ("GET", [""]) => (200, self.report()),
            ("POST", ["many"]) => {
                let (prefix, count) = (body["prefix"].as_str()?, body["count"].as_u64()?);
                let created = (0..count).filter(|n| self.create(&format!("{prefix}-{n}"))).count() as u64;
                (200, json!({ "created": created, "existed": count - created }))
            }
            ("GET", [clients]) if clients.starts_with("clients?prefix=") => (200, self.clients()),
            ("POST", [room, "move"]) => return self.make(room, body),
            ("POST", [room, "kill"]) => (200, self.kill(room, body["what"].as_str()?)),
            _ => (404, json!({ "error": "no_such_room", "message": "Game does not exist" })),
        })
    }

    fn report(&self) -> Value {
        let (acknowledged, lost) = (self.acknowledged, self.lost);
        json!({ "backup": self.nature.backup, "backup_every_ms": 10, "ledger": {
            "acknowledged": acknowledged, "unanswered": self.unanswered, "lost": lost,
            "in_state": acknowledged - lost, "unaccounted": 0,
        }})
    }

    fn clients(&mut self) -> Value {
        let more = u64::from(self.nature.lie == Lie::Invents);
        let mut rooms = serde_json::Map::new();
        for (name, room) in &mut self.rooms {
            room.back_up(self.nature);
            let clients = room.state.clients.iter().map(|(id, (moves, last))| {
                (id.clone(), json!({ "moves": moves + more, "last": last, "life": 1, "n": 1 }))
            });
            let clients: serde_json::Map<String, Value> = clients.collect();
            rooms.insert(name.clone(), json!({ "life": room.life, "n": room.state.n, "clients": clients }));
        }
        json!({ "rooms": rooms })
    }

    fn make(&mut self, name: &str, body: &Value) -> Option<(u16, Value)> {
        let nature = self.nature;
        let room = self.rooms.get_mut(name)?;
        let player = body["player"].as_str()?.to_owned();
        let state = &mut room.state;
        if body["move"] == "leave" {
            state.players.remove(&player);
            return Some((200, json!({ "life": room.life, "n": state.n, "repeated": false })));
        }
        let (client, number) = (body["client"].as_str()?.to_owned(), body["number"].as_u64()?);
        if state.clients.get(&client).is_some_and(|(_, last)| *last >= number) {
            self.acknowledged += 1;
            self.unanswered -= 1;
            return Some((200, json!({ "life": room.life, "n": state.n, "repeated": true })));
        }
        let is_in = state.players.contains(&player);
        if !is_in && (body["move"] == "say" || state.players.len() > 11) {
            let message = format!("{player} is not allowed to do that now");
            return Some((409, json!({ "error": "refused", "message": message })));
        }
        self.moves += 1;
        let every = |n: u64| n > 0 && self.moves.is_multiple_of(n);
        if !(nature.lie == Lie::Drops && is_in && every(50)) {
            state.players.insert(player);
            state.n += 1;
            let entry = state.clients.entry(client).or_default();
            *entry = (entry.0 + 1, number);
            if nature.backup != "after" {
                room.tell_update(room.state.n, nature);
            } else if room.state.n - room.backed.n >= BEHIND {
                room.back_up(nature);
            }
        }
        if every(nature.unknown) || every(nature.broken) {
            self.unanswered += 1;
            let unknown = json!({ "error": "unknown", "message": "The room ended before it answered" });
            return every(nature.unknown).then_some((503, unknown));
        }
        self.acknowledged += 1;
        let repeated = nature.lie == Lie::Repeats;
        Some((200, json!({ "life": room.life, "n": room.state.n, "repeated": repeated })))
    }

    fn kill(&mut self, name: &str, what: &str) -> Value {
        let nature = self.nature;
        let Some(room) = self.rooms.get_mut(name) else { return Value::Null };
        let kept = match (what, nature.backup) {
            ("backup", _) | ("room", "before") => room.state.clone(),
            ("room", "after") => room.backed.clone(),
            _ => State::default(),
        };
        let (n, lost) = (room.state.n, room.state.n - kept.n);
        if what != "backup" {
            room.life += 1;
        }
        (room.state, room.backed) = (kept.clone(), kept);
        let lost = if nature.lie == Lie::HidesLosses { 0 } else { lost };
        self.lost += lost;
        let (from, to) = (room.state.n + 1, n);
        if what != "backup" && nature.lie != Lie::TellsNothing {
            let told = if to >= from { json!({ "from": from, "to": to }) } else { json!({}) };
            room.tell(if to >= from { "gap" } else { "resumed" }, room.state.n, told);
        }
        json!({ "life": room.life, "n": room.state.n, "lost": lost, "from": from, "to": to, "down_ms": 0.5 })
    }

    fn watch(&mut self, name: &str, mut stream: TcpStream) {
        let room = self.rooms.get_mut(name).unwrap();
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        if stream.write_all(head.as_bytes()).is_ok() {
            room.watchers.push(stream);
            // The status goes to the newcomer; others ignore that they know it.
            let at = if self.nature.backup == "after" { room.backed.n } else { room.state.n };
            let newcomers = room.watchers.split_off(room.watchers.len() - 1);
            let others = std::mem::replace(&mut room.watchers, newcomers);
            room.tell("status", at, json!({}));
            room.watchers.splice(0..0, others);
        }
    }
}

impl Room {
    /// The backup takes what is new, and tells the watchers.
    fn back_up(&mut self, nature: Nature) {
        if nature.backup == "after" {
            for n in self.backed.n + 1..=self.state.n {
                self.tell_update(n, nature);
            }
        }
        self.backed = self.state.clone();
    }

    fn tell_update(&mut self, n: u64, nature: Nature) {
        for _ in 0..1 + u8::from(nature.lie == Lie::TellsTwice) {
            self.tell("update", n, json!({ "text": "x" }));
        }
    }

    fn tell(&mut self, event: &str, n: u64, mut data: Value) {
        data["life"] = self.life.into();
        data["n"] = n.into();
        let text = format!("id: {}-{n}\nevent: {event}\ndata: {data}\n\n", self.life);
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.watchers.retain_mut(|stream| stream.write_all(chunk.as_bytes()).is_ok());
    }
}
