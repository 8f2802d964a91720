//! The partition dispatcher: every event goes to the partition of its key, in order.
//!
//! Each partition has one consumer. Events wait inside while their partition has no
//! consumer or its consumer is busy, and they lower the demand of the whole dispatcher.
//! So a partition without progress stops the others, and does not grow without bound.
//!
//! # From one consumer to the next
//! A consumer that cancels, stops or is evicted may still be working on events of its
//! partition, and may still requeue others. Until that is over, the next consumer of the
//! partition may subscribe and ask, but is assigned nothing. (It may be the same consumer
//! with a new subscription.) So two consumers never work on one key at once, and the
//! events of a key are begun in the order of emission, across consumers.
//!
//! A consumer that never returns from its handler therefore keeps its partition. Aborting
//! it frees the partition.
//!
//! A [pool](crate::pool) is one consumer here, however it spreads its events and whatever
//! its size.
//!
//! # Differences from GenStage
//! The rules are those of GenStage's `PartitionDispatcher`, with two exceptions:
//! - When a consumer leaves, the events that wait in its partition stay for the next one.
//!   GenStage discards them, as [`discarding`](PartitionDispatcher::discarding) does.
//! - The next consumer of a partition is served when the one before it has finished.
//!   GenStage serves it at once.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{Assignment, Dispatcher, PartitionId, Requeued, SubscribeError, SubscribeRequest, Tag};
use crate::marker::Marker;

/// Sends each event to the subscription of its partition.
pub struct PartitionDispatcher<T> {
    partitions: Vec<Partition<T>>,
    route: Route<T>,
    discards: bool,
    markers: VecDeque<WaitingMarker>,
}

/// From this many events on, moving them in one go is worth an allocation.
const MOVES_IN_ONE_GO: usize = 32;

type Route<T> = Box<dyn Fn(&T) -> Option<usize> + Send>;

#[derive(Debug)]
struct Partition<T> {
    id: PartitionId,
    consumer: Option<Tag>,
    demand: usize,
    /// Cancelled consumers that may still work on events, or requeue some.
    draining: Vec<Tag>,
    /// Requeued events by their position in the order of dispatch; they go before those
    /// in `waiting`. All of them were sent in one call of [`Partition::serve`] or later, so
    /// their positions are comparable.
    requeued: BTreeMap<u64, T>,
    waiting: VecDeque<T>,
}

/// A marker, and how many events of each partition must be assigned before it.
#[derive(Debug)]
struct WaitingMarker {
    marker: Marker,
    behind: Vec<usize>,
}

/// Returns the partition of a key among `partitions`, as used by
/// [`PartitionDispatcher::by_key`].
///
/// # Panics
/// If `partitions` is 0.
pub fn partition_of<K: Hash>(key: &K, partitions: usize) -> usize {
    // `DefaultHasher` has fixed keys, unlike `RandomState`.
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() % partitions as u64) as usize
}

impl<T> PartitionDispatcher<T> {
    /// Makes a dispatcher with numbered partitions. `route` returns the partition of an
    /// event, from 0 to `partitions - 1`, or `None` to discard the event.
    ///
    /// # Panics
    /// If `partitions` is 0. The stage panics later if `route` returns a partition that
    /// does not exist.
    pub fn new(partitions: usize, route: impl Fn(&T) -> Option<usize> + Send + 'static) -> Self {
        Self::with_ids((0..partitions).map(PartitionId::Number), Box::new(route))
    }

    /// Makes a dispatcher that routes by the hash of a key. Equal keys go to the same
    /// partition, and to the [same number](partition_of) in every run of one build.
    ///
    /// # Panics
    /// If `partitions` is 0.
    pub fn by_key<K: Hash>(partitions: usize, key: impl Fn(&T) -> K + Send + 'static) -> Self {
        Self::new(partitions, move |event| Some(partition_of(&key(event), partitions)))
    }

    /// Makes a dispatcher with named partitions. `route` returns the name of an event's
    /// partition, or `None` to discard the event.
    ///
    /// # Panics
    /// If there is no name, or one of them twice. The stage panics later if `route` returns
    /// a name that was not given.
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

    /// Discards the events that wait in a partition when its consumer leaves.
    #[must_use]
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

    /// Lists the partitions, for a message.
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

    /// Assigns, from each partition, up to `most` waiting events for which there is demand.
    fn serve(&mut self, most: impl Fn(usize) -> usize, assignments: &mut Vec<Assignment<T>>) {
        for at in 0..self.partitions.len() {
            let n = self.partitions[at].serve(most(at), assignments);
            self.note_assigned(at, n);
        }
    }

    /// Returns true if the next marker has no event left to wait for.
    fn is_due(&self) -> bool {
        self.markers.front().is_some_and(|next| next.behind.iter().all(|&n| n == 0))
    }

    /// Notes that `n` events of a partition are assigned or discarded, for the markers that
    /// wait for them. The events may also be behind a marker, which then waits for fewer
    /// than `n`.
    fn note_assigned(&mut self, partition: usize, n: usize) {
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
            requeued: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    fn len(&self) -> usize {
        self.requeued.len() + self.waiting.len()
    }

    /// Takes the first `n` waiting events.
    fn take_waiting(&mut self, n: usize) -> Vec<T> {
        let after = self.waiting.len() - n;
        if after > n || n < MOVES_IN_ONE_GO {
            return self.waiting.drain(..n).collect();
        }
        // Moving the rest in one go is cheaper than moving `n` events one by one, as long
        // as the rest is smaller.
        let mut stays = VecDeque::with_capacity(self.waiting.len());
        stays.append(&mut self.waiting.split_off(n));
        std::mem::replace(&mut self.waiting, stays).into()
    }

    /// Assigns up to `most` waiting events for which there is demand. Returns how many.
    fn serve(&mut self, most: usize, assignments: &mut Vec<Assignment<T>>) -> usize {
        let n = self.demand.min(self.len()).min(most);
        let Some(to) = self.consumer.filter(|_| n > 0 && self.draining.is_empty()) else { return 0 };
        // An event that goes out a second time gets a new position, behind the requeued
        // events that stay. So those give up their old positions, and keep their order at
        // the front of `waiting`.
        while let Some((_, event)) = self.requeued.pop_last() {
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
        let requeued = std::mem::take(&mut partition.requeued).into_values();
        let discarded = requeued.chain(std::mem::take(&mut partition.waiting)).collect();
        self.note_assigned(at, usize::MAX);
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

    /// Returns the demand of all consumers, less the events that wait inside. More may wait
    /// than there is demand, after a consumer has left.
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
                self.partitions[partition].requeued.insert(place, event);
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
        // The events that the next marker waits for go first. If they have all gone, the
        // rest goes after the marker. Otherwise the partitions without such an event
        // continue.
        if let Some(next) = self.markers.front() {
            let behind = next.behind.clone();
            self.serve(|at| behind[at], assignments);
        }
        if !self.is_due() {
            self.serve(|_| usize::MAX, assignments);
        }
    }

    /// Keeps the marker until the events that wait now, in any partition, are assigned.
    fn mark(&mut self, marker: Marker) -> Option<Marker> {
        if self.queued() == 0 && self.markers.is_empty() {
            return Some(marker);
        }
        let behind = self.partitions.iter().map(Partition::len).collect();
        self.markers.push_back(WaitingMarker { marker, behind });
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
