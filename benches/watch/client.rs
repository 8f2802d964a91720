//! The bench's side: starts a server's process, gives it orders, and watches it.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;
use weir::load::watch::{WatchPlan, WatchProgress, WatchTarget, WatchTransport, watch};
use weir::record::WatchSide;
use weir::shutdown::StopToken;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two events, in which all watchers read.
const REST: Duration = Duration::from_millis(300);

/// A server's process. It ends when its input ends.
pub(crate) struct Child {
    process: std::process::Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub(crate) url: String,
}

/// What a server did at a steady rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steady {
    pub(crate) published: u64,
    pub(crate) due: u64,
    pub(crate) late_ms: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Deliveries that did not arrive.
    pub(crate) missed: u64,
}

impl Child {
    pub(crate) fn start(server: &str) -> Self {
        let this = std::env::current_exe().expect("it runs");
        let mut process = Command::new(this)
            .arg(format!("serve={server}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut child = Self { process, orders, answers, url: String::new() };
        child.url = child.answer();
        child
    }

    fn order(&mut self, order: &str) -> String {
        writeln!(self.orders.as_mut().expect("it has not ended"), "{order}").expect("the server runs");
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the server runs");
        assert!(line.ends_with('\n'), "the server has ended: {line:?}");
        line.trim_end().to_owned()
    }

    fn numbers<const N: usize>(&mut self, order: &str) -> [f64; N] {
        let answer = self.order(order);
        let numbers = answer.split(' ').map(|number| number.parse().expect("a number"));
        numbers.collect::<Vec<f64>>().try_into().expect("as many numbers as that")
    }

    /// Publishes events at once. Returns the time from the first to the last, in milliseconds.
    fn publish(&mut self, events: u32) -> f64 {
        let [took_ms] = self.numbers(&format!("publish {events}"));
        took_ms
    }

    /// Publishes at a rate. Returns the number of events, and how late the last one was in
    /// milliseconds.
    pub(crate) fn steady(&mut self, rate: f64, time: Duration) -> (u64, f64) {
        let [published, late_ms] = self.numbers(&format!("steady {rate} {}", time.as_secs_f64()));
        (published as u64, late_ms)
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&mut self) -> u64 {
        let [bytes] = self.numbers("memory");
        bytes as u64
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.orders.take());
        // Its end is that of its input; a panic of the bench must not leave it behind.
        let _ = self.process.wait();
    }
}

/// Watchers of a server.
pub(crate) struct Session {
    watchers: u64,
    seen: Arc<Mutex<WatchProgress>>,
    stop: StopToken,
    generator: thread::JoinHandle<WatchSide>,
}

impl Session {
    /// Connects the watchers.
    pub(crate) fn connect(child: &Child, transport: WatchTransport, watchers: usize) -> Self {
        let target = WatchTarget::of_server(&child.url).expect("it is a URL");
        let duration = Duration::from_secs(600);
        let plan = WatchPlan { transport, watchers, ramp: None, duration, ..WatchPlan::default() };
        let (seen, stop) = (Arc::<Mutex<WatchProgress>>::default(), StopToken::new());
        let (shown, stopped) = (Arc::clone(&seen), stop.clone());
        let generator = thread::spawn(move || {
            let mut note = |progress: &WatchProgress| *shown.lock().expect("no panic") = *progress;
            watch(&target, &plan, &stopped, &mut note).expect("the server answers").side
        });
        let this = Self { watchers: watchers as u64, seen, stop, generator };
        this.until("all are connected", |seen| {
            assert_eq!((seen.refused, seen.lost), (0, 0), "refused and lost");
            seen.watchers >= watchers as u64
        });
        this
    }

    /// Publishes events at once. Returns the time until the last watcher has all of them, in
    /// milliseconds.
    pub(crate) fn publish(&self, child: &mut Child, events: u32) -> f64 {
        thread::sleep(REST);
        let before = self.seen();
        let took_ms = child.publish(events);
        let due = before.deliveries + self.watchers * u64::from(events);
        // The time to the last watcher is known once the generator has seen it.
        let after =
            self.until("all have the events", |seen| seen.deliveries >= due && seen.last_ms.is_some());
        took_ms + after.last_ms.unwrap_or_default()
    }

    /// Waits until nothing arrives any more.
    pub(crate) fn settle(&self) {
        let mut before = self.seen().deliveries;
        loop {
            thread::sleep(Duration::from_secs(2));
            let now = self.seen().deliveries;
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Disconnects the watchers.
    pub(crate) fn end(self) -> WatchSide {
        self.stop.cancel();
        let side = self.generator.join().expect("no panic");
        assert_eq!((side.twice, side.disordered), (0, 0), "twice and out of order");
        thread::sleep(REST);
        side
    }

    fn seen(&self) -> WatchProgress {
        *self.seen.lock().expect("no panic")
    }

    fn until(&self, what: &str, shows: impl Fn(&WatchProgress) -> bool) -> WatchProgress {
        let begin = Instant::now();
        loop {
            let seen = self.seen();
            if shows(&seen) {
                return seen;
            }
            assert!(!self.generator.is_finished(), "the generator has ended before {what}");
            assert!(begin.elapsed() < PATIENCE, "{what}: {seen:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}
