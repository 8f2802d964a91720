//! The end of a workbench: finish what was accepted, and say what was left.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Mode, Workbench};
use crate::pipeline::Counts;
use crate::shutdown::Drained;

/// How long dropped tasks get to let go of their events.
const LET_GO: Duration = Duration::from_secs(1);
/// How often to look whether a resting pool has finished.
const LOOK: Duration = Duration::from_millis(10);
/// More ranges of ids than this are not listed.
const RANGES: usize = 8;

/// What became of everything that was accepted, from start to end, resets aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainReport {
    /// How the drain came to its end.
    pub drained: Drained,
    /// How long it took.
    pub took: Duration,
    /// All modes together; events left over are neither done nor failed.
    pub counts: Counts,
    /// What was accepted and is lost.
    pub left_over: Vec<LeftOver>,
}

/// Events that were accepted and not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// Where they were.
    pub place: &'static str,
    /// Their ids, in order.
    pub ids: Vec<u64>,
}

impl Workbench {
    /// Takes nothing new, finishes what was accepted until `deadline` has passed
    /// or [`abort`](Self::abort) is called, drops the rest, and reports.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the workbench draining, without a deadline.
    pub async fn drain(self: &Arc<Self>, deadline: Duration) -> DrainReport {
        let began = Instant::now();
        self.bench.queue.close();
        // In this order, so that no pause comes behind the resume.
        self.shutdown.stop();
        self.resume();
        let this = Arc::clone(self);
        self.shutdown.spawn(async move { this.pipeline_finished().await });
        let drained = self.shutdown.drain(deadline).await;
        let left_over = self.drop_the_rest().await;
        let mut counts =
            self.bench.modes.iter().fold(Counts::default(), |sum, stats| sum + stats.account.totals());
        let in_hand: usize = left_over[1..].iter().map(|left| left.ids.len()).sum();
        counts.failed -= in_hand as u64;
        let left_over = left_over.into_iter().filter(|left| !left.ids.is_empty()).collect();
        DrainReport { drained, took: began.elapsed(), counts, left_over }
    }

    /// Ends a drain at once. What is dropped is reported as left over.
    pub fn abort(&self) {
        self.note_what_is_dropped();
        self.shutdown.abort();
    }

    /// From here on an event that is let go of was dropped by us; before, its
    /// client went away, and it simply failed.
    fn note_what_is_dropped(&self) {
        for stats in &self.bench.modes {
            stats.account.note_abandoned();
        }
    }

    /// Waits until the queue is worked off; or, if no consumer may work, until
    /// those are finished that began while one might.
    async fn pipeline_finished(&self) {
        if self.settings().consumers.concurrency > 0 {
            drop(self.pipeline.ended().await);
            return;
        }
        while self.bench.stats(Mode::Pipelined).account.in_hand() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is left in the queue, then what was in hand in each mode. Leases
    /// count what they held as failed.
    async fn drop_the_rest(&self) -> [LeftOver; 4] {
        self.note_what_is_dropped();
        let queued = self.bench.queue.take_all();
        self.shutdown.drop_rest().await;
        self.pipeline.abort();
        let give_up = Instant::now() + LET_GO;
        while self.bench.modes.iter().any(|stats| stats.account.in_hand() > 0) && Instant::now() < give_up {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let abandoned = |mode| self.bench.stats(mode).account.abandoned();
        let left = |place, mut ids: Vec<u64>| {
            ids.sort_unstable();
            LeftOver { place, ids }
        };
        [
            left("in the queue", queued.iter().map(|event| event.id).collect()),
            left("with consumers", abandoned(Mode::Pipelined)),
            left("in async tasks", abandoned(Mode::Async)),
            left("in serial requests", abandoned(Mode::Serial)),
        ]
    }
}

impl DrainReport {
    /// How many events were left over.
    pub fn lost(&self) -> usize {
        self.left_over.iter().map(|left| left.ids.len()).sum()
    }
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, seconds) = (self.lost(), self.took.as_secs_f64());
        match self.drained {
            _ if lost == 0 => writeln!(f, "drained in {seconds:.2} s: everything accepted is finished")?,
            Drained::Aborted => writeln!(f, "stopped at once: {lost} accepted events are lost")?,
            Drained::DeadlinePassed => {
                writeln!(f, "the deadline passed after {seconds:.2} s: {lost} accepted events are lost")?;
            }
            Drained::Completely => {
                writeln!(
                    f,
                    "no consumer may work (consumers.concurrency): {lost} accepted events are lost"
                )?;
            }
        }
        let Counts { accepted, done, failed, dropped, rejected, .. } = self.counts;
        write!(
            f,
            "  accepted {accepted} = done {done} + failed {failed} + dropped {dropped} + left over {lost}; \
             rejected {rejected}"
        )?;
        for LeftOver { place, ids } in &self.left_over {
            write!(f, "\n  {place:<18} {:>7}  ids {}", ids.len(), Ranges(ids))?;
        }
        Ok(())
    }
}

/// Sorted ids as `1–3, 7`.
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
