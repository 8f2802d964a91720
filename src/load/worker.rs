//! One request at a time over one connection: connects when there is none, gives
//! up when an answer takes too long, and tells the tally.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::tally::Tally;
use super::{Answer, Connection, Failure, Target};
use crate::pipeline::{Clock, Stamp};

/// What all workers of a load share.
#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) target: T,
    pub(super) tally: Tally,
    pub(super) clock: Clock,
    /// How long an answer may take.
    pub(super) timeout: Duration,
    /// Whether a connection is used again.
    pub(super) keep_alive: bool,
    /// Whether a request may be sent twice: its method is idempotent (RFC 9110,
    /// section 9.2.2).
    pub(super) repeatable: bool,
}

/// Has a connection, or makes one when it needs one.
pub(super) struct Worker<T: Target> {
    shared: Rc<Shared<T>>,
    connection: Option<T::Connection>,
    /// Goes off at the earliest when an answer is overdue. It is set once and then
    /// pushed on only when it goes off: a timer for each request would cost more
    /// than all its stamps.
    alarm: Pin<Box<Sleep>>,
}

impl<T: Target> Worker<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        let alarm = Box::pin(sleep_until(Instant::now() + shared.clock.to_tokio(shared.timeout)));
        Self { shared, connection: None, alarm }
    }

    /// Sends a request that was due at that moment, or is due now. Returns whether
    /// there was a connection to send it on.
    pub(super) async fn request(&mut self, due: Option<Stamp>) -> bool {
        let sent = self.shared.tally.send();
        let result = self.exchange_in_time(sent).await;
        let connected = !matches!(result, Err(Failure::Connect(_)));
        let reusable = result.as_ref().is_ok_and(|answer| answer.reusable && self.shared.keep_alive);
        self.connection.take_if(|_| !reusable);
        self.shared.tally.end(due.unwrap_or(sent), sent, result);
        connected
    }

    async fn exchange_in_time(&mut self, sent: Stamp) -> Result<Answer, Failure> {
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
                        return Err(Failure::TimedOut);
                    }
                    alarm.as_mut().reset(deadline);
                }
            }
        }
    }
}

/// Sends the request on the connection that there is, or on a new one if there is
/// none or the server has closed it while it was idle.
///
/// The server may also close it while the request is on its way. Then no byte of an
/// answer comes, and the request is sent again on a new connection if it is safe to
/// do so (RFC 9112, section 9.3.1). That happens once, and only if the connection was
/// used before, so a server that never answers is not asked for ever.
async fn exchange<T: Target>(
    shared: &Shared<T>,
    connection: &mut Option<T::Connection>,
) -> Result<Answer, Failure> {
    if let Some(used) = connection.take_if(|connection| connection.is_open()) {
        let result = connection.insert(used).exchange().await;
        if !(matches!(result, Err(Failure::Unanswered(_))) && shared.repeatable) {
            return result;
        }
        shared.tally.repeat();
    }
    // The old one is closed before there is a new one.
    *connection = None;
    connection.insert(shared.target.connect().await?).exchange().await
}
