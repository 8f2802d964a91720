//! What is where: counts of the stream, read each second while they are asked for, and counts of
//! this node.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use weir_parts::engine::{Book, Depth};

use super::leases::Leases;

/// Counts of the stream, over all nodes and all their lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts {
    /// The number of the last event that was accepted. A cluster may leave numbers out when its
    /// leader changes.
    pub accepted: u64,
    /// Events that are held: accepted − done − failed − dropped, of all nodes.
    pub held: u64,
    /// Events that are leased or delayed, by any node.
    pub taken: u64,
    /// Dead letters that are kept.
    pub dead: u64,
}

/// The counts of this node, and the last ones that were read of the stream.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dropped: AtomicU64,
    /// Of those that failed, events that were lost with their node at their last attempt.
    pub(super) given_up: AtomicU64,
    read: Mutex<Read>,
    wanted: AtomicBool,
}

#[derive(Debug, Default)]
struct Read {
    stream: StreamCounts,
    /// Events that this node had accepted, and settled for good, when the counts were read.
    accepted: u64,
    gone: u64,
    /// Events that other nodes had taken.
    elsewhere: u64,
}

impl Counts {
    /// Returns the counts of this node.
    pub(super) fn book(&self) -> Book {
        let get = |count: &AtomicU64| count.load(Ordering::Acquire);
        // In this order: what is counted as ended was counted as accepted before.
        let (done, failed, dropped) = (get(&self.done), get(&self.failed), get(&self.dropped));
        Book { accepted: get(&self.accepted), done, failed, dropped }
    }

    /// Returns whether the counts were asked for since the last time.
    pub(super) fn take_wanted(&self) -> bool {
        self.wanted.swap(false, Ordering::Relaxed)
    }

    /// Keeps counts of the stream.
    pub(super) fn keep(&self, stream: StreamCounts, leases: &Leases) {
        let (leased, _, delayed, gone) = leases.counts();
        let accepted = self.accepted.load(Ordering::Acquire);
        let elsewhere = stream.taken.saturating_sub(leased + delayed);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) =
            Read { stream, accepted, gone, elsewhere };
    }

    /// Returns the last counts of the stream.
    pub(super) fn stream(&self) -> StreamCounts {
        self.wanted.store(true, Ordering::Relaxed);
        self.read.lock().unwrap_or_else(PoisonError::into_inner).stream
    }

    /// Returns where events are: as the stream was read last, with what this node has done since.
    pub(super) fn depth(&self, leases: &Leases) -> Depth {
        self.wanted.store(true, Ordering::Relaxed);
        let (leased, settling, delayed, gone) = leases.counts();
        let accepted = self.accepted.load(Ordering::Acquire);
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = read.stream;
        let held = (stream.held + (accepted - read.accepted)).saturating_sub(gone - read.gone);
        // Whether an event of another node is leased or delayed, the server does not say.
        let leased = leased + read.elsewhere;
        let ready = held.saturating_sub(leased + delayed);
        Depth { ready, leased, delayed, settling, dead: stream.dead }
    }
}
