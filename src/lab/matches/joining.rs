//! Joins one watcher, and reads what it sends.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

use super::framing;
use super::life::Life;
use super::live::LiveMatch;
use super::mailbox::Letter;
use super::socket::Socket;
use super::{Arrival, Ending, Heard, NotWatching, Reader, Transport};
use crate::config::{MatchLog, SnapshotFrom};
use crate::hub::{Since, WatcherId};

/// How long a newcomer waits for a dispatcher that is being restarted.
const RESTART: Duration = Duration::from_secs(2);

/// How long a connection that is turned away may take to read its last bytes.
const FAREWELL: Duration = Duration::from_secs(5);

/// Joins a watcher. Its reader runs in `readers`. Returns the socket, unless the connection was
/// closed at once.
pub(super) async fn join(
    live: &Arc<LiveMatch>,
    arrival: Arrival,
    readers: &mut JoinSet<()>,
) -> Result<Option<std::sync::Weak<Socket>>, NotWatching> {
    let Arrival { stream, early, transport, user, since, accepted, place } = arrival;
    let config = live.core.config();
    // Without them, the watcher only gets its bytes later.
    _ = stream.set_nodelay(true);
    _ = SockRef::from(&stream)
        .set_send_buffer_size(usize::try_from(config.send_buffer).unwrap_or(usize::MAX));
    let protocol = Arc::clone(&live.core.transports[transport]);
    live.arrivals.count();
    if live.core.log() == MatchLog::Every {
        log::info!("match {}: {user} joins over {}", live.id(), protocol.name());
    }

    let Some(life) = life(live).await else {
        let (state, next) = live.now();
        let why = if state.is_over() {
            Ending::Over
        } else if state.has_begun() {
            Ending::Restarted
        } else {
            Ending::NotBegun
        };
        let mut bytes = Vec::new();
        framing::snapshot(&*protocol, &state, next, &mut bytes);
        framing::end(&*protocol, why, &mut bytes);
        let live = Arc::clone(live);
        readers.spawn(async move {
            // A client that does not read its last bytes is cut off.
            _ = timeout(FAREWELL, farewell(stream, &bytes, || live.arrivals.has_snapshot(accepted))).await;
            drop(place);
        });
        return if why == Ending::Restarted { Err(NotWatching::Restarting) } else { Ok(None) };
    };

    // A client that asks for events of an earlier match gets the status of this one.
    let since = since.filter(|since| *since <= live.now().1);
    let (first, since) = match since {
        Some(since) => (Vec::new(), Since::Event(since)),
        None if config.snapshot == SnapshotFrom::Match => {
            let (bytes, next) = status(live, protocol).await.ok_or(NotWatching::ShuttingDown)?;
            (bytes, Since::Event(next))
        }
        None => (Vec::new(), Since::Snapshot),
    };
    let common = &life.commons[transport];
    let socket = Socket::new(stream, accepted, live.users.enter(&user), place, common);
    let joined = life.hub.join(transport, Arc::clone(&socket), first, since).await;
    let Ok(joined) = joined else {
        // The match has ended or its dispatcher has failed since the start of this join.
        let (state, next) = live.now();
        let why = if state.is_over() { Ending::Over } else { Ending::Restarted };
        let mut bytes = Vec::new();
        if since == Since::Snapshot {
            framing::snapshot(&*common.transport, &state, next, &mut bytes);
        }
        framing::end(&*common.transport, why, &mut bytes);
        // They fit into an empty send buffer; a client that takes less has failed.
        _ = socket.write_now(&bytes);
        socket.shut_down_writing();
        readers.spawn(async move {
            // Until the client has closed its side, or for a while.
            _ = timeout(FAREWELL, socket.stream.readable()).await;
        });
        return if why == Ending::Over { Ok(None) } else { Err(NotWatching::Restarting) };
    };
    // Nothing else sets it.
    _ = socket.id.set(joined.id);
    let watched = Arc::downgrade(&socket);
    let (reader, answers) = begin(&socket, joined.id, &early);
    readers.spawn(read(Leave { socket, id: joined.id }, reader, answers));
    Ok(Some(watched))
}

/// Returns the current life, and waits for it a moment if the match is being played.
async fn life(live: &LiveMatch) -> Option<Arc<Life>> {
    if let Some(life) = live.life() {
        return Some(life);
    }
    if !*live.wanted.borrow() {
        return None;
    }
    let mut current = live.current.subscribe();
    let found = timeout(RESTART, current.wait_for(Option::is_some)).await.ok()?.ok()?;
    found.clone()
}

/// Asks the match for its status, behind the events in its mailbox.
async fn status(live: &LiveMatch, transport: Arc<dyn Transport>) -> Option<(Vec<u8>, u64)> {
    let (done, answer) = oneshot::channel();
    live.letters.send(Letter::Status { transport, done }).ok()?;
    answer.await.ok()
}

/// Sends a connection its last bytes, and waits until the client closes it.
async fn farewell(mut stream: TcpStream, bytes: &[u8], written: impl FnOnce()) -> io::Result<()> {
    stream.write_all(bytes).await?;
    written();
    stream.shutdown().await?;
    loop {
        stream.readable().await?;
        match stream.try_read(&mut [0; 256]) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes a watcher off its hub when its reader ends, also by a panic.
struct Leave {
    socket: Arc<Socket>,
    id: WatcherId,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.socket.common.hub().leave(self.id);
    }
}

/// A watcher's reader, or `None` once the client has said that it leaves.
type Listening = Option<Box<dyn Reader>>;

/// Makes the reader of a watcher, and feeds it what was read before.
fn begin(socket: &Socket, id: WatcherId, early: &Bytes) -> (Listening, Vec<u8>) {
    let (mut reader, mut answers) = (socket.common.transport.reader(), Vec::new());
    if !early.is_empty() && reader.feed(early, &mut answers) == Heard::Ended {
        socket.common.hub().close(id, answers);
        return (None, Vec::new());
    }
    (Some(reader), answers)
}

/// Reads what a watcher sends until it has gone, and answers it.
async fn read(leave: Leave, mut reader: Listening, mut answers: Vec<u8>) {
    let Leave { socket, id } = &leave;
    loop {
        if !answers.is_empty() {
            // The next request waits until this answer is written. A watcher that has left needs
            // none.
            socket.common.hub().say(*id, std::mem::take(&mut answers)).await;
        }
        if socket.stream.readable().await.is_err() {
            return;
        }
        let read = match &mut reader {
            Some(reader) => socket.read(&mut **reader, &mut answers),
            None => socket.read(&mut Deaf, &mut answers),
        };
        match read {
            Ok(Some(Heard::Open)) => socket.hear(),
            Ok(Some(Heard::Ended)) => {
                socket.hear();
                // It has its answer; until it closes its side, what it sends is not looked at.
                socket.common.hub().close(*id, std::mem::take(&mut answers));
                reader = None;
            }
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Ignores everything.
struct Deaf;

impl Reader for Deaf {
    fn feed(&mut self, _bytes: &[u8], _answers: &mut Vec<u8>) -> Heard {
        Heard::Open
    }
}
