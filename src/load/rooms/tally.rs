//! The times and counts of a load on rooms, in slices and rows.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::RoomsProgress;
use super::server::Killed;
use crate::metrics::empty_histogram;
use crate::pipeline::Stamp;
use crate::record::{
    MOST_KILLS, Merge, RoomKill, RoomsSide, SeriesBuilder, Slicer, Timing, micros, quantile_ms,
};

/// The length of the first slices, as for other loads; they double as the run grows.
const SLICE: Duration = Duration::from_micros(15_625);
/// For this long after a kill, the moves of a room have times of their own.
const AFTER_KILL: Duration = Duration::from_secs(1);

/// Times and counts.
#[derive(Debug)]
pub(super) struct Tally {
    began: Stamp,
    last: Stamp,
    pub(super) acknowledged: u64,
    pub(super) retries: u64,
    pub(super) rejoins: u64,
    pub(super) backwards: u64,
    pub(super) not_repeated: u64,
    pub(super) unsent: u64,
    reasons: BTreeMap<String, u64>,
    ack: Slicer,
    ack_killed: Slicer,
    ack_others: Slicer,
    lag: Histogram<u64>,
    down: Slicer,
    kills: Vec<RoomKill>,
    killed: u64,
    kills_failed: u64,
    kill_reasons: BTreeMap<String, u64>,
    told_in: BTreeMap<String, u64>,
    rows: SeriesBuilder,
    row: Row,
}

/// What happened since the last row.
#[derive(Debug)]
struct Row {
    acknowledged: u64,
    kills: u64,
    lost: u64,
    retries: u64,
    ack: Histogram<u64>,
}

impl Row {
    fn new() -> Self {
        Self { acknowledged: 0, kills: 0, lost: 0, retries: 0, ack: empty_histogram() }
    }
}

/// The last kill of a room.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastKill {
    sent: Option<Stamp>,
    answered: Option<Stamp>,
}

impl LastKill {
    pub(super) fn send(&mut self, at: Stamp) {
        *self = Self { sent: Some(at), answered: None };
    }

    pub(super) fn answer(&mut self, at: Stamp) {
        self.answered = Some(at);
    }

    /// True if a move from `due` to `end` was under way during the kill or in the second after.
    fn touches(&self, due: Stamp, end: Stamp) -> bool {
        let Some(sent) = self.sent else { return false };
        let until = self.answered.map(|answered| answered.after(AFTER_KILL));
        end >= sent && until.is_none_or(|until| due <= until)
    }
}

impl Tally {
    pub(super) fn new(began: Stamp) -> Self {
        let columns = [
            ("acknowledged", Merge::Sum),
            ("ack_p99_ms", Merge::Highest),
            ("kills", Merge::Sum),
            ("lost", Merge::Sum),
            ("retries", Merge::Sum),
        ];
        let slicer = || Slicer::new(SLICE);
        Self {
            began,
            last: began,
            acknowledged: 0,
            retries: 0,
            rejoins: 0,
            backwards: 0,
            not_repeated: 0,
            unsent: 0,
            reasons: BTreeMap::new(),
            ack: slicer(),
            ack_killed: slicer(),
            ack_others: slicer(),
            lag: empty_histogram(),
            down: slicer(),
            kills: Vec::new(),
            killed: 0,
            kills_failed: 0,
            kill_reasons: BTreeMap::new(),
            told_in: BTreeMap::new(),
            rows: SeriesBuilder::new(columns.map(|(name, merge)| (name.to_owned(), merge)).to_vec()),
            row: Row::new(),
        }
    }

    /// Returns new times from `began` on, with the counts and reasons so far.
    pub(super) fn restarted(&self, began: Stamp) -> Self {
        Self {
            retries: self.retries,
            backwards: self.backwards,
            not_repeated: self.not_repeated,
            reasons: self.reasons.clone(),
            ..Self::new(began)
        }
    }

    /// Records an acknowledgement at `end` of a move that was due at `due`.
    pub(super) fn acknowledged(&mut self, due: Stamp, end: Stamp, kill: LastKill) {
        self.advance(end);
        self.acknowledged += 1;
        self.row.acknowledged += 1;
        let (at, time) = (end.since(self.began), micros(end.since(due)));
        self.ack.record(at, time);
        let by = if kill.touches(due, end) { &mut self.ack_killed } else { &mut self.ack_others };
        by.record(at, time);
        // Cannot fail: the histogram grows on demand.
        let _ = self.row.ack.record(time);
    }

    /// Records how late the generator handles a move.
    pub(super) fn seen(&mut self, late: Duration) {
        let _ = self.lag.record(micros(late));
    }

    /// Counts the reason of a move that is not acknowledged.
    pub(super) fn reason(&mut self, reason: String) {
        *self.reasons.entry(reason).or_default() += 1;
    }

    /// The reasons so far, in one line.
    pub(super) fn reasons(&self) -> String {
        self.reasons.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    pub(super) fn retry(&mut self) {
        self.retries += 1;
        self.row.retries += 1;
    }

    /// Records a kill that was sent at `sent` and answered at `now`.
    pub(super) fn kill(&mut self, room: &str, what: &str, told: Killed, sent: Stamp, now: Stamp) {
        self.advance(now);
        self.killed += 1;
        self.row.kills += 1;
        self.row.lost += told.lost;
        if told.lost > 0 {
            *self.told_in.entry(room.to_owned()).or_default() += told.lost;
        }
        let down = (told.down_ms.max(0.0) * 1e3).round() as u64;
        self.down.record(now.since(self.began), down);
        if self.kills.len() < MOST_KILLS {
            self.kills.push(RoomKill {
                t: sent.since(self.began).as_secs_f64(),
                room: room.to_owned(),
                what: what.to_owned(),
                lost: told.lost,
                down_ms: told.down_ms,
                answered_ms: now.since(sent).as_secs_f64() * 1e3,
            });
        }
    }

    pub(super) fn kill_failed(&mut self, reason: String) {
        self.kills_failed += 1;
        *self.kill_reasons.entry(reason).or_default() += 1;
    }

    /// Adds the rows that are due at `now`.
    fn advance(&mut self, now: Stamp) {
        self.last = self.last.max(now);
        let at = now.since(self.began).as_secs_f64();
        while at >= self.rows.due() {
            self.push_row(self.rows.due());
        }
    }

    fn push_row(&mut self, t: f64) {
        let Row { acknowledged, kills, lost, retries, ack } = std::mem::replace(&mut self.row, Row::new());
        let [acknowledged, kills, lost, retries] =
            [acknowledged, kills, lost, retries].map(|count| Some(count as f64));
        self.rows.push(t, vec![acknowledged, quantile_ms(&ack, 0.99), kills, lost, retries]);
    }

    pub(super) fn progress(&self, now: Stamp) -> RoomsProgress {
        RoomsProgress {
            seconds: now.since(self.began).as_secs_f64(),
            acknowledged: self.acknowledged,
            retries: self.retries,
            kills: self.killed,
            lost: self.told_in.values().sum(),
            p50_ms: quantile_ms(self.ack.whole(), 0.5),
            p99_ms: quantile_ms(self.ack.whole(), 0.99),
        }
    }

    /// Returns the figures that do not depend on the final state of the rooms.
    pub(super) fn finish(mut self) -> RoomsSide {
        let seconds = self.last.since(self.began).as_secs_f64();
        if seconds > self.rows.due() - 1.0 {
            self.push_row(seconds);
        }
        RoomsSide {
            seconds,
            retries: self.retries,
            unsent: self.unsent,
            rejoins: self.rejoins,
            reasons: self.reasons,
            backwards: self.backwards,
            not_repeated: self.not_repeated,
            ack: self.ack.timing(),
            ack_killed: self.ack_killed.timing(),
            ack_others: self.ack_others.timing(),
            lag: Timing::of(self.lag),
            down: self.down.timing(),
            kills: self.kills,
            killed: self.killed,
            kills_failed: self.kills_failed,
            kill_reasons: self.kill_reasons,
            told_in: self.told_in,
            series: self.rows.finish(),
            ..RoomsSide::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_during_a_kill_and_in_the_second_after_it_have_times_of_their_own() {
        let at = |ms: u64| Stamp::from_nanos(ms * 1_000_000);
        let mut kill = LastKill::default();
        assert!(!kill.touches(at(0), at(1)));
        kill.send(at(100));
        // It has not been answered yet.
        assert!(!kill.touches(at(90), at(99)) && kill.touches(at(90), at(101)));
        assert!(kill.touches(at(5000), at(5001)));
        kill.answer(at(110));
        assert!(kill.touches(at(1110), at(1200)) && !kill.touches(at(1111), at(1200)));
        let mut tally = Tally::new(at(0));
        tally.acknowledged(at(90), at(95), LastKill::default());
        tally.acknowledged(at(90), at(120), kill);
        tally.kill("load-7", "room", Killed { lost: 4, down_ms: 0.8 }, at(100), at(110));
        let side = tally.finish();
        let counts = [&side.ack, &side.ack_killed, &side.ack_others].map(|timing| timing.count().unwrap());
        assert_eq!(counts, [2, 1, 1]);
        assert_eq!((side.seconds, side.told(), side.down.quantile_ms(1.0)), (0.12, 4, Some(0.8)));
        assert_eq!(side.kills[0].answered_ms, 10.0);
        assert_eq!(side.series.columns["lost"], [Some(4.0)]);
    }
}
