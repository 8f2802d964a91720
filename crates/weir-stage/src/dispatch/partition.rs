//! Every event goes to the partition that its key belongs to, in order.
//!
//! Each partition has one consumer. Events for a partition that has none, or
//! whose consumer is busy, wait inside, and count against the demand of all: a
//! partition that nobody takes from stops the others, instead of growing without
//! bound.
//!
//! # When a partition changes hands
//! A consumer that cancels, is stopped or is dismissed may still work on events of
//! its partition, and events that were on their way to it come back. Until it has
//! finished the first and returned the second, the next consumer of the partition,
//! which may be the same one with a new subscription, is taken and may ask, and is
//! sent nothing. So two consumers never work on one key at once, and the events of
//! a key are begun in the order in which they were emitted, in any consumer.
//!
//! A consumer that never returns from its handler therefore keeps its partition;
//! to abort it frees the partition.
//!
//! A [pool](crate::pool) is one consumer here, whatever its mode and size.
//!
//! # How this differs from GenStage
//! The rules are those of GenStage's `PartitionDispatcher`, but
//! - when a consumer leaves, what waits in its partition stays for the next one.
//!   GenStage discards it; [`discarding`](PartitionDispatcher::discarding) does so
//!   too;
//! - the next consumer of a partition is served when the one before it has
//!   finished. GenStage serves it at once.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{Assignment, Dispatcher, PartitionId, Requeued, SubscribeError, SubscribeRequest, Tag};
use crate::marker::Marker;

/// Sends each event to the subscription that has its partition.
pub struct PartitionDispatcher<T> {
    partitions: Vec<Partition<T>>,
    route: Route<T>,
    discards: bool,
    markers: VecDeque<Waiting>,
}

/// So many events are worth an allocation.
const MANY: usize = 32;

type Route<T> = Box<dyn Fn(&T) -> Option<usize> + Send>;

#[derive(Debug)]
struct Partition<T> {
    id: PartitionId,
    consumer: Option<Tag>,
    demand: usize,
    /// Cancelled consumers that may still work on events, or give some back.
    draining: Vec<Tag>,
    /// Given back, by their place in the order of dispatch; they go before what
    /// waits. All were sent since anything was last served from here, so their
    /// places compare: see [`Partition::serve`].
    returned: BTreeMap<u64, T>,
    waiting: VecDeque<T>,
}

/// A marker, and how many events of each partition are to be assigned before it.
#[derive(Debug)]
struct Waiting {
    marker: Marker,
    behind: Vec<usize>,
}

/// The partition, of so many, that a key has with
/// [`PartitionDispatcher::by_key`].
///
/// # Panics
/// With no partitions.
pub fn partition_of<K: Hash>(key: &K, partitions: usize) -> usize {
    // With fixed keys, unlike a `RandomState`.
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() % partitions as u64) as usize
}

impl<T> PartitionDispatcher<T> {
    /// With `partitions` of them, and a function that says which an event belongs
    /// to: 0 to `partitions - 1`, or `None` to discard it.
    ///
    /// # Panics
    /// With no partitions. The stage panics later if `route` answers with one
    /// that does not exist.
    pub fn new(partitions: usize, route: impl Fn(&T) -> Option<usize> + Send + 'static) -> Self {
        Self::with_ids((0..partitions).map(PartitionId::Number), Box::new(route))
    }

    /// Routes by the hash of a key: equal keys go to the same partition, and in
    /// every run of the same build to [the same one](partition_of).
    ///
    /// # Panics
    /// With no partitions.
    pub fn by_key<K: Hash>(partitions: usize, key: impl Fn(&T) -> K + Send + 'static) -> Self {
        Self::new(partitions, move |event| Some(partition_of(&key(event), partitions)))
    }

    /// With partitions that have names, and a function that answers with one of
    /// them, or with `None` to discard the event.
    ///
    /// # Panics
    /// With no names, or one of them twice. The stage panics later if `route`
    /// answers with a name that was not given.
    pub fn named<N: Into<Arc<str>>>(
        names: impl IntoIterator<Item = N>,
        route: impl Fn(&T) -> Option<&str> + Send + 'static,
    ) -> Self {
        let names: Vec<Arc<str>> = names.into_iter().map(Into::into).collect();
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "there are two partitions {name:?}");
        }
        let ids = names.clone().into_iter().map(PartitionId::Name);
        Self::with_ids(
            ids,
            Box::new(move |event| {
                let found = route(event)?;
                let at = names.iter().position(|name| **name == *found);
                Some(at.unwrap_or_else(|| {
                    panic!("an event was routed to partition {found:?}; there are {names:?}")
                }))
            }),
        )
    }

    fn with_ids(ids: impl Iterator<Item = PartitionId>, route: Route<T>) -> Self {
        let partitions: Vec<_> = ids.map(Partition::new).collect();
        assert!(!partitions.is_empty(), "a partition dispatcher needs at least one partition");
        Self { partitions, route, discards: false, markers: VecDeque::new() }
    }

    /// Discards what waits in a partition when its consumer leaves.
    pub fn discarding(mut self) -> Self {
        self.discards = true;
        self
    }

    fn route(&self, event: &T) -> Option<usize> {
        let found = (self.route)(event)?;
        let partitions = self.partitions.len();
        assert!(
            found < partitions,
            "an event was routed to partition {found}; there are 0 to {}",
            partitions - 1
        );
        Some(found)
    }

    /// The partitions, for a message.
    fn ids(&self) -> String {
        match (self.partitions.first(), self.partitions.last()) {
            (Some(Partition { id: PartitionId::Number(first), .. }), Some(last)) => {
                format!("{first} to {}", last.id)
            }
            _ => {
                let ids: Vec<_> =
                    self.partitions.iter().map(|partition| partition.id.to_string()).collect();
                ids.join(", ")
            }
        }
    }

    /// Assigns of each partition up to `most` of what waits and is asked for.
    fn serve(&mut self, most: impl Fn(usize) -> usize, assignments: &mut Vec<Assignment<T>>) {
        for at in 0..self.partitions.len() {
            let n = self.partitions[at].serve(most(at), assignments);
            self.gone(at, n);
        }
    }

    /// Whether the next marker has nothing left to wait for.
    fn is_due(&self) -> bool {
        self.markers.front().is_some_and(|next| next.behind.iter().all(|&n| n == 0))
    }

    /// Takes `n` events of a partition off what markers wait for.
    fn gone(&mut self, partition: usize, n: usize) {
        for waiting in &mut self.markers {
            waiting.behind[partition] = waiting.behind[partition].saturating_sub(n);
        }
    }
}

impl<T> Partition<T> {
    fn new(id: PartitionId) -> Self {
        Self {
            id,
            consumer: None,
            demand: 0,
            draining: Vec::new(),
            returned: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    fn len(&self) -> usize {
        self.returned.len() + self.waiting.len()
    }

    /// Takes the first `n` that wait.
    fn take_waiting(&mut self, n: usize) -> Vec<T> {
        let after = self.waiting.len() - n;
        if after > n || n < MANY {
            return self.waiting.drain(..n).collect();
        }
        // To move what stays in one go is cheaper than to move what goes event by
        // event, as long as it is less.
        let mut stays = VecDeque::with_capacity(self.waiting.len());
        stays.append(&mut self.waiting.split_off(n));
        std::mem::replace(&mut self.waiting, stays).into()
    }

    /// Assigns up to `most` of what waits, as far as it is asked for. Returns how
    /// many events that were.
    fn serve(&mut self, most: usize, assignments: &mut Vec<Assignment<T>>) -> usize {
        let n = self.demand.min(self.len()).min(most);
        let Some(to) = self.consumer.filter(|_| n > 0 && self.draining.is_empty()) else { return 0 };
        // What goes out a second time gets a new place, behind those that do not go
        // out now; so those give their old places up, and stay in order as what
        // waits first.
        while let Some((_, event)) = self.returned.pop_last() {
            self.waiting.push_front(event);
        }
        let events = self.take_waiting(n);
        self.demand -= n;
        assignments.push(Assignment { to, events });
        n
    }
}

impl<T: Send + 'static> Dispatcher<T> for PartitionDispatcher<T> {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        let Some(wanted) = request.partition else {
            return Err(SubscribeError::NoPartition { partitions: self.ids() });
        };
        let found = self.partitions.iter_mut().find(|partition| partition.id == wanted);
        match found {
            None => Err(SubscribeError::UnknownPartition { found: wanted, partitions: self.ids() }),
            Some(_) if request.pooled => Err(SubscribeError::OneSubscription),
            Some(Partition { consumer: Some(_), .. }) => {
                Err(SubscribeError::PartitionTaken { partition: wanted })
            }
            Some(partition) => {
                partition.consumer = Some(tag);
                Ok(())
            }
        }
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        let Some(at) = self.partitions.iter().position(|partition| partition.consumer == Some(tag)) else {
            return Vec::new();
        };
        let partition = &mut self.partitions[at];
        partition.consumer = None;
        partition.demand = 0;
        if !self.discards {
            return Vec::new();
        }
        let returned = std::mem::take(&mut partition.returned).into_values();
        let discarded = returned.chain(std::mem::take(&mut partition.waiting)).collect();
        self.gone(at, usize::MAX);
        discarded
    }

    fn draining(&mut self, tag: Tag) {
        let found = self.partitions.iter_mut().find(|partition| partition.consumer == Some(tag));
        if let Some(partition) = found {
            debug_assert!(!partition.draining.contains(&tag), "a consumer leaves once");
            partition.draining.push(tag);
        }
    }

    fn drained(&mut self, tag: Tag) {
        for partition in &mut self.partitions {
            partition.draining.retain(|&other| other != tag);
        }
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        let found = self.partitions.iter_mut().find(|partition| partition.consumer == Some(tag));
        if let Some(partition) = found {
            partition.demand = partition.demand.saturating_add(n);
        }
    }

    /// What all consumers want, less what waits inside.
    fn demand(&self) -> usize {
        let all = self.partitions.iter().map(|partition| partition.demand);
        all.fold(0, usize::saturating_add).saturating_sub(self.queued())
    }

    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        let mut demand = self.demand();
        let mut rest = events.into_iter();
        while demand > 0
            && let Some(event) = rest.next()
        {
            // A discarded event costs no demand.
            if let Some(partition) = self.route(&event) {
                self.partitions[partition].waiting.push_back(event);
                demand -= 1;
            }
        }
        self.dispatch_queued(assignments);
        rest.collect()
    }

    fn requeue(&mut self, first: u64, events: VecDeque<T>) -> Requeued<T> {
        for (place, event) in (first..).zip(events) {
            if let Some(partition) = self.route(&event) {
                self.partitions[partition].returned.insert(place, event);
                for waiting in &mut self.markers {
                    waiting.behind[partition] += 1;
                }
            }
        }
        Requeued::Kept
    }

    fn queued(&self) -> usize {
        self.partitions.iter().map(Partition::len).sum()
    }

    fn dispatch_queued(&mut self, assignments: &mut Vec<Assignment<T>>) {
        // What the next marker waits for goes first. If that was all, the rest
        // goes after the marker; if not, a partition in which nothing waits for
        // it, or nothing more, goes on.
        if let Some(next) = self.markers.front() {
            let behind = next.behind.clone();
            self.serve(|at| behind[at], assignments);
        }
        if !self.is_due() {
            self.serve(|_| usize::MAX, assignments);
        }
    }

    /// It waits for every partition in which something waits.
    fn mark(&mut self, marker: Marker) -> Option<Marker> {
        if self.queued() == 0 && self.markers.is_empty() {
            return Some(marker);
        }
        let behind = self.partitions.iter().map(Partition::len).collect();
        self.markers.push_back(Waiting { marker, behind });
        None
    }

    fn take_due(&mut self) -> Option<Marker> {
        if !self.is_due() {
            return None;
        }
        self.markers.pop_front().map(|waiting| waiting.marker)
    }
}

impl<T> fmt::Debug for PartitionDispatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionDispatcher").field("partitions", &self.ids()).finish_non_exhaustive()
    }
}
