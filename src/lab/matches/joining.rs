//! Joins one watcher: its socket, its status or what it has missed, and its place in the hub.

use std::io;
use std::sync::Arc;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

use super::framing;
use super::mailbox::Letter;
use super::{Arrival, Ending, Life, LiveMatch, NotWatching, Socket, Transport, reading};
use crate::config::{MatchLog, SnapshotFrom};
use crate::hub::Since;

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
    readers.spawn(reading::begin(socket, joined.id, &early).run());
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
