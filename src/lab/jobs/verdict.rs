//! The verdict on the figures: a word, and a sentence with its numbers.

use super::code::Swap;
use super::snapshot::{By, Core, Load, Now, TopRow};
use crate::lab::{Tone, Verdict};
use crate::runs::words::count;

/// A job counts as a rogue from this age.
pub(super) const ROGUE_MS: u64 = 1_000;
/// How long the verdict reports a kill or a swap.
const NEWS_MS: u64 = 5_000;
/// A thread counts as stalled from this time on.
const STALLED_MS: u64 = 500;

/// The figures from which the verdict is made.
pub(super) struct Seen<'a> {
    pub(super) at_ms: u64,
    pub(super) isolation: &'a str,
    pub(super) load: &'a Load,
    pub(super) now: &'a Now,
    pub(super) cores: &'a [Core],
    pub(super) top: &'a [TopRow],
    /// Live jobs that are rogues, those that are not in `top` included.
    pub(super) rogues: usize,
    pub(super) swap: Option<Swap>,
    /// Live jobs on versions that are no longer current.
    pub(super) on_old: u64,
    /// The latest kill that took effect: when, the job, and milliseconds until its submitter
    /// had the answer.
    pub(super) killed: Option<(u64, u64, f64)>,
}

impl Seen<'_> {
    pub(super) fn verdict(&self) -> Verdict {
        let say = |word: &str, tone, text: String| Verdict { word: word.to_owned(), tone, text };
        let rogue = self.top.iter().find(|row| row.age_ms >= ROGUE_MS);
        if self.now.stalled_ms >= STALLED_MS && self.isolation_of_stall() == "task" {
            let text = format!(
                "One job has kept a scheduler thread for {}: {} jobs are overdue, and a kill has no effect.",
                seconds(self.now.stalled_ms),
                count(self.now.late),
            );
            return say("STALLED", Tone::Bad, text);
        }
        if let Some(row) = rogue.filter(|row| row.isolation == "thread") {
            let text = format!(
                "Job #{} has a thread of its own, which nothing can end: a kill has no effect. {}.",
                row.id,
                self.pace()
            );
            return say("LOST CORE", Tone::Bad, text);
        }
        if self.cores.iter().any(|core| core.lost) {
            let text = format!("A job with isolation `task` still keeps its old thread. {}.", self.pace());
            return say("LOST CORE", Tone::Bad, text);
        }
        if let Some((_, id, told_ms)) = self.killed.filter(|(at, ..)| self.at_ms < at + NEWS_MS) {
            let text = format!(
                "Job #{id} has ended; its submitter had the answer after {told_ms:.2} ms. {}.",
                self.pace()
            );
            return say("KILLED", Tone::Ok, text);
        }
        if let Some(swap) = self.swap.filter(|swap| self.at_ms < swap.at_ms + NEWS_MS) {
            let text = match self.on_old {
                0 => format!("New jobs run version {}. No job was lost.", swap.to),
                1 => {
                    format!("New jobs run version {}; 1 job runs older code. No job was lost.", swap.to)
                }
                jobs => format!(
                    "New jobs run version {}; {jobs} jobs run older code. No job was lost.",
                    swap.to
                ),
            };
            return say("SWAPPED", Tone::Ok, text);
        }
        match (self.rogues, rogue) {
            (0, _) | (_, None) => self.calm(),
            (1, Some(row)) => {
                let text = format!(
                    "Job #{} has run for {} and takes {:.0} % of a core. {}.",
                    row.id,
                    seconds(row.age_ms),
                    row.core * 100.0,
                    self.pace()
                );
                say("ONE ROGUE", Tone::Warn, text)
            }
            (rogues, Some(_)) => {
                let text = format!("The rogues take turns with the other jobs. {}.", self.pace());
                say(&format!("{rogues} ROGUES"), Tone::Warn, text)
            }
        }
    }

    fn isolation_of_stall(&self) -> &str {
        let stalled = self.top.iter().find(|row| row.isolation == "task" && row.by != By::Resource);
        stalled.map_or(self.isolation, |row| &row.isolation)
    }

    fn calm(&self) -> Verdict {
        let say = |word: &str, tone, text: String| Verdict { word: word.to_owned(), tone, text };
        if self.load.workers == 0 {
            return say("IDLE", Tone::Calm, "No load. Submit a number, or set a load.".to_owned());
        }
        let behind = self.now.rate < 0.9 * self.load.target * (1.0 - self.load.fail_share);
        let text = format!("{}; {:.0} % of a core in use.", self.pace(), self.now.cpu * 100.0);
        if behind { say("BEHIND", Tone::Warn, text) } else { say("STEADY", Tone::Ok, text) }
    }

    /// The rate and the lateness of the load, as a sentence without its full stop.
    fn pace(&self) -> String {
        if self.load.workers == 0 {
            return "There is no load".to_owned();
        }
        let (rate, target) = (count(self.now.rate.round() as u64), count(self.load.target.round() as u64));
        match self.now.lateness_ms {
            Some(late) if late.p99 >= 1_000.0 => {
                format!("{rate} jobs/s of {target}/s, late by {:.2} s (p99)", late.p99 / 1e3)
            }
            Some(late) => format!("{rate} jobs/s of {target}/s, late by {:.1} ms (p99)", late.p99),
            None => format!("{rate} jobs/s of {target}/s"),
        }
    }
}

fn seconds(ms: u64) -> String {
    if ms < 10_000 { format!("{:.1} s", ms as f64 / 1e3) } else { format!("{} s", ms / 1_000) }
}
