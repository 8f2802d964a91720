//! Tasks, one at a time, in the order that the explorer chooses.

use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

pub use real::task::{coop, unconstrained};

/// Names a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u64);

/// Why a task has no result: it was aborted. A panic ends the exploration.
#[derive(Debug)]
pub struct JoinError(Id);

impl JoinError {
    pub fn id(&self) -> Id {
        self.0
    }

    pub fn is_panic(&self) -> bool {
        false
    }

    pub fn into_panic(self) -> Box<dyn Any + Send> {
        unreachable!("a panic ends the exploration")
    }
}

/// A running task. Dropping it leaves the task running.
#[derive(Debug)]
pub struct JoinHandle<T> {
    id: Id,
    task: shuttle::future::JoinHandle<T>,
}

impl<T> JoinHandle<T> {
    pub fn id(&self) -> Id {
        self.id
    }

    pub fn abort(&self) {
        self.task.abort();
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = self.id;
        Pin::new(&mut self.task).poll(cx).map_err(|_| JoinError(id))
    }
}

pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = Id(NEXT.fetch_add(1, Ordering::Relaxed));
    JoinHandle { id, task: shuttle::future::spawn(future) }
}

pub async fn yield_now() {
    shuttle::future::yield_now().await;
}

/// Aborts its tasks when it is dropped.
#[derive(Debug)]
pub struct JoinSet<T>(Vec<JoinHandle<T>>);

/// Aborts a task of a set.
#[derive(Debug)]
pub struct AbortHandle(Id, shuttle::future::AbortHandle);

impl AbortHandle {
    pub fn id(&self) -> Id {
        self.0
    }

    pub fn abort(&self) {
        self.1.abort();
    }
}

impl<T: Send + 'static> JoinSet<T> {
    #[expect(clippy::new_without_default, reason = "as tokio's is used")]
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn spawn(&mut self, future: impl Future<Output = T> + Send + 'static) -> AbortHandle {
        let task = spawn(future);
        let handle = AbortHandle(task.id, task.task.abort_handle());
        self.0.push(task);
        handle
    }

    fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Id, Result<T, JoinError>)>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        for at in 0..self.0.len() {
            if let Poll::Ready(result) = Pin::new(&mut self.0[at]).poll(cx) {
                return Poll::Ready(Some((self.0.remove(at).id, result)));
            }
        }
        Poll::Pending
    }

    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join(cx)).await.map(|(_, result)| result)
    }

    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join(cx)).await.map(|(id, result)| result.map(|output| (id, output)))
    }

    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        match self.poll_join(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(joined) => joined.map(|(_, result)| result),
            Poll::Pending => None,
        }
    }

    pub async fn shutdown(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
        while self.join_next().await.is_some() {}
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
