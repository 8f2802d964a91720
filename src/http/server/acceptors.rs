//! Accepts connections: any number of tasks on one listener.
//!
//! The number of acceptors and the backlog are live. An acceptor that is no longer needed ends
//! between two connections, so none is lost. If the process has no descriptor left, each
//! acceptor backs off instead of spinning.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::connection::connection;
use super::connections::Connections;
use super::counts::ConnectionCounts;
use super::limits::{self, Limits};
use super::refusal::Refusal;
use super::throttle::Throttle;
use crate::shutdown::{Shutdown, StopToken};

/// How long to back off when the system has no more file descriptors.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// What all acceptors of a server share.
#[derive(Debug)]
pub(super) struct Acceptors<L> {
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
    limits: L,
    connections: Connections,
    counts: Arc<ConnectionCounts>,
    complaints: Mutex<Throttle>,
    /// The highest descriptor that a connection may have.
    highest: u64,
    /// The backlog that the listener has; 0 before the first connection.
    backlog: AtomicI32,
    /// The number of acceptors that run.
    running: AtomicUsize,
    /// Wakes the task that starts and ends acceptors and checks connections.
    wake: Notify,
}

impl<L> Acceptors<L>
where
    L: Fn() -> Limits + Clone + Send + Sync + 'static,
{
    pub(super) fn new(
        listener: TcpListener,
        router: Router,
        shutdown: Shutdown,
        limits: L,
        counts: Arc<ConnectionCounts>,
    ) -> Arc<Self> {
        Arc::new(Self {
            listener,
            router,
            shutdown,
            limits,
            connections: Connections::new(Arc::clone(&counts)),
            counts,
            complaints: Mutex::default(),
            highest: limits::highest_descriptor().unwrap_or(u64::MAX),
            backlog: AtomicI32::new(0),
            running: AtomicUsize::new(0),
            wake: Notify::new(),
        })
    }

    /// Runs acceptors, and checks the connections a few times a second, until the server is
    /// asked to stop.
    pub(super) async fn run(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        // One a task, the oldest first.
        let mut stops: Vec<StopToken> = Vec::new();
        let mut look = Instant::now();
        loop {
            let now = (self.limits)();
            self.apply(&now);
            while stops.len() < now.acceptors.max(1) {
                let stop = StopToken::new();
                tasks.spawn(Arc::clone(&self).accept(stop.clone()));
                stops.push(stop);
            }
            stops.drain(now.acceptors.max(1)..).for_each(|stop| stop.cancel());
            self.running.store(stops.len(), Ordering::Relaxed);
            let is_watching = self.connections.len() > 0 || self.complaints().waits();
            tokio::select! {
                biased;
                () = self.shutdown.stopping() => break,
                () = sleep_until(look), if is_watching => {
                    self.connections.look(&now);
                    self.complaints().tell();
                    look = Instant::now() + now.look();
                }
                Some(ended) = tasks.join_next() => {
                    if ended.is_err() {
                        // Nothing in an acceptor is known to panic. Fewer of them would go
                        // unnoticed, so begin anew.
                        stops.drain(..).for_each(|stop| stop.cancel());
                    }
                }
                () = self.wake.notified() => {}
            }
        }
        tasks.shutdown().await;
    }

    /// Accepts connections until `stop`.
    async fn accept(self: Arc<Self>, stop: StopToken) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.admit(stream),
                Err(error) if is_ours(&error) => {
                    self.counts.note_failure(&error);
                    self.complain(format!("cannot accept a connection: {error}"));
                    self.connections.make_room();
                    sleep(OUT_OF_FILES).await;
                }
                Err(_) => {}
            }
        }
    }

    /// Serves an accepted connection, or refuses it.
    fn admit(self: &Arc<Self>, stream: TcpStream) {
        let now = (self.limits)();
        self.apply(&now);
        let few_descriptors = stream.as_raw_fd() as u64 > self.highest;
        let open = self.connections.len();
        let full = open >= now.max_connections;
        if (full || few_descriptors) && !self.connections.make_room() {
            let refusal = if full { Refusal::Full(now.max_connections) } else { Refusal::NoDescriptors };
            self.counts.note_refusal(refusal);
            self.complain(format!("a connection is refused: {}", refusal.sentence().trim_end()));
            refuse(stream, refusal);
            return;
        }
        let entry = self.connections.add();
        if open == 0 || now.acceptors != self.running.load(Ordering::Relaxed) {
            self.wake.notify_one();
        }
        let (router, shutdown) = (self.router.clone(), self.shutdown.clone());
        self.shutdown.spawn(connection(stream, entry, router, shutdown, self.limits.clone()));
    }

    /// Applies what has changed of the limits, except for the number of acceptors.
    pub(super) fn apply(&self, now: &Limits) {
        self.counts.note_limit((now.max_connections as u64).min(self.highest.saturating_add(1)));
        if self.backlog.swap(now.backlog, Ordering::Relaxed) != now.backlog
            // On a socket that listens already, this only changes the backlog.
            && let Err(error) = SockRef::from(&self.listener).listen(now.backlog)
        {
            self.complain(format!("cannot change the backlog to {}: {error}", now.backlog));
        }
    }

    /// Returns the number of acceptors that run.
    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> &ConnectionCounts {
        &self.counts
    }

    fn complain(&self, complaint: String) {
        self.complaints().note(complaint);
        self.wake.notify_one();
    }

    fn complaints(&self) -> MutexGuard<'_, Throttle> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether accepting failed for a local reason, such as EMFILE: back off then
/// instead of spinning. If the peer gave up before it was accepted, retry at once.
fn is_ours(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers without a task and without waiting, because there may be thousands of
/// refusals.
fn refuse(stream: TcpStream, refusal: Refusal) {
    // A new socket has room for the answer, unless the client has disconnected.
    let said = stream.into_std().and_then(|mut stream| io::Write::write_all(&mut stream, &refusal.bytes()));
    drop(said);
}
