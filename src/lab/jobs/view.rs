//! Puts a snapshot together.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use weir_job_wasm::jobs::Row;
use weir_job_wasm::settings::Isolation;

use super::code::Source;
use super::history::History;
use super::sampled::three_digits;
use super::snapshot::{
    By, CodeState, Core as CoreState, Limits, Load, Now, Others, Slice, Snapshot, TopRow,
};
use super::turns::WINDOW;
use super::users::User;
use super::verdict::{ROGUE_MS, Seen};
use super::{Inner, lock};

/// The most rows of `top`.
const MOST_ROWS: usize = 20;
/// A job of the load that is younger than this is an ordinary one.
const ORDINARY: Duration = Duration::from_millis(100);

impl Inner {
    /// Returns the current figures, with the history from `from_ms` on.
    pub(super) fn snapshot(&self, from_ms: u64) -> Snapshot {
        let (config, rows, users) = (self.config(), self.core.jobs.top(), self.users.all());
        let at_ms = self.core.now_ms();
        let schedulers = self.threads.active();
        let stalls = self.stalls(&schedulers);
        let stalled = stalls.iter().max().copied().unwrap_or_default();
        let late: u64 = {
            let crews = lock(&self.crews);
            let late = |(scheduler, stall): (_, &Duration)| {
                let due = (stall.as_secs_f64() * config.load.rate).min(1.0);
                (crews.workers_on(scheduler) as f64 * due).round() as u64
            };
            schedulers.iter().zip(&stalls).map(late).sum()
        };
        let load = Load {
            workers: config.load.workers,
            rate: config.load.rate,
            target: config.load.target(),
            fail_share: config.load.fail_share,
        };
        let code = self.code_state(&rows, config.load.workers);

        let sampled = lock(&self.sampled);
        let keeps_core =
            |row: &Row| row.isolation == Isolation::Thread && row.age.as_millis() >= u128::from(ROGUE_MS);
        let on_threads = rows.iter().filter(|row| row.isolation == Isolation::Thread).count();
        let share_of_thread = (sampled.blocking / on_threads.max(1) as f64).min(1.0);
        // A job's share is its time within turns, in which other processes may have had the core.
        let part_on_core = sampled.part_on_core();
        let lost = self.threads.lost();
        let current: Vec<u64> = schedulers
            .iter()
            .chain(&lost)
            .filter_map(|scheduler| scheduler.meter.current())
            .map(|(id, _)| id)
            .collect();
        let row_of = |row: &Row| {
            let share = match row.isolation {
                Isolation::Fuel => row.share * part_on_core,
                Isolation::Task => f64::from(u8::from(current.contains(&row.id))),
                Isolation::Thread => share_of_thread,
            };
            top_row(row, users.get(&row.id), share)
        };
        let is_listed = |row: &&Row| users.contains_key(&row.id) || row.age >= ORDINARY;
        let mut top: Vec<TopRow> = rows.iter().filter(is_listed).map(row_of).collect();
        top.sort_by(|a, b| b.core.total_cmp(&a.core));
        top.truncate(MOST_ROWS);

        let is_lost = |at: usize| {
            let scheduler = schedulers.get(at);
            scheduler.is_some_and(|kept| kept.kept_by(&rows, Duration::from_millis(ROGUE_MS)).is_some())
        };
        let mut cores = sampled.shown_cores(is_lost);
        let given_away = rows.iter().filter(|row| keeps_core(row)).map(|row| (row.id, share_of_thread));
        let replaced = lost.iter().filter_map(|lost| lost.meter.current()).map(|(id, _)| (id, 1.0));
        cores.extend(given_away.chain(replaced).take(MOST_ROWS).map(|(id, share)| lost_core(id, share)));

        let cpu = sampled.cpu();
        let now = Now {
            rate: three_digits(sampled.rate()),
            cpu: three_digits(cpu),
            lateness_ms: sampled.last_second.percentiles(),
            yours_ms: sampled.yours(),
            stalled_ms: u64::try_from(stalled.as_millis()).unwrap_or(u64::MAX),
            late,
            restarts: self.restarts(&sampled),
        };
        let listed: f64 = top.iter().map(|row| row.core).sum();
        let others = Others {
            count: config.load.workers + (users.len() as u64).saturating_sub(top.len() as u64),
            core: three_digits((cpu - listed).max(0.0)),
            reductions_s: sampled.ordinary_reductions.per_second().round(),
            longest_us: u64::try_from(sampled.longest.as_micros()).unwrap_or(u64::MAX),
            late,
        };
        let mut slices: Vec<u32> =
            schedulers.iter().flat_map(|scheduler| scheduler.meter.slices()).collect();
        slices.sort_unstable();
        let us = slices.get(slices.len() / 2).map(|ns| (f64::from(*ns) / 100.0).round() / 10.0);
        let rogues = rows.iter().filter(|row| row.age.as_millis() >= u128::from(ROGUE_MS)).count();
        let on_old = code
            .running
            .iter()
            .filter(|(version, _)| **version != code.version)
            .map(|(_, jobs)| jobs)
            .sum();
        let isolation = config.isolation.to_string();
        let verdict = Seen {
            at_ms,
            isolation: &isolation,
            load: &load,
            now: &now,
            cores: &cores,
            top: &top,
            rogues,
            swap: code.swap,
            on_old,
            killed: sampled.killed,
        }
        .verdict();
        let history = History::of(&sampled.points, from_ms);
        drop(sampled);
        Snapshot {
            at_ms,
            isolation,
            read_only: self.read_only.load(Ordering::Relaxed),
            slice: Slice { reductions: config.slice, us },
            settings: Limits {
                threads: config.workers,
                max_reductions: config.max_reductions,
                max_memory: config.max_memory,
                keep_inputs: config.keep_inputs,
            },
            load,
            verdict,
            now,
            cores,
            top,
            others,
            code,
            rehearsal: lock(&self.desk).report.clone(),
            names: self.names.get().map(|names| names.rows()).unwrap_or_default(),
            ledger: self.ledger(),
            history,
            marks: lock(&self.marks).since(from_ms),
        }
    }

    fn code_state(&self, rows: &[Row], workers: u64) -> CodeState {
        let history: Vec<u32> = self.core.jobs.history().iter().map(|version| version.number).collect();
        let version = history.first().copied().unwrap_or(0);
        let mut running = BTreeMap::new();
        for row in rows {
            *running.entry(row.version).or_insert(0) += 1;
        }
        // A worker's next job runs the current version.
        let of_load = rows.iter().filter(|row| row.age < ORDINARY && row.version == version).count() as u64;
        *running.entry(version).or_insert(0) += workers.saturating_sub(of_load);
        running.retain(|_, jobs| *jobs > 0);
        let desk = lock(&self.desk);
        CodeState {
            file: desk.file.path().display().to_string(),
            version,
            running,
            history,
            swap: desk.swap,
            problem: desk.problem.clone(),
            built_in: desk.version(version).is_some_and(Source::is_built_in),
        }
    }
}

fn top_row(row: &Row, user: Option<&User>, share: f64) -> TopRow {
    TopRow {
        id: row.id,
        input: row.input.to_string(),
        by: user.map_or(By::Load, |user| user.by),
        version: row.version,
        core: three_digits(share.min(1.0)),
        reductions_s: (row.isolation == Isolation::Fuel).then(|| row.reductions_per_s.round()),
        slices: row.slices,
        longest_us: u64::try_from(row.longest_slice.as_micros()).unwrap_or(u64::MAX),
        age_ms: u64::try_from(row.age.as_millis()).unwrap_or(u64::MAX),
        isolation: row.isolation.to_string(),
        kill: user.and_then(|user| user.kill),
    }
}

/// A core that a job keeps outside of the scheduler threads.
fn lost_core(id: u64, share: f64) -> CoreState {
    let window_us = u64::try_from(WINDOW.as_micros()).unwrap_or(u64::MAX);
    CoreState {
        share: three_digits(share),
        lost: true,
        window_us,
        turns: vec![(0.0, window_us as f64, id)],
    }
}
