//! Orders of an operator: kill, rehearse, swap, back, a change of the configuration, and the
//! end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use weir_job_wasm::code::Code;
use weir_job_wasm::jobs::Refusal;
use weir_job_wasm::rehearsal::RehearsalLimits;

use super::code::{Candidate, CodeText, RehearsalReport, Source, Swap, VersionRow, text_of};
use super::control::Command;
use super::error::JobsError;
use super::inspect::{ANSWER, answered};
use super::snapshot::KillState;
use super::users::Killed;
use super::{Inner, JobsLab, MarkKind, engine_settings, is_interruptible, lock, millis};
use crate::config::{Jobs as JobsConfig, Settings};
use crate::runs::words::count;

/// How long jobs may still run when the server shuts down. Those that take longer are killed.
const LAST_TURN: Duration = Duration::from_secs(1);
/// How long jobs have to end once they are killed.
const LET_GO: Duration = Duration::from_millis(500);

impl JobsLab {
    /// Kills a job at the end of its turn, and waits until its submitter is answered.
    ///
    /// # Errors
    /// As for [`inspect`](Self::inspect). A job that cannot be interrupted runs on.
    ///
    /// # Cancel safety
    /// Once polled, the kill takes effect even if the future is dropped.
    pub async fn kill(&self, id: u64) -> Result<Killed, JobsError> {
        let (inner, began) = (&self.inner, Instant::now());
        let told = inner.users.kill(id, KillState::Asked);
        match answered(id, ANSWER, inner.core.jobs.kill(id)).await {
            Ok(ending) => {
                let told = match told {
                    Some(told) => timeout(ANSWER, told).await.ok().and_then(Result::ok),
                    None => None,
                };
                Ok(told.unwrap_or_else(|| Killed {
                    ended: ending.to_string(),
                    told_ms: millis(began.elapsed()),
                }))
            }
            Err(error) => {
                if matches!(error, JobsError::Order(Refusal::NotInterruptible { .. })) {
                    drop(inner.users.kill(id, KillState::NoEffect));
                    inner.mark(MarkKind::Kill, format!("kill #{id}: no effect"));
                }
                Err(error)
            }
        }
    }

    /// Rehearses the watched file, or another file in its folder, on the latest inputs.
    ///
    /// # Errors
    /// [`JobsError::File`] and [`JobsError::Code`].
    ///
    /// # Cancel safety
    /// The rehearsal runs to its end even if the future is dropped.
    pub async fn rehearse(&self, file: Option<&str>) -> Result<RehearsalReport, JobsError> {
        let source = lock(&self.inner.desk).source(file)?;
        let (answer, answered) = oneshot::channel();
        self.inner.command(Command::Rehearse(source, answer));
        answered.await.unwrap_or_else(|_| Err(JobsError::Refused("the server is shutting down".to_owned())))
    }

    /// Makes new jobs run the code that was rehearsed last. Returns its version.
    ///
    /// # Errors
    /// [`JobsError::Swap`] if nothing was rehearsed, if the rehearsal refused the code, or if
    /// its file has changed since.
    pub fn swap(&self) -> Result<u32, JobsError> {
        let candidate = lock(&self.inner.desk).candidate()?;
        self.inner.swap(candidate)
    }

    /// Makes new jobs run a file without a rehearsal. Returns its version.
    ///
    /// # Errors
    /// [`JobsError::File`] and [`JobsError::Code`].
    pub fn swap_unrehearsed(&self, file: Option<&str>) -> Result<u32, JobsError> {
        let source = lock(&self.inner.desk).source(file)?;
        let code = Code::new(&source.bytes).map_err(|error| JobsError::Code(error.to_string()))?;
        self.inner.swap(Candidate { source, code })
    }

    /// Makes new jobs run the former version again. Returns its number.
    ///
    /// # Errors
    /// [`JobsError::Order`] if there is none.
    pub fn back(&self) -> Result<u32, JobsError> {
        let inner = &self.inner;
        let from = inner.version();
        let began = Instant::now();
        let to = inner.core.jobs.back().map_err(JobsError::Order)?;
        let swap = Swap { at_ms: inner.core.now_ms(), from, to, took_ns: nanos(began.elapsed()) };
        lock(&inner.desk).went_back(swap);
        inner.mark(MarkKind::Back, format!("back to v{to}"));
        Ok(to)
    }

    /// Returns the current version, then those that [`back`](Self::back) restores.
    pub fn versions(&self) -> Vec<VersionRow> {
        let (epoch, history) = (self.inner.core.epoch, self.inner.core.jobs.history());
        let desk = lock(&self.inner.desk);
        let row = |(at, version): (usize, &weir_job_wasm::jobs::Version)| VersionRow {
            version: version.number,
            current: at == 0,
            since_ms: u64::try_from(version.since.saturating_duration_since(epoch).as_millis())
                .unwrap_or(0),
            name: desk.version(version.number).map_or_else(String::new, |source| source.name.clone()),
        };
        history.iter().enumerate().map(row).collect()
    }

    /// Returns the text of the current code, and of the file.
    pub fn code(&self) -> CodeText {
        let version = self.inner.version();
        let desk = lock(&self.inner.desk);
        let file_text = desk.source(None).ok().map(|source| text_of(&source.bytes));
        let text = desk.version(version).map_or_else(String::new, Source::text);
        CodeText { version, text, file_text, file: desk.file.path().display().to_string() }
    }
}

impl Inner {
    /// The version that new jobs run.
    fn version(&self) -> u32 {
        self.core.jobs.history().first().map_or(0, |version| version.number)
    }

    fn swap(&self, Candidate { source, code }: Candidate) -> Result<u32, JobsError> {
        let (from, began) = (self.version(), Instant::now());
        let to = self.core.jobs.swap(code).map_err(|error| JobsError::Code(error.to_string()))?;
        let swap = Swap { at_ms: self.core.now_ms(), from, to, took_ns: nanos(began.elapsed()) };
        log::info!("jobs: version {to} is in use: {}", source.name);
        lock(&self.desk).swapped(swap, source);
        self.mark(MarkKind::Swap, format!("swap to v{to}"));
        Ok(to)
    }

    /// Rehearses some code, and keeps the report and the code.
    pub(super) async fn rehearse(&self, source: Source) -> Result<RehearsalReport, JobsError> {
        let bytes = Arc::clone(&source.bytes);
        // Compiling is not metered, and large code takes a while.
        let compiled = tokio::task::spawn_blocking(move || Code::new(&bytes)).await;
        let compiled = match compiled {
            Ok(Ok(code)) => Ok(code),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let code = match compiled {
            Ok(code) => code,
            Err(why) => {
                let report = RehearsalReport::refused(&source.name, self.version(), why.clone());
                let mut desk = lock(&self.desk);
                if source.path.as_deref() == Some(desk.file.path()) {
                    desk.problem = Some(why.clone());
                }
                desk.rehearsed(report, None);
                return Err(JobsError::Code(why));
            }
        };
        let began = Instant::now();
        let rehearsal = self.core.jobs.rehearse(&code, RehearsalLimits::default()).await;
        let report = RehearsalReport::of(&source.name, &rehearsal, began.elapsed());
        let mut desk = lock(&self.desk);
        if source.path.as_deref() == Some(desk.file.path()) {
            desk.problem = None;
        }
        desk.rehearsed(report.clone(), Some(Candidate { source, code }));
        Ok(report)
    }

    /// Applies a configuration.
    pub(super) fn apply(&self, settings: &Settings) -> Vec<String> {
        self.read_only.store(settings.server.read_only, Ordering::Relaxed);
        let new = settings.jobs.clone();
        let old = std::mem::replace(&mut *lock(&self.config), new.clone());
        if old == new {
            return Vec::new();
        }
        let mut notes = Vec::new();
        if let Err(error) = self.core.jobs.configure(engine_settings(&new)) {
            notes.push(format!("jobs: {error}"));
        }
        if old.slice != new.slice {
            self.threads.active().iter().for_each(|scheduler| scheduler.meter.forget_slices());
        }
        if old.code != new.code {
            lock(&self.desk).file.set_path(&new.code);
        }
        for (kind, word) in changes(&old, &new) {
            self.mark(kind, word);
        }
        self.command(Command::Adjust);
        self.wake.notify_one();
        notes
    }

    /// Ends the load and accepts no more jobs. Jobs have a second to end; then they are killed.
    pub(super) async fn drain(self: &Arc<Self>, deadline: Duration) -> Option<String> {
        self.is_draining.store(true, Ordering::Relaxed);
        self.give_up_names();
        self.command(Command::Adjust);
        self.finished(LAST_TURN.min(deadline)).await;
        let (rows, mut ended) = (self.core.jobs.top(), Vec::new());
        for row in rows {
            ended.push(row.id);
            if is_interruptible(row.isolation) {
                drop(self.users.kill(row.id, KillState::Asked));
                // Takes effect once polled; the end is waited for below.
                let _ = timeout(Duration::ZERO, self.core.jobs.kill(row.id)).await;
            }
        }
        self.finished(LET_GO.min(deadline)).await;
        // What has ended since the last sample belongs to the last run.
        self.sample();
        lock(&self.recorder).finish();
        let left = self.core.jobs.top().iter().filter(|row| !is_interruptible(row.isolation)).count();
        report(&mut ended, left)
    }

    /// Waits until no job runs, but no longer than `limit`.
    async fn finished(&self, limit: Duration) {
        let none_runs = async {
            while self.core.ledger.counts().running > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = timeout(limit, none_runs).await;
    }
}

/// The line about jobs in the report of the drain.
fn report(ended: &mut [u64], left: usize) -> Option<String> {
    const NAMED: usize = 10;
    ended.sort_unstable();
    let named: Vec<String> = ended.iter().take(NAMED).map(|id| format!("#{id}")).collect();
    let more = ended.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = format!("{}{more}", named.join(", "));
    match (ended.len(), left) {
        (0, _) => None,
        (1, 0) => Some(format!("jobs: 1 job was still running and was ended: {named}")),
        (jobs, 0) => Some(format!("jobs: {jobs} jobs were still running and were ended: {named}")),
        (jobs, left) => Some(format!(
            "jobs: {jobs} still running: {named}; {left} of them cannot be interrupted and end with the process"
        )),
    }
}

/// The marks of a change.
fn changes(old: &JobsConfig, new: &JobsConfig) -> Vec<(MarkKind, String)> {
    let mut marks = Vec::new();
    if old.load.workers != new.load.workers {
        marks.push((MarkKind::Load, format!("{} workers", count(new.load.workers))));
    } else if old.load.rate != new.load.rate {
        marks.push((MarkKind::Load, format!("{} jobs/s per worker", new.load.rate)));
    } else if old.load.fail_share != new.load.fail_share {
        marks.push((MarkKind::Load, format!("{} % fail", new.load.fail_share * 100.0)));
    }
    if old.isolation != new.isolation {
        marks.push((MarkKind::Isolation, format!("isolation {}", new.isolation)));
    }
    let mut setting = |is_new: bool, word: String| {
        if is_new {
            marks.push((MarkKind::Settings, word));
        }
    };
    setting(old.slice != new.slice, format!("slice {}", count(new.slice)));
    setting(
        old.max_reductions != new.max_reductions,
        format!("max {} reductions", count(new.max_reductions)),
    );
    setting(old.max_memory != new.max_memory, format!("max {} bytes", count(new.max_memory)));
    setting(old.workers != new.workers, format!("{} threads", new.workers));
    setting(old.code != new.code, new.code.clone());
    marks
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
