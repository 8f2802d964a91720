//! The drain of a workbench: finishes accepted events and reports those that were left
//! over.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout};

use super::Workbench;
use super::backlog::Backlog;
use crate::engine::Engine;
use crate::pipeline::LedgerCounts;
use crate::record::Mode;
use crate::shutdown::Drained;

/// How long aborted tasks have to release their events. Events that are not released in
/// time are counted all the same.
const LET_GO: Duration = Duration::from_millis(30);
/// More events than this are counted and not dropped, because the process ends anyway.
const DROPPED: usize = 20_000;
/// How long loads of this process have to end before the drain begins.
const FEEDERS: Duration = Duration::from_secs(2);
/// How often a resting pool is polled until it has finished.
const LOOK: Duration = Duration::from_millis(10);
/// How long an engine may take to store its last changes.
const END: Duration = Duration::from_secs(1);
/// The most ranges of ids that a report lists.
const RANGES: usize = 8;

/// The outcome of all accepted events since the start, regardless of resets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainReport {
    /// How the drain ended.
    pub drained: Drained,
    /// How long it took.
    pub took: Duration,
    /// The counts of all modes. Events left over are neither done nor failed.
    pub counts: LedgerCounts,
    /// Accepted events that are lost.
    pub left_over: Vec<LeftOver>,
    /// Accepted events that the engine keeps for the next start; `None` with the memory engine and
    /// with a shared engine.
    pub kept: Option<u64>,
    /// A line for each lab that had to end something.
    pub labs: Vec<String>,
}

/// Accepted events that were not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// The place where they were.
    pub place: &'static str,
    /// How many.
    pub count: usize,
    /// Their ids in order, as far as there was time to collect them.
    pub ids: Vec<u64>,
}

impl Workbench {
    /// Drains the bench: ends the loads of this process, accepts nothing new, and
    /// finishes accepted events until `deadline` has passed or [`abort`](Self::abort) is
    /// called. Then it drops the rest and reports.
    ///
    /// It returns about 30 ms after the deadline at the latest. Events not dropped by
    /// then are dropped later, or with the process.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the workbench draining, without a deadline.
    pub async fn drain(self: &Arc<Self>, deadline: Duration) -> DrainReport {
        let began = Instant::now();
        // Before the bench stops answering, so that each load ends in order and is one
        // run.
        self.shutdown.stop_feeders(FEEDERS.min(deadline)).await;
        self.bench.queue.close();
        // In this order, so that no pause follows the resume.
        self.shutdown.stop();
        self.resume();
        self.stages.pause_consumers(false).await;
        let this = Arc::clone(self);
        self.shutdown.spawn(async move { this.pipeline_finished().await });
        let left = deadline.saturating_sub(began.elapsed());
        let (drained, labs) = tokio::join!(self.shutdown.drain(left), self.drain_labs(left));
        let queued = self.drop_the_rest().await;
        self.bench.queue.end(END).await;
        DrainReport { labs, ..self.drain_report(drained, began.elapsed(), Some(queued)) }
    }

    /// Drains the labs, unless the drain is cut short.
    async fn drain_labs(&self, deadline: Duration) -> Vec<String> {
        let drains = self.labs().iter().map(|lab| lab.drain(deadline));
        let cut_short = async {
            while !self.shutdown.is_drain_skipped() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            reports = join_all(drains) => reports.into_iter().flatten().collect(),
            () = cut_short => Vec::new(),
        }
    }

    /// Reports on a drain that has not ended: all events inside now are left over. For a
    /// process that has to end regardless.
    pub fn cut_short(&self, took: Duration) -> DrainReport {
        let drained =
            if self.shutdown.is_drain_skipped() { Drained::Aborted } else { Drained::DeadlinePassed };
        self.drain_report(drained, took, None)
    }

    /// Ends a drain at once. Dropped events are reported as left over.
    pub fn abort(&self) {
        self.note_what_is_dropped();
        self.shutdown.skip_drain();
    }

    /// From here on, an event whose task ends was dropped by the drain. Before, its
    /// client had disconnected, and it counts as failed.
    fn note_what_is_dropped(&self) {
        for stats in self.bench.modes.values() {
            stats.account.note_abandoned();
        }
    }

    /// Waits until the queue is empty and its events are finished. If no consumer may
    /// work, waits only for the events that have begun.
    async fn pipeline_finished(&self) {
        if self.settings().consumers.concurrency > 0 {
            drop(self.stages.ended().await);
            return;
        }
        while self.bench.stats(Mode::Pipelined).account.in_flight() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Drops the events that are left, and returns the ids of those in the queue. Tickets
    /// count what they held as failed, and note it.
    async fn drop_the_rest(self: &Arc<Self>) -> Vec<u64> {
        self.note_what_is_dropped();
        let queued = match &self.bench.queue {
            Backlog::Memory(queue) => queue.take_all().iter().map(|event| event.id).collect(),
            Backlog::Stored(_) => Vec::new(),
        };
        let in_flight: usize = self.bench.modes.values().map(|stats| stats.account.in_flight()).sum();
        if in_flight > DROPPED {
            return queued;
        }
        let this = Arc::clone(self);
        // In a separate task, which continues if the process does not end here.
        let dropping = tokio::spawn(async move {
            this.stages.abort();
            this.shutdown.drop_rest().await;
        });
        let dropped = async {
            drop(dropping.await);
            while self.bench.modes.values().any(|stats| stats.account.in_flight() > 0) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        // An event that is not dropped in time is still in hand, and counts as such.
        let _ = timeout(LET_GO, dropped).await;
        queued
    }

    /// Reports the outcome of all events, with the ids of those left in the queue where
    /// they are known.
    fn drain_report(&self, drained: Drained, took: Duration, queued: Option<Vec<u64>>) -> DrainReport {
        let mut counts = LedgerCounts::default();
        let stored = self.bench.queue.stored();
        let mut waiting = 0;
        let mut in_mode = |mode: Mode, place| {
            let (of_mode, mut ids) = self.bench.stats(mode).account.at_end();
            let in_flight = of_mode.in_flight as usize;
            waiting += (of_mode.in_system() as usize).saturating_sub(in_flight);
            // The drain dropped these; they have not failed.
            let failed = of_mode.failed.saturating_sub(ids.len() as u64);
            counts = counts + LedgerCounts { failed, ..of_mode };
            if mode == Mode::Pipelined && stored.is_some() {
                return LeftOver { place, count: 0, ids: Vec::new() };
            }
            ids.sort_unstable();
            LeftOver { place, count: ids.len() + in_flight, ids }
        };
        let in_flight = [
            in_mode(Mode::Pipelined, "with consumers"),
            in_mode(Mode::Async, "in async tasks"),
            in_mode(Mode::Serial, "in serial requests"),
        ];
        let kept = stored.filter(|stored| !stored.is_shared()).map(|stored| stored.engine().book().held());
        if stored.is_some() {
            waiting = 0;
        }
        let (count, ids) = queued.map_or((waiting, Vec::new()), |ids| (ids.len(), ids));
        let in_queue = LeftOver { place: "in the queue", count, ids };
        let left_over = std::iter::once(in_queue).chain(in_flight).filter(|left| left.count > 0).collect();
        let kept = kept.filter(|kept| *kept > 0);
        DrainReport { drained, took, counts, left_over, kept, labs: Vec::new() }
    }
}

impl DrainReport {
    /// Returns the number of events left over.
    pub fn lost(&self) -> usize {
        self.left_over.iter().map(|left| left.count).sum()
    }
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, seconds) = (self.lost(), self.took.as_secs_f64());
        let rest = match (lost, self.kept) {
            (0, None) => "everything accepted is finished".to_owned(),
            (0, Some(kept)) => format!("{kept} accepted events are kept for the next start"),
            (lost, None) => format!("{lost} accepted events are lost"),
            (lost, Some(kept)) => {
                format!("{lost} accepted events are lost, and {kept} are kept for the next start")
            }
        };
        match self.drained {
            _ if lost == 0 && self.kept.is_none() => writeln!(f, "drained in {seconds:.2} s: {rest}")?,
            Drained::Aborted => writeln!(f, "stopped at once: {rest}")?,
            Drained::DeadlinePassed => writeln!(f, "the deadline passed after {seconds:.2} s: {rest}")?,
            Drained::Completely => writeln!(f, "no consumer may work (consumers.concurrency): {rest}")?,
        }
        let LedgerCounts { accepted, done, failed, dropped, rejected, recovered, lent, .. } = self.counts;
        write!(f, "  accepted {accepted}")?;
        if recovered > 0 && lent == 0 {
            write!(f, " + recovered {recovered}")?;
        }
        write!(f, " = done {done} + failed {failed} + dropped {dropped} + left over {lost}")?;
        if let Some(kept) = self.kept {
            write!(f, " + kept {kept}")?;
        }
        if lent > 0 {
            write!(f, " + shared {}", lent as i64 - recovered as i64)?;
        }
        write!(f, "; rejected {rejected}")?;
        for LeftOver { place, count, ids } in &self.left_over {
            write!(f, "\n  {place:<18} {count:>7}")?;
            if !ids.is_empty() {
                write!(f, "  ids {}", Ranges(ids))?;
            }
            match count - ids.len() {
                0 => {}
                unknown => write!(f, "  ({unknown} without an id: too many to collect in time)")?,
            }
        }
        self.labs.iter().try_for_each(|lab| write!(f, "\n  {lab}"))
    }
}

/// Sorted ids, written as `1–3, 7`.
struct Ranges<'a>(&'a [u64]);

impl fmt::Display for Ranges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges: Vec<&[u64]> = self.0.chunk_by(|a, b| a + 1 == *b).collect();
        for (n, range) in ranges.iter().take(RANGES).enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            match range {
                [only] => write!(f, "{comma}{only}")?,
                [first, .., last] => write!(f, "{comma}{first}–{last}")?,
                [] => {}
            }
        }
        if ranges.len() > RANGES { f.write_str(", …") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_ranges() {
        assert_eq!(Ranges(&[1, 2, 3, 7, 9, 10]).to_string(), "1–3, 7, 9–10");
        let scattered: Vec<u64> = (0..20).map(|n| n * 2).collect();
        assert_eq!(Ranges(&scattered).to_string(), "0, 2, 4, 6, 8, 10, 12, 14, …");
    }
}
