//! A worker sends one request at a time over one connection. It connects when there is
//! none, gives up after the timeout, and records the result.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::stats::Stats;
use super::{Answer, Connection, RequestError, Target};
use crate::pipeline::{Clock, Stamp};

/// The state that all workers of a load share.
#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) target: T,
    pub(super) stats: Stats,
    pub(super) clock: Clock,
    /// The timeout of an answer.
    pub(super) timeout: Duration,
    /// True if a connection carries more than one request.
    pub(super) keep_alive: bool,
    /// True if a request may be sent twice: its method is idempotent (RFC 9110, section
    /// 9.2.2).
    pub(super) repeatable: bool,
}

/// Sends requests over a connection, which it makes when it needs one.
pub(super) struct Worker<T: Target> {
    shared: Rc<Shared<T>>,
    connection: Option<T::Connection>,
    /// Fires when an answer may be overdue. It is reset only when it has fired, because a
    /// timer for each request would cost more than all its timestamps.
    alarm: Pin<Box<Sleep>>,
}

impl<T: Target> Worker<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        let alarm = Box::pin(sleep_until(Instant::now() + shared.clock.to_tokio(shared.timeout)));
        Self { shared, connection: None, alarm }
    }

    /// Sends a request that was due at `due`, or is due now. Returns whether there was a
    /// connection.
    pub(super) async fn request(&mut self, due: Option<Stamp>) -> bool {
        let sent = self.shared.stats.send();
        let result = self.exchange_in_time(sent).await;
        let connected = !matches!(result, Err(RequestError::Connect(_)));
        let reusable = result.as_ref().is_ok_and(|answer| answer.reusable && self.shared.keep_alive);
        self.connection.take_if(|_| !reusable);
        self.shared.stats.end(due.unwrap_or(sent), sent, result);
        connected
    }

    async fn exchange_in_time(&mut self, sent: Stamp) -> Result<Answer, RequestError> {
        let Self { shared, connection, alarm } = self;
        let deadline = || shared.clock.to_instant(sent) + shared.clock.to_tokio(shared.timeout);
        let mut exchange = pin!(exchange(shared, connection));
        loop {
            tokio::select! {
                biased;
                result = &mut exchange => return result,
                () = alarm.as_mut() => {
                    let deadline = deadline();
                    if Instant::now() >= deadline {
                        return Err(RequestError::TimedOut);
                    }
                    alarm.as_mut().reset(deadline);
                }
            }
        }
    }
}

/// Sends the request on the present connection. Connects if there is none, or if the
/// server has closed it while it was idle.
///
/// The server may also close it while the request is on its way. Then the answer has no
/// first byte, and the request is sent again on a new connection if that is safe (RFC
/// 9112, section 9.3.1). This happens once, and only if the connection was used before,
/// so a server that never answers does not cause endless requests.
async fn exchange<T: Target>(
    shared: &Shared<T>,
    connection: &mut Option<T::Connection>,
) -> Result<Answer, RequestError> {
    if let Some(used) = connection.take_if(|connection| connection.is_open()) {
        let result = connection.insert(used).exchange().await;
        if !(matches!(result, Err(RequestError::Unanswered(_))) && shared.repeatable) {
            return result;
        }
        shared.stats.repeat();
    }
    // The old connection is closed before the new one is made.
    *connection = None;
    connection.insert(shared.target.connect().await?).exchange().await
}
