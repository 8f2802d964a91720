//! Calls and casts of servers, as a ratio to bare tokio channels and to actors of the library
//! kameo in the same run, and the memory of an idle server.
//!
//! | row | peer | budget |
//! |---|---|---|
//! | call | a task with an `mpsc` channel and a `oneshot` per request | 0.7 |
//! | call beside kameo | `ask` of an actor with a mailbox of the same size | 1.4 |
//! | cast | the same channel without the `oneshot` | – |
//!
//! The ratio is ours to theirs in events per second, so 1.4 says that a call takes 0.7 of the time
//! of an ask.
//!
//! The aim is at most 0.7 µs per call on one thread and 1 µs on two.

mod support;

use std::time::Duration;

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::message::Message;
use tokio::sync::{mpsc, oneshot};
use weir::server::{self, Context, Handle, Server, ServerRef};

use self::support::{Row, Table, timed};

/// Servers that are started to measure their memory.
const IDLE: usize = 100_000;

struct Counter(u64);

impl Server for Counter {}

struct Add(u64);

impl Handle<Add> for Counter {
    type Reply = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        self.0 += n;
        self.0
    }
}

fn main() {
    for mut table in Table::pair("servers") {
        let row = Row::new("call, 1 caller", 200_000, 0.58);
        table.row(&row, |n| calls(n, 1), |n| requests(n, 1));
        let row = Row::new("call, 16 callers", 200_000, 0.71);
        table.row(&row, |n| calls(n, 16), |n| requests(n, 16));
        let row = Row::new("call with a time limit, 1 caller", 100_000, 0.58);
        table.row(&row, limited, |n| requests(n, 1));
        let row = Row::new("call beside kameo, 1 caller", 200_000, 0.58);
        table.row(&row, |n| calls(n, 1), |n| asks(n, 1));
        let row = Row::new("call beside kameo, 16 callers", 200_000, 0.71);
        table.row(&row, |n| calls(n, 16), |n| asks(n, 16));
        let row = Row::new("cast, waiting for a place", 1_000_000, 4.1);
        table.row(&row, casts, messages);
        if table.wants("memory") {
            println!("  idle servers: {:.0} B each", table.run(idle()));
        }
    }
}

async fn calls(events: u64, callers: u64) -> Duration {
    let running = server::spawn(1000, Counter(0));
    let caller = move |server: ServerRef<Counter>| async move {
        for _ in 0..events / callers {
            server.call(Add(1)).await.expect("the server lives");
        }
    };
    timed(all((0..callers).map(|_| tokio::spawn(caller(running.server()))))).await
}

async fn limited(events: u64) -> Duration {
    let running = server::spawn(1000, Counter(0));
    let server = running.server();
    let work = async move {
        for _ in 0..events {
            server.call_within(Duration::from_secs(5), Add(1)).await.expect("the server lives");
        }
    };
    timed(tokio::spawn(work)).await
}

async fn casts(events: u64) -> Duration {
    let running = server::spawn(1000, Counter(0));
    let server = running.server();
    let work = async move {
        for _ in 0..events {
            server.cast_waiting(Add(1)).await.expect("the server lives");
        }
        server.call(Add(0)).await
    };
    timed(tokio::spawn(work)).await
}

type Request = (u64, Option<oneshot::Sender<u64>>);

fn task() -> mpsc::Sender<Request> {
    let (sender, mut requests) = mpsc::channel::<Request>(1000);
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some((n, reply)) = requests.recv().await {
            sum += n;
            if let Some(reply) = reply {
                reply.send(sum).expect("the caller waits");
            }
        }
    });
    sender
}

async fn request(task: &mpsc::Sender<Request>, n: u64) -> u64 {
    let (reply, replied) = oneshot::channel();
    task.send((n, Some(reply))).await.expect("the task lives");
    replied.await.expect("the task replies")
}

async fn requests(events: u64, callers: u64) -> Duration {
    let task = task();
    let caller = move |task: mpsc::Sender<Request>| async move {
        for _ in 0..events / callers {
            request(&task, 1).await;
        }
    };
    timed(all((0..callers).map(|_| tokio::spawn(caller(task.clone()))))).await
}

/// The counter as an actor of kameo.
struct Counting(u64);

impl Actor for Counting {
    type Args = Self;
    type Error = std::convert::Infallible;

    async fn on_start(state: Self, _: ActorRef<Self>) -> Result<Self, Self::Error> {
        Ok(state)
    }
}

impl Message<Add> for Counting {
    type Reply = u64;

    async fn handle(&mut self, Add(n): Add, _: &mut kameo::message::Context<Self, u64>) -> u64 {
        self.0 += n;
        self.0
    }
}

async fn asks(events: u64, callers: u64) -> Duration {
    let actor = Counting::spawn_with_mailbox(Counting(0), kameo::mailbox::bounded(1000));
    let caller = move |actor: ActorRef<Counting>| async move {
        for _ in 0..events / callers {
            actor.ask(Add(1)).await.expect("the actor lives");
        }
    };
    timed(all((0..callers).map(|_| tokio::spawn(caller(actor.clone()))))).await
}

async fn messages(events: u64) -> Duration {
    let task = task();
    let work = async move {
        for _ in 0..events {
            task.send((1, None)).await.expect("the task lives");
        }
        request(&task, 0).await
    };
    timed(tokio::spawn(work)).await
}

async fn all(tasks: impl Iterator<Item = tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("no panic");
    }
}

/// Returns the bytes of resident memory per idle server that has answered one call.
async fn idle() -> f64 {
    let before = resident();
    let mut servers = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        let running = server::spawn(1000, Counter(0));
        running.server().call(Add(1)).await.expect("the server lives");
        servers.push(running);
    }
    (resident() - before) / IDLE as f64
}

/// The resident memory of this process, in bytes.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or_default() * 4096.0
}
