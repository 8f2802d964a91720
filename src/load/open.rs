//! The open model: requests are sent when they are due, regardless of earlier answers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::task::JoinSet;

use super::Target;
use super::pacer::Pacer;
use super::worker::{Shared, Worker};
use crate::pipeline::Stamp;

/// Idle workers, and requests that wait for a worker.
struct Pool<T: Target> {
    shared: Rc<Shared<T>>,
    idle: RefCell<Vec<Worker<T>>>,
    /// Requests that are due and wait for a connection. Their response time includes the
    /// wait.
    backlog: Rc<RefCell<VecDeque<Stamp>>>,
}

/// Sends requests when they are due, until the schedule has ended and every request has
/// its answer. Requests that wait for a connection are in `backlog`.
pub(super) async fn run<T: Target + 'static>(
    shared: Rc<Shared<T>>,
    mut pacer: Pacer,
    connections: usize,
    backlog: Rc<RefCell<VecDeque<Stamp>>>,
) {
    let idle = RefCell::new(Vec::new());
    let pool = Rc::new(Pool { shared, idle, backlog });
    let mut busy = JoinSet::new();
    while let Some(due) = pacer.next().await {
        pool.shared.stats.seen(due);
        while let Some(ended) = busy.try_join_next() {
            tell(ended);
        }
        // The worker that was busy last most likely has an open connection.
        let idle = pool.idle.borrow_mut().pop();
        match idle {
            Some(worker) => drop(busy.spawn_local(serve(Rc::clone(&pool), worker, due))),
            None if busy.len() < connections => {
                let worker = Worker::new(Rc::clone(&pool.shared));
                busy.spawn_local(serve(Rc::clone(&pool), worker, due));
            }
            None => {
                pool.shared.stats.wait();
                pool.backlog.borrow_mut().push_back(due);
            }
        }
    }
    while let Some(ended) = busy.join_next().await {
        tell(ended);
    }
}

/// Sends a request, and then requests from the backlog.
async fn serve<T: Target>(pool: Rc<Pool<T>>, mut worker: Worker<T>, due: Stamp) {
    let mut next = Some(due);
    while let Some(due) = next {
        worker.request(Some(due)).await;
        next = pool.backlog.borrow_mut().pop_front();
    }
    pool.idle.borrow_mut().push(worker);
}

fn tell(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        log::error!("a request of the load ended badly: {error}");
    }
}
