//! Checks the order of the events of one watcher: each once, in order, and every loss told.
//!
//! The state is three numbers, however many events there were.

/// Where a watcher is in the sequence of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Order {
    /// The first event that it was entitled to, and the one that it expects; `None` before
    /// the snapshot.
    places: Option<Places>,
    /// Which of the 64 events before the expected one arrived; the lowest bit is the latest.
    recent: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Places {
    joined: u64,
    next: u64,
}

/// The place of an event in the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is new. This number of events before it is missing.
    New { missed: u64 },
    /// It arrived before.
    Twice,
    /// A later one arrived before.
    Late,
}

/// The result of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GapSeen {
    /// Events missing before the gap.
    pub(super) missed: u64,
    /// Events in the gap that had not arrived.
    pub(super) events: u64,
    /// False if the gap contains events that had arrived.
    pub(super) fits: bool,
}

impl Order {
    /// Notes that the first event will be `next`. A second snapshot does not move it.
    pub(super) fn begin(&mut self, next: u64) {
        self.places.get_or_insert(Places { joined: next, next });
    }

    /// Returns the place of event `seq`. Without a snapshot, the first event is the start.
    pub(super) fn event(&mut self, seq: u64) -> Place {
        let places = self.places.get_or_insert(Places { joined: seq, next: seq });
        if seq >= places.next {
            let missed = seq - places.next;
            places.next = seq + 1;
            self.recent = shift(self.recent, missed + 1) | 1;
            return Place::New { missed };
        }
        let back = places.next - 1 - seq;
        // The bits say nothing of an event longer ago.
        let known = 1_u64.checked_shl(u32::try_from(back).unwrap_or(u32::MAX));
        match known {
            Some(bit) if self.recent & bit == 0 => {
                self.recent |= bit;
                Place::Late
            }
            _ => Place::Twice,
        }
    }

    /// Notes a gap from `from` to `to`, both included.
    pub(super) fn gap(&mut self, from: u64, to: u64) -> GapSeen {
        let places = self.places.get_or_insert(Places { joined: from, next: from });
        if to < places.next {
            return GapSeen { missed: 0, events: 0, fits: false };
        }
        let seen = GapSeen {
            missed: from.saturating_sub(places.next),
            events: to - from.max(places.next) + 1,
            fits: from >= places.next,
        };
        self.recent = shift(self.recent, seen.missed + seen.events);
        places.next = to + 1;
        seen
    }

    /// The next event that it expects, if it has begun.
    pub(super) fn next(&self) -> Option<u64> {
        self.places.map(|places| places.next)
    }

    /// The number of events that it was entitled to, up to `next`, which is not included.
    pub(super) fn entitled(&self, next: u64) -> u64 {
        self.places.map_or(0, |places| next.max(places.next) - places.joined)
    }
}

fn shift(bits: u64, by: u64) -> u64 {
    bits.checked_shl(u32::try_from(by).unwrap_or(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn losses_and_repetitions_are_told_apart() {
        let mut order = Order::default();
        order.begin(10);
        assert_eq!(order.event(10), Place::New { missed: 0 });
        assert_eq!(order.event(13), Place::New { missed: 2 });
        assert_eq!(order.event(12), Place::Late);
        assert_eq!(order.event(12), Place::Twice);
        assert_eq!(order.event(10), Place::Twice);
        assert_eq!(order.gap(14, 20), GapSeen { missed: 0, events: 7, fits: true });
        assert_eq!(order.event(21), Place::New { missed: 0 });
        assert_eq!(order.gap(24, 25), GapSeen { missed: 2, events: 2, fits: true });
        assert_eq!(order.gap(25, 26), GapSeen { missed: 0, events: 1, fits: false });
        assert_eq!(order.gap(3, 4), GapSeen { missed: 0, events: 0, fits: false });
        assert_eq!((order.next(), order.entitled(27), order.entitled(30)), (Some(27), 17, 20));
    }

    #[test]
    fn without_a_snapshot_the_first_event_is_the_start() {
        let mut order = Order::default();
        assert_eq!((order.next(), order.entitled(99)), (None, 0));
        assert_eq!(order.event(500), Place::New { missed: 0 });
        assert_eq!(order.entitled(502), 2);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set_of_all_events(seqs in proptest::collection::vec(0_u64..40, 0..60)) {
            let (mut order, mut seen, mut missed) = (Order::default(), BTreeSet::new(), 0);
            order.begin(0);
            for seq in seqs {
                let highest = seen.last().map_or(0, |last| last + 1);
                let expected = match seq {
                    _ if seen.contains(&seq) => Place::Twice,
                    _ if seq < highest => Place::Late,
                    _ => Place::New { missed: seq - highest },
                };
                prop_assert_eq!(order.event(seq), expected);
                seen.insert(seq);
                match expected {
                    Place::New { missed: more } => missed += more,
                    Place::Late => missed -= 1,
                    Place::Twice => {}
                }
                let next = order.next().unwrap();
                prop_assert_eq!(order.entitled(next), seen.len() as u64 + missed);
            }
        }
    }
}
