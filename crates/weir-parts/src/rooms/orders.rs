//! What a keeper is asked to do. A channel would take a block of memory for each room.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::report::{Kill, Part};

/// An order, carried out after any repair under way.
#[derive(Debug)]
pub(super) enum Order {
    /// Kills a part and repairs it.
    Kill(Part, oneshot::Sender<Kill>),
    /// Looks at the settings again.
    Change,
    /// Ends the processes in order, and answers when they have ended.
    Stop(oneshot::Sender<()>),
}

/// The orders for a keeper that it has not taken.
#[derive(Debug, Default)]
pub(super) struct Orders {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Order>,
    is_closed: bool,
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an order. It is dropped if the keeper has ended, or ends before it takes it.
    pub(super) fn give(&self, order: Order) {
        let mut state = self.lock();
        if !state.is_closed {
            state.waiting.push_back(order);
        }
        drop(state);
        self.news.notify_one();
    }

    /// Takes the next order. For one keeper.
    ///
    /// Cancel safe: an order is taken when this returns it.
    pub(super) async fn take(&self) -> Order {
        loop {
            if let Some(order) = self.lock().waiting.pop_front() {
                return order;
            }
            self.news.notified().await;
        }
    }

    /// Drops all orders, those that come later included.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
    }
}
