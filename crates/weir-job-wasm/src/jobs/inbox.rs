//! Requests to a running job, which it checks between two slices.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};

use crate::jobs::lock::Lock;
use crate::machine::Machine;
use crate::outcome::Ending;
use crate::stack::{Stack, Trace};

/// A request to a running job. The job answers through the sender; a job that has ended
/// drops it.
pub(crate) enum Request {
    Stack(oneshot::Sender<Stack>),
    Trace(TraceRequest),
    /// Answered with how the job ended: it may end by itself before it sees the request.
    Kill(oneshot::Sender<Ending>),
}

/// A trace that was asked for.
pub(crate) struct TraceRequest {
    pub(crate) calls: u32,
    pub(crate) time: Duration,
    pub(crate) answer: oneshot::Sender<Trace>,
}

/// Requests that a job has not seen yet.
#[derive(Default)]
pub(crate) struct Inbox {
    /// True if there are requests: looking costs a job one load in each slice.
    has_mail: AtomicBool,
    mail: Lock<Mail>,
}

#[derive(Default)]
struct Mail {
    requests: Vec<Request>,
    is_closed: bool,
}

/// The desk of a job: requests that it has begun and that take more than one slice.
#[derive(Default)]
pub(crate) struct Desk {
    /// Traces that wait for the current one.
    waiting: Vec<TraceRequest>,
    on: Option<Tracing>,
    killers: Vec<oneshot::Sender<Ending>>,
}

struct Tracing {
    request: TraceRequest,
    /// Position in the ring at which it began.
    begin: u32,
    until: Instant,
}

impl Inbox {
    /// Puts a request in; returns false if the job has ended.
    pub(crate) fn ask(&self, request: Request) -> bool {
        let mut mail = self.mail.lock();
        if !mail.is_closed {
            mail.requests.push(request);
            self.has_mail.store(true, Ordering::Release);
        }
        !mail.is_closed
    }

    fn take(&self) -> Vec<Request> {
        if !self.has_mail.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut mail = self.mail.lock();
        self.has_mail.store(false, Ordering::Release);
        std::mem::take(&mut mail.requests)
    }

    /// Takes no more requests; returns those that the job has not seen.
    pub(crate) fn close(&self) -> Vec<Request> {
        let mut mail = self.mail.lock();
        mail.is_closed = true;
        std::mem::take(&mut mail.requests)
    }
}

impl Desk {
    /// Answers what can be answered between two slices; returns true if the job was killed.
    pub(crate) fn serve(&mut self, inbox: &Inbox, machine: &mut Machine) -> bool {
        for request in inbox.take() {
            match request {
                // A requester that has gone away needs no answer.
                Request::Stack(answer) => drop(answer.send(machine.stack())),
                Request::Trace(request) => self.waiting.push(request),
                Request::Kill(answer) => self.killers.push(answer),
            }
        }
        if let Some(tracing) = &self.on
            && (machine.trace_left() == 0
                || Instant::now() >= tracing.until
                || tracing.request.answer.is_closed())
        {
            self.end_trace(machine, false);
        }
        while self.on.is_none() && !self.waiting.is_empty() {
            let request = self.waiting.remove(0);
            if !request.answer.is_closed() {
                let begin = machine.begin_trace(request.calls);
                let until = Instant::now() + request.time;
                self.on = Some(Tracing { request, begin, until });
            }
        }
        !self.killers.is_empty()
    }

    /// Answers the current trace when the job has ended. Returns the senders of kill
    /// requests, which still wait for the job's ending.
    pub(crate) fn close(mut self, machine: &mut Machine) -> Vec<oneshot::Sender<Ending>> {
        self.end_trace(machine, true);
        self.killers
    }

    fn end_trace(&mut self, machine: &mut Machine, ended: bool) {
        if let Some(tracing) = self.on.take() {
            let calls = machine.end_trace(tracing.begin);
            let is_complete = calls.len() == tracing.request.calls as usize;
            drop(tracing.request.answer.send(Trace { calls, ended: ended && !is_complete }));
        }
    }
}
