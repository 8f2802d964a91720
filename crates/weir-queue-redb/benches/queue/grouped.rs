//! A store behind one thread that commits all requests that wait, as the engine does it.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

/// What is measured.
pub(crate) trait Subject: Send + Sync + 'static {
    /// Resolves after the commit.
    fn push(&self, payload: Vec<u8>) -> impl Future<Output = ()> + Send;
    /// Takes at most `most` events.
    fn take(&self, most: usize) -> impl Future<Output = Vec<u64>> + Send;
    /// Removes events; resolves after the commit.
    fn done(&self, ids: Vec<u64>) -> impl Future<Output = ()> + Send;
}

/// A store that one thread uses.
pub(crate) trait Store: Send + 'static {
    /// Adds and removes events, and syncs.
    fn commit(&mut self, pushed: Vec<Vec<u8>>, done: Vec<u64>);
    /// Takes at most `most` events that were not taken before, with their payloads.
    fn take(&mut self, most: usize) -> Vec<(u64, Vec<u8>)>;
}

enum Request {
    Push(Vec<u8>, oneshot::Sender<()>),
    Take(usize, oneshot::Sender<Vec<u64>>),
    Done(Vec<u64>, oneshot::Sender<()>),
}

/// The handle of the thread.
pub(crate) struct Grouped(mpsc::Sender<Request>);

impl Grouped {
    pub(crate) fn new(mut store: impl Store) -> Self {
        let (sender, mut requests) = mpsc::channel(4_096);
        std::thread::spawn(move || {
            while let Some(first) = requests.blocking_recv() {
                let (mut pushed, mut done, mut answers) = (Vec::new(), Vec::new(), Vec::new());
                let mut next = Some(first);
                while let Some(request) = next {
                    match request {
                        Request::Push(payload, answer) => {
                            pushed.push(payload);
                            answers.push(answer);
                        }
                        Request::Done(ids, answer) => {
                            done.extend(ids);
                            answers.push(answer);
                        }
                        Request::Take(most, answer) => {
                            let taken = store.take(most);
                            let ids = taken.into_iter().map(|(id, payload)| {
                                std::hint::black_box(payload);
                                id
                            });
                            drop(answer.send(ids.collect()));
                        }
                    }
                    let is_full = pushed.len() + done.len() >= 512;
                    next = if is_full { None } else { requests.try_recv().ok() };
                }
                if !answers.is_empty() {
                    store.commit(pushed, done);
                    answers.into_iter().for_each(|answer| _ = answer.send(()));
                }
            }
        });
        Self(sender)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> T {
        let (answer, answered) = oneshot::channel();
        assert!(self.0.send(request(answer)).await.is_ok(), "the thread runs");
        answered.await.expect("the thread answers")
    }
}

impl Subject for Grouped {
    async fn push(&self, payload: Vec<u8>) {
        self.ask(|answer| Request::Push(payload, answer)).await;
    }

    async fn take(&self, most: usize) -> Vec<u64> {
        self.ask(|answer| Request::Take(most, answer)).await
    }

    async fn done(&self, ids: Vec<u64>) {
        self.ask(|answer| Request::Done(ids, answer)).await;
    }
}
