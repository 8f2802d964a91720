//! Every event goes to the partition that its key belongs to, in order.
//!
//! Each partition has one consumer. Events for a partition that has none, or
//! whose consumer is busy, wait inside, and count against the demand of all: a
//! partition that nobody takes from stops the others, instead of growing without
//! bound. The rules are those of GenStage's `PartitionDispatcher`, with one
//! deviation: when a consumer leaves, what waits in its partition stays for the
//! next one. GenStage discards it; [`discarding`](PartitionDispatcher::discarding)
//! does so too.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Assignment, Dispatcher, GivenBack, Refused, Tag, Wish};

/// Sends each event to the subscription that has its partition.
pub struct PartitionDispatcher<T> {
    partitions: Vec<Partition<T>>,
    route: Route<T>,
    discards: bool,
}

type Route<T> = Box<dyn Fn(&T) -> Option<usize> + Send>;

#[derive(Debug)]
struct Partition<T> {
    consumer: Option<Tag>,
    demand: usize,
    /// Given back by an earlier consumer, by their place in the order of
    /// dispatch; they go before what waits.
    returned: BTreeMap<u64, T>,
    waiting: VecDeque<T>,
}

impl<T> PartitionDispatcher<T> {
    /// With `partitions` of them, and a function that says which an event belongs
    /// to: 0 to `partitions - 1`, or `None` to discard it.
    ///
    /// # Panics
    /// With no partitions. The stage panics later if `route` answers with one
    /// that does not exist.
    pub fn new(partitions: usize, route: impl Fn(&T) -> Option<usize> + Send + 'static) -> Self {
        assert!(partitions > 0, "a partition dispatcher needs at least one partition");
        let partition =
            || Partition { consumer: None, demand: 0, returned: BTreeMap::new(), waiting: VecDeque::new() };
        let partitions = (0..partitions).map(|_| partition()).collect();
        Self { partitions, route: Box::new(route), discards: false }
    }

    /// Routes by the hash of a key: equal keys go to the same partition, and the
    /// same key always to the same one.
    ///
    /// # Panics
    /// With no partitions.
    pub fn by_key<K: Hash>(partitions: usize, key: impl Fn(&T) -> K + Send + 'static) -> Self {
        Self::new(partitions, move |event| {
            // With fixed keys, unlike a `RandomState`.
            let mut hasher = DefaultHasher::new();
            key(event).hash(&mut hasher);
            Some((hasher.finish() % partitions as u64) as usize)
        })
    }

    /// Discards what waits in a partition when its consumer leaves.
    pub fn discarding(mut self) -> Self {
        self.discards = true;
        self
    }

    fn of(&mut self, tag: Tag) -> Option<&mut Partition<T>> {
        self.partitions.iter_mut().find(|partition| partition.consumer == Some(tag))
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
}

impl<T> Partition<T> {
    fn len(&self) -> usize {
        self.returned.len() + self.waiting.len()
    }

    /// Assigns what waits, as far as it is asked for.
    fn serve(&mut self, assignments: &mut Vec<Assignment<T>>) {
        let n = self.demand.min(self.len());
        let Some(to) = self.consumer.filter(|_| n > 0) else { return };
        let mut events = Vec::with_capacity(n);
        while events.len() < n
            && let Some((_, event)) = self.returned.pop_first()
        {
            events.push(event);
        }
        let more = n - events.len();
        events.extend(self.waiting.drain(..more));
        self.demand -= n;
        assignments.push(Assignment { to, events });
    }
}

impl<T: Send + 'static> Dispatcher<T> for PartitionDispatcher<T> {
    fn subscribe(&mut self, tag: Tag, wish: Wish<T>) -> Result<(), Refused> {
        let partitions = self.partitions.len();
        let found = wish.partition.ok_or(Refused::NoPartition { partitions })?;
        let partition =
            self.partitions.get_mut(found).ok_or(Refused::UnknownPartition { found, partitions })?;
        if partition.consumer.is_some() {
            return Err(Refused::PartitionTaken { partition: found });
        }
        partition.consumer = Some(tag);
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        let discards = self.discards;
        let Some(partition) = self.of(tag) else { return Vec::new() };
        partition.consumer = None;
        partition.demand = 0;
        if !discards {
            return Vec::new();
        }
        let returned = std::mem::take(&mut partition.returned).into_values();
        returned.chain(std::mem::take(&mut partition.waiting)).collect()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(partition) = self.of(tag) {
            partition.demand += n;
        }
    }

    /// What all consumers want, less what waits inside.
    fn demand(&self) -> usize {
        let demand: usize = self.partitions.iter().map(|partition| partition.demand).sum();
        demand.saturating_sub(self.queued())
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

    fn give_back(&mut self, first: u64, events: VecDeque<T>) -> GivenBack<T> {
        for (place, event) in (first..).zip(events) {
            if let Some(partition) = self.route(&event) {
                self.partitions[partition].returned.insert(place, event);
            }
        }
        GivenBack::Kept
    }

    fn queued(&self) -> usize {
        self.partitions.iter().map(Partition::len).sum()
    }

    fn dispatch_queued(&mut self, assignments: &mut Vec<Assignment<T>>) {
        for partition in &mut self.partitions {
            partition.serve(assignments);
        }
    }
}

impl<T> fmt::Debug for PartitionDispatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionDispatcher")
            .field("partitions", &self.partitions.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two partitions, by parity; multiples of ten are discarded.
    struct Bench(PartitionDispatcher<u32>);

    impl Bench {
        fn new() -> Self {
            Self(PartitionDispatcher::new(2, |event| (event % 10 != 0).then_some((event % 2) as usize)))
        }

        fn subscribe(&mut self, partition: Option<usize>) -> Result<Tag, Refused> {
            let tag = Tag::unique();
            self.0.subscribe(tag, Wish { partition, ..Wish::none(0) }).map(|()| tag)
        }

        fn ask(&mut self, tag: Tag, n: usize) -> Vec<(Tag, Vec<u32>)> {
            self.0.ask(tag, n);
            let mut out = Vec::new();
            self.0.dispatch_queued(&mut out);
            out.into_iter().map(|a| (a.to, a.events)).collect()
        }

        fn dispatch(&mut self, events: &[u32]) -> (Vec<(Tag, Vec<u32>)>, Vec<u32>) {
            let mut out = Vec::new();
            let rest = self.0.dispatch(events.to_vec(), &mut out);
            (out.into_iter().map(|a| (a.to, a.events)).collect(), rest)
        }
    }

    #[test]
    fn each_partition_gets_its_own_in_order() {
        let mut bench = Bench::new();
        let (even, odd) = (bench.subscribe(Some(0)).unwrap(), bench.subscribe(Some(1)).unwrap());
        bench.ask(even, 3);
        bench.ask(odd, 3);
        let (assigned, rest) = bench.dispatch(&[1, 2, 3, 4, 5, 6]);
        assert_eq!((assigned, rest), (vec![(even, vec![2, 4, 6]), (odd, vec![1, 3, 5])], vec![]));
    }

    #[test]
    fn events_for_an_absent_or_busy_partition_wait_inside_and_count_against_all_demand() {
        let mut bench = Bench::new();
        let even = bench.subscribe(Some(0)).unwrap();
        bench.ask(even, 3);
        assert_eq!(bench.dispatch(&[1, 3, 5, 7]), (vec![], vec![7]));
        assert_eq!((bench.0.demand(), bench.0.queued()), (0, 3));
        let odd = bench.subscribe(Some(1)).unwrap();
        assert_eq!(bench.ask(odd, 2), [(odd, vec![1, 3])]);
        assert_eq!((bench.0.demand(), bench.0.queued()), (2, 1));
    }

    #[test]
    fn a_discarded_event_costs_no_demand() {
        let mut bench = Bench::new();
        let even = bench.subscribe(Some(0)).unwrap();
        bench.ask(even, 2);
        assert_eq!(bench.dispatch(&[10, 20, 2, 30, 4, 40, 6]), (vec![(even, vec![2, 4])], vec![40, 6]));
    }

    #[test]
    fn what_waits_stays_for_the_next_consumer_unless_it_is_to_be_discarded() {
        for discards in [false, true] {
            let mut bench = Bench::new();
            bench.0.discards = discards;
            let (even, odd) = (bench.subscribe(Some(0)).unwrap(), bench.subscribe(Some(1)).unwrap());
            bench.ask(even, 4);
            bench.dispatch(&[1, 3]);
            let discarded = bench.0.cancel(odd);
            assert_eq!(discarded.len(), if discards { 2 } else { 0 });
            let next = bench.subscribe(Some(1)).unwrap();
            let served = bench.ask(next, 5);
            assert_eq!(served, if discards { vec![] } else { vec![(next, vec![1, 3])] });
        }
    }

    #[test]
    fn events_given_back_go_before_those_that_wait_in_their_old_order() {
        let mut bench = Bench::new();
        let odd = bench.subscribe(Some(1)).unwrap();
        bench.ask(odd, 2);
        bench.dispatch(&[1, 3]);
        bench.0.cancel(odd);
        let even = bench.subscribe(Some(0)).unwrap();
        bench.ask(even, 3);
        bench.dispatch(&[5]);
        bench.0.give_back(1, [3].into());
        bench.0.give_back(0, [1].into());
        let next = bench.subscribe(Some(1)).unwrap();
        assert_eq!(bench.ask(next, 9), [(next, vec![1, 3, 5])]);
    }

    #[test]
    fn a_subscription_needs_a_partition_that_exists_and_is_free() {
        let mut bench = Bench::new();
        assert_eq!(bench.subscribe(None), Err(Refused::NoPartition { partitions: 2 }));
        assert_eq!(bench.subscribe(Some(2)), Err(Refused::UnknownPartition { found: 2, partitions: 2 }));
        let first = bench.subscribe(Some(1)).unwrap();
        assert_eq!(bench.subscribe(Some(1)), Err(Refused::PartitionTaken { partition: 1 }));
        bench.0.cancel(first);
        assert!(bench.subscribe(Some(1)).is_ok());
    }

    #[test]
    #[should_panic(expected = "routed to partition 9; there are 0 to 1")]
    fn a_route_to_nowhere_says_where_it_led() {
        let mut dispatcher = PartitionDispatcher::new(2, |_: &u32| Some(9));
        let tag = Tag::unique();
        dispatcher.subscribe(tag, Wish { partition: Some(0), ..Wish::none(0) }).unwrap();
        dispatcher.ask(tag, 1);
        dispatcher.dispatch(vec![1], &mut Vec::new());
    }

    #[test]
    fn equal_keys_share_a_partition_and_all_partitions_are_used() {
        let mut dispatcher = PartitionDispatcher::by_key(4, |event: &u32| event / 10);
        let route = |dispatcher: &PartitionDispatcher<u32>, event| dispatcher.route(&event).unwrap();
        let mut used: Vec<usize> = (0..100).map(|key| route(&dispatcher, key * 10)).collect();
        assert!((0..1000).all(|event| route(&dispatcher, event) == used[event as usize / 10]));
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, [0, 1, 2, 3]);
        assert_eq!(dispatcher.dispatch(vec![1], &mut Vec::new()), [1]);
    }
}
