//! One event to many sockets: the hub against a bare loop of `send` over the same sockets, in
//! turns. The readers are a process of their own.
//!
//! ```sh
//! cargo bench -p weir-parts --bench hub               # 9,000 watchers, 15 rounds
//! cargo bench -p weir-parts --bench hub -- 2000 5     # 2,000 watchers, 5 rounds
//! ```
//!
//! - *one event*: from publishing it until the last write has returned, which on loopback is when
//!   the last watcher has it. Goal: at most 1.15 × the bare loop.
//! - *burst of ten*: the same for ten events that are published at once. The bare loops send
//!   them one by one, or all ten in one write. Goal: at least 0.9 of the loop that joins them.
//! - *memory a watcher*: growth of resident memory by accepting and joining all of them, the
//!   runtime's share of each socket included. Goal: at most 1.6 kB.
//!
//! It takes half a minute and needs two descriptors per watcher in two processes.

use std::io;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use weir_parts::hub::{Encode, Hub, Settings, Since, Sink};
use weir_stage::stage;

/// The bytes of one event, about those of a goal with its player.
const FRAME: usize = 120;

struct Frames;

impl Encode<u64> for Frames {
    fn event(&self, event: &u64, seq: u64, out: &mut Vec<u8>) {
        out.extend(frame(*event, seq));
    }

    fn gap(&self, from: u64, to: u64, _out: &mut Vec<u8>) {
        panic!("a watcher that reads all the time has missed {from}..{to}");
    }
}

fn frame(event: u64, seq: u64) -> Vec<u8> {
    let mut frame =
        format!("data: {{\"seq\":{seq},\"event\":{event},\"kind\":\"goal\",\"pad\":\"").into_bytes();
    frame.resize(FRAME - 4, b'x');
    frame.extend_from_slice(b"\"}\n\n");
    frame
}

/// Counts what is written to all sockets, and notes when it is everything.
#[derive(Default)]
struct Written {
    left: AtomicUsize,
    all: Notify,
}

impl Written {
    /// Waits until `bytes` more are written.
    async fn expect(&self, bytes: usize, publish: impl Future<Output = ()>) -> Cost {
        self.left.store(bytes, Ordering::Relaxed);
        let begin = Begin::now();
        publish.await;
        self.all.notified().await;
        begin.cost()
    }
}

/// The time that something took, and the CPU time of this thread in it, in ms. The latter says
/// more on a machine with other work.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

struct Begin {
    at: Instant,
    cpu: f64,
}

impl Begin {
    fn now() -> Self {
        Self { at: Instant::now(), cpu: cpu_ms() }
    }

    fn cost(&self) -> Cost {
        Cost { wall: self.at.elapsed().as_secs_f64() * 1e3, cpu: cpu_ms() - self.cpu }
    }
}

/// A socket whose writes are counted.
struct Counted {
    socket: TcpStream,
    written: Arc<Written>,
}

impl Sink for Counted {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.socket.try_write(bytes)?;
        if self.written.left.fetch_sub(n, Ordering::Relaxed) == n {
            self.written.all.notify_one();
        }
        Ok(n)
    }

    async fn writable(&self) -> io::Result<()> {
        self.socket.writable().await
    }

    fn shutdown(&self) {
        Sink::shutdown(&self.socket);
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let readers = std::env::args().find_map(|arg| arg.strip_prefix("readers=").map(str::to_owned));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let watchers = numbers.first().copied().unwrap_or(9000);
    if let Some(address) = readers {
        return runtime.block_on(read(address.parse().expect("an address"), watchers));
    }
    runtime.block_on(measure(watchers, numbers.get(1).copied().unwrap_or(15)));
}

/// The other process: connects and reads everything, until the bench closes its sockets.
async fn read(address: SocketAddr, watchers: usize) {
    let mut all = Vec::new();
    for _ in 0..watchers {
        let socket = TcpStream::connect(address).await.expect("it is accepted");
        all.push(tokio::spawn(async move {
            let mut bytes = [0; 4096];
            let mut total = 0;
            loop {
                _ = socket.readable().await;
                match socket.try_read(&mut bytes) {
                    Ok(0) => return total,
                    Ok(n) => total += n,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    let mut totals = Vec::new();
    for one in all {
        totals.push(one.await.expect("it does not panic"));
    }
    let (least, most) = (totals.iter().min(), totals.iter().max());
    println!("  read by each watcher, in bytes: {least:?} to {most:?}");
}

async fn accept(watchers: usize) -> (Vec<Arc<Counted>>, Arc<Written>, Child) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let this = std::env::current_exe().expect("it runs");
    let mut readers = Command::new(this);
    readers.arg(watchers.to_string()).arg(format!("readers={address}")).stdin(Stdio::null());
    let readers = readers.spawn().expect("it starts");
    let written = Arc::<Written>::default();
    let mut sockets = Vec::with_capacity(watchers);
    while sockets.len() < watchers {
        let (socket, _) = listener.accept().await.expect("a descriptor is free");
        socket.set_nodelay(true).expect("it is a socket");
        SockRef::from(&socket).set_send_buffer_size(16 * 1024).expect("it is a socket");
        sockets.push(Arc::new(Counted { socket, written: Arc::clone(&written) }));
    }
    (sockets, written, readers)
}

/// The bare loop: one `send` a socket.
fn send(sockets: &[Arc<Counted>], bytes: &[u8]) {
    for socket in sockets {
        let sent = SockRef::from(&socket.socket).send(bytes).expect("the readers read");
        assert_eq!(sent, bytes.len(), "the send buffer is full: the readers are too slow");
    }
}

async fn measure(watchers: usize, rounds: usize) {
    let before = resident();
    let (sockets, written, mut readers) = accept(watchers).await;
    let source = stage::producer_fn(|_| std::future::pending::<Option<Vec<u64>>>()).spawn();
    let producer = source.producer();
    let hub: Hub<u64, Counted> =
        Hub::builder(&producer, Frames).shards(1).settings(Settings::default()).spawn();
    let begin = Instant::now();
    for socket in &sockets {
        hub.join(0, Arc::clone(socket), Vec::new(), Since::Now).await.expect("the hub runs");
    }
    let joined = begin.elapsed();
    let memory = (resident() - before) / watchers;
    println!("one event to {watchers} watchers over loopback, {rounds} rounds in turns, in ms");
    println!("  joins: {:.0} k/s", watchers as f64 / joined.as_secs_f64() / 1e3);

    let mut rows: [Vec<Cost>; 5] = Default::default();
    let (one, ten) = (frame(0, 0), frame(0, 0).repeat(10));
    for _ in 0..rounds {
        let publish = |events: Vec<u64>| {
            let producer = producer.clone();
            async move { assert!(producer.emit(events).await.expect("the source runs").is_empty()) }
        };
        let bytes = watchers * FRAME;
        let mut note = |row: usize, cost: Cost| rows[row].push(cost);
        note(0, timed(|| send(&sockets, &one)));
        rest().await;
        note(1, written.expect(bytes, publish(vec![1])).await);
        rest().await;
        note(2, timed(|| (0..10).for_each(|_| send(&sockets, &one))));
        rest().await;
        note(3, timed(|| send(&sockets, &ten)));
        rest().await;
        note(4, written.expect(10 * bytes, publish(vec![1; 10])).await);
        rest().await;
    }
    let ledger = hub.figures().deliveries();
    assert_eq!((ledger.delivered, ledger.unaccounted()), ((11 * rounds * watchers) as u64, 0));

    let [bare, ours, one_by_one, joined, burst] = rows;
    println!("                            median      best   CPU, median");
    for (name, row) in [
        ("one event, bare loop", &bare),
        ("one event, hub", &ours),
        ("burst of 10, one by one", &one_by_one),
        ("burst of 10, joined", &joined),
        ("burst of 10, hub", &burst),
    ] {
        let best = row.iter().map(|cost| cost.wall).fold(f64::INFINITY, f64::min);
        let [wall, cpu] =
            [|cost: &Cost| cost.wall, |cost: &Cost| cost.cpu].map(|of| median(row.iter().map(of)));
        println!("  {name:<24}  {wall:>7.1}   {best:>7.1}   {cpu:>7.1}");
    }
    let print = |what: &str, over: &[Cost], under: &[Cost], goal: &str| {
        let pairs = || over.iter().zip(under);
        let wall = median(pairs().map(|(over, under)| over.wall / under.wall));
        let cpu = median(pairs().map(|(over, under)| over.cpu / under.cpu));
        println!("  {what}: {wall:.2}, by CPU time {cpu:.2} ({goal})");
    };
    print("one event, times the bare loop", &ours, &bare, "goal: at most 1.15");
    print("burst, share of the joined loop", &joined, &burst, "goal: at least 0.9");
    println!("  memory a watcher: {memory} bytes (goal: at most 1,600)");
    hub.stop();
    hub.ended().await;
    drop((hub, sockets));
    sleep(Duration::from_millis(100)).await;
    readers.wait().expect("the readers end");
}

/// Lets the readers catch up.
async fn rest() {
    sleep(Duration::from_millis(60)).await;
}

fn timed(work: impl FnOnce()) -> Cost {
    let begin = Begin::now();
    work();
    begin.cost()
}

/// The CPU time of this thread, in ms.
fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.expect("nanoseconds") / 1e6
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = status.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}
