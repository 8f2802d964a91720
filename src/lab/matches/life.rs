//! A life of a match's dispatcher: a hub with its shards, and the stage that feeds it. When it
//! dies, its watchers are closed and the next life begins with the next event.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::arrivals::Arrivals;
use super::framing::{Framing, Published};
use super::lock;
use super::tasktimes::TaskTimes;
use super::{MatchState, Socket, Transport};
use crate::config::{Behind as BehindWord, Encode, Matches, Writer};
use crate::hub::{Behind, Encoding, Hub, Left, Settings};
use crate::stage::{self, RunningProducer};

/// The part that all sockets of one life and one transport share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) hub: OnceLock<Hub<Published, Socket>>,
    /// True while writes go to a task a watcher.
    pub(super) by_task: Arc<AtomicBool>,
    pub(super) times: Arc<TaskTimes>,
    pub(super) arrivals: Arc<Arrivals>,
    /// When the lab was started.
    pub(super) began: Instant,
}

impl Common {
    /// Returns the time since the lab was started, in milliseconds.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the hub, which exists before the first socket does.
    pub(super) fn hub(&self) -> &Hub<Published, Socket> {
        self.hub.get().expect("the life sets the hub before it gives itself out")
    }
}

/// A closure that is called for each watcher that the hub has let go of.
pub(super) type OnLeft = Box<dyn Fn(&Left, &Socket) + Send + Sync>;

/// The hooks of a life into its match.
pub(super) struct Hooks {
    pub(super) left: OnLeft,
    /// Called when a shard has recorded a traced event.
    pub(super) traced: Box<dyn Fn(u64) + Send + Sync>,
}

/// What a life begins with.
pub(super) struct Birth<'a> {
    pub(super) number: u64,
    pub(super) is_restart: bool,
    pub(super) transports: &'a [Arc<dyn Transport>],
    pub(super) arrivals: &'a Arc<Arrivals>,
    /// When the lab was started.
    pub(super) began: Instant,
    pub(super) config: &'a Matches,
}

/// A life of a dispatcher.
#[derive(Debug)]
pub(super) struct Life {
    /// Its number, counted from 1.
    pub(super) number: u64,
    /// True if it follows a life that died during the same match.
    pub(super) is_restart: bool,
    /// When it began, in milliseconds since the lab was started.
    pub(super) began_ms: u64,
    pub(super) hub: Hub<Published, Socket>,
    /// One per transport.
    pub(super) commons: Vec<Arc<Common>>,
    pub(super) times: Arc<TaskTimes>,
    by_task: Arc<AtomicBool>,
    publish: Mutex<Option<mpsc::Sender<Published>>>,
    _source: RunningProducer<Published>,
    /// The number of events that were given to the hub.
    given: AtomicU64,
}

impl Life {
    /// Begins a life before event number `next`, with the state before it.
    pub(super) fn begin(birth: Birth<'_>, next: u64, before: &Arc<MatchState>, hooks: Hooks) -> Self {
        let Birth { number, is_restart, transports, arrivals, began, config } = birth;
        let (publish, events) = mpsc::channel(1);
        let source = stage::producer(events).spawn();
        let by_task = Arc::new(AtomicBool::new(config.writer == Writer::Task));
        let times = Arc::<TaskTimes>::default();
        let common = |transport: &Arc<dyn Transport>| {
            Arc::new(Common {
                transport: Arc::clone(transport),
                hub: OnceLock::new(),
                by_task: Arc::clone(&by_task),
                times: Arc::clone(&times),
                arrivals: Arc::clone(arrivals),
                began,
            })
        };
        let commons: Vec<_> = transports.iter().map(common).collect();
        let framing =
            |common: &Arc<Common>| Framing { common: Arc::clone(common), before: Arc::clone(before) };
        let first = framing(commons.first().expect("a lab has a transport"));
        let shards = match config.shards {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            shards => shards as usize,
        };
        let Hooks { left, traced } = hooks;
        let mut hub = Hub::builder(&source.producer(), first)
            .first(next)
            .shards(shards)
            .settings(settings(config))
            .trace_if(|event: &Published| event.is_traced)
            .on_traced(traced)
            .observe(left);
        for common in &commons[1..] {
            hub = hub.framing(framing(common));
        }
        let hub = hub.spawn();
        for common in &commons {
            // Nothing else sets it.
            _ = common.hub.set(hub.clone());
        }
        let publish = Mutex::new(Some(publish));
        let given = AtomicU64::new(next);
        let began_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { number, is_restart, began_ms, hub, commons, times, by_task, publish, _source: source, given }
    }

    /// Gives an event to the hub. Waits while the hub takes none, as with `behind = "wait"`. A
    /// life that has ended takes nothing, and its watchers are closed.
    pub(super) async fn publish(&self, event: Published) {
        let publish = lock(&self.publish).clone();
        if event.is_traced {
            let sent = self.hub.figures().watchers();
            self.times.begin(event.recorded.seq, event.published, sent);
        }
        if let Some(publish) = publish {
            self.given.store(event.recorded.seq + 1, Ordering::Relaxed);
            _ = publish.send(event).await;
        }
    }

    /// Ends the events: each watcher is sent those that it lacks and the end, and is closed.
    pub(super) fn finish(&self) {
        *lock(&self.publish) = None;
    }

    /// Applies a changed configuration.
    pub(super) fn change(&self, config: &Matches) {
        self.by_task.store(config.writer == Writer::Task, Ordering::Relaxed);
        self.hub.change(settings(config));
    }

    /// Returns true while writes go to a task a watcher.
    pub(super) fn is_by_task(&self) -> bool {
        self.by_task.load(Ordering::Relaxed)
    }

    /// Returns true if a shard has not taken all events that were published.
    pub(super) fn is_held_up(&self) -> bool {
        let given = self.given.load(Ordering::Relaxed);
        self.hub.figures().shards.iter().any(|shard| shard.head < given)
    }
}

fn settings(config: &Matches) -> Settings {
    let limit = usize::try_from(config.behind_limit).unwrap_or(usize::MAX);
    Settings {
        behind: match config.behind {
            BehindWord::DropOldest => Behind::DropOldest(limit),
            BehindWord::Latest => Behind::Latest,
            BehindWord::Close => Behind::Close(limit),
            BehindWord::Wait => Behind::Wait,
        },
        window: limit,
        silence: config.silence,
        encoding: match config.encode {
            Encode::Once => Encoding::Once,
            Encode::Each => Encoding::Each,
        },
    }
}
