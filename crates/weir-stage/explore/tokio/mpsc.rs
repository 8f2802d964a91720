//! Tokio's channels, with a place to switch before each step.

use std::sync::Arc;
use std::task::{Context, Poll};

use real::sync::mpsc::{self as inner, error::SendError, error::TryRecvError};
pub use real::sync::mpsc::{Receiver, Sender, channel, error};
use shuttle::sync::atomic::{AtomicUsize, Ordering};

/// Something that threads share: the explorer switches where it is touched.
#[derive(Debug, Clone)]
struct Step(Arc<AtomicUsize>);

impl Step {
    fn take(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
pub struct UnboundedSender<T>(inner::UnboundedSender<T>, Step);

#[derive(Debug)]
pub struct WeakUnboundedSender<T>(inner::WeakUnboundedSender<T>, Step);

#[derive(Debug)]
pub struct UnboundedReceiver<T>(inner::UnboundedReceiver<T>, Step);

pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = inner::unbounded_channel();
    let step = Step(Arc::new(AtomicUsize::new(0)));
    (UnboundedSender(sender, step.clone()), UnboundedReceiver(receiver, step))
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<T> UnboundedSender<T> {
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.1.take();
        self.0.send(message)
    }

    pub fn is_closed(&self) -> bool {
        self.1.take();
        self.0.is_closed()
    }

    pub async fn closed(&self) {
        self.0.closed().await;
    }

    pub fn same_channel(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }

    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender(self.0.downgrade(), self.1.clone())
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<T> WeakUnboundedSender<T> {
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        self.0.upgrade().map(|sender| UnboundedSender(sender, self.1.clone()))
    }
}

impl<T> UnboundedReceiver<T> {
    pub async fn recv(&mut self) -> Option<T> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        self.0.recv_many(buffer, limit).await
    }

    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.1.take();
        self.0.poll_recv(cx)
    }

    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.1.take();
        self.0.try_recv()
    }

    pub fn close(&mut self) {
        self.1.take();
        self.0.close();
    }

    pub fn is_closed(&self) -> bool {
        self.1.take();
        self.0.is_closed()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}
