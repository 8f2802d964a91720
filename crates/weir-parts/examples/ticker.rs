//! One event to a thousand watchers over TCP, one of which reads nothing.
//!
//! ```sh
//! cargo run --example ticker
//! ```
//!
//! Each event is one line of 1 kB, encoded once. The watcher that reads nothing is behind as
//! soon as the kernel's send buffer is full. Then it loses the oldest events, and the others
//! notice nothing. The last line of each table is the ledger: what was sent is delivered,
//! behind, dropped or closed.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use weir_parts::hub::{Behind, Encode, Hub, Settings, Since};
use weir_stage::stage;

const WATCHERS: usize = 1000;

struct Lines;

impl Encode<String> for Lines {
    fn event(&self, event: &String, seq: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{seq} {event:<1000}\n").as_bytes());
    }

    fn snapshot(&self, last: Option<&String>, _next: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("now: {}\n", last.map_or("nothing yet", String::as_str)).as_bytes());
    }

    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("missed {from} to {}\n", to - 1).as_bytes());
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (publish, events) = mpsc::channel::<String>(16);
    let source = stage::producer(events).spawn();
    let settings = Settings { behind: Behind::DropOldest(64), ..Settings::default() };
    let hub: Hub<String> = Hub::builder(&source.producer(), Lines).settings(settings).spawn();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let read = Arc::<AtomicU64>::default();
    for _ in 1..WATCHERS {
        tokio::spawn(watch(TcpStream::connect(address).await?, Arc::clone(&read)));
        join(&hub, &listener).await?;
    }
    let _reads_nothing = TcpStream::connect(address).await?;
    join(&hub, &listener).await?;

    for second in 1..=3 {
        for event in 0..200 {
            publish.send(format!("event {event} of second {second}")).await?;
            sleep(Duration::from_millis(5)).await;
        }
        let figures = hub.figures();
        let ledger = figures.deliveries();
        println!("second {second}: the watchers have read {} MB", read.load(Ordering::Relaxed) / 1_000_000);
        for (slow, _) in hub.slowest(3).await {
            println!(
                "  a watcher is {} events behind, has lost {} and was blocked {:.1} s ago",
                slow.events,
                slow.dropped,
                slow.blocked.as_secs_f64()
            );
        }
        println!(
            "  sent {} = delivered {} + behind {} + dropped {} + closed {}",
            ledger.sent, ledger.delivered, ledger.behind, ledger.dropped, ledger.closed
        );
    }
    // The watcher that reads nothing would be waited for until its silence is over.
    hub.stop();
    hub.ended().await;
    Ok(())
}

/// Accepts a watcher.
async fn join(hub: &Hub<String>, listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    let (socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    SockRef::from(&socket).set_send_buffer_size(16 * 1024)?;
    hub.join(0, Arc::new(socket), Vec::new(), Since::Snapshot).await?;
    Ok(())
}

/// Reads everything, and counts the bytes.
async fn watch(socket: TcpStream, read: Arc<AtomicU64>) {
    let mut bytes = [0; 4096];
    while socket.readable().await.is_ok() {
        match socket.try_read(&mut bytes) {
            Ok(0) => return,
            Ok(n) => _ = read.fetch_add(n as u64, Ordering::Relaxed),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
