//! One rung after the other: settings, watchers, result.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::path;
use super::rungs::{Ground, Rung, set};
use crate::cli::Exit;
use crate::cli::ask::{Ask, Said};
use crate::cli::interrupt::Interrupts;
use crate::cli::load::ProgressLine;
use crate::cli::set::encoded;
use crate::cli::text::number;
use crate::lab::matches::{Effect, RungResult, effect};
use crate::load::watch::{
    WatchError, WatchPlan, WatchProgress, WatchTarget, WatchTransport, Watched, watch,
};
use crate::record::WatchSide;
use crate::runs::Store;

/// Events per second on each rung.
const RATE: f64 = 2.0;
/// The longest time in which the watchers of a rung connect.
const CONNECTING: Duration = Duration::from_secs(60);
/// The longest time in which the watchers of the rung before leave.
const LEAVING: Duration = Duration::from_secs(15);
/// The pause between two questions whether they have left.
const POLL: Duration = Duration::from_millis(50);

/// A climb.
#[derive(Debug)]
pub(super) struct Climb<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) id: &'a str,
    pub(super) watchers: usize,
    /// The time with all watchers connected.
    pub(super) full: Duration,
    pub(super) transport: WatchTransport,
    /// Where runs are stored, unless they are not.
    pub(super) store: Option<&'a Store>,
    pub(super) interrupts: &'a Interrupts,
}

/// The figures of a rung, and what went wrong on it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) rung: u64,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) original: String,
    pub(super) result: RungResult,
    pub(super) art_p99_ms: Option<f64>,
    /// The change against the measured rung before.
    pub(super) effect: Effect,
    pub(super) words: String,
    /// What went wrong, in words.
    pub(super) problems: Vec<String>,
    is_invalid: bool,
}

impl Row {
    fn new(rung: &Rung) -> Self {
        Self {
            rung: rung.rung,
            name: rung.name.clone(),
            key: rung.key.clone(),
            original: rung.original.clone(),
            result: RungResult { rung: rung.rung, ..RungResult::default() },
            art_p99_ms: None,
            effect: Effect::Unmeasured,
            words: String::new(),
            problems: Vec::new(),
            is_invalid: false,
        }
    }

    pub(super) fn is_measured(&self) -> bool {
        self.result.n.is_some()
    }

    /// Whether the audit found that the figures cannot be trusted.
    pub(super) fn is_invalid(&self) -> bool {
        self.is_invalid
    }

    pub(super) fn to_json(&self) -> Value {
        let Self { name, key, original, result, art_p99_ms, effect, words, problems, .. } = self;
        let mut json = json!(result);
        let more = json!({ "name": name, "key": key, "original": original, "art_p99_ms": art_p99_ms,
            "effect": effect, "words": words, "problems": problems });
        if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
            json.extend(more);
        }
        json
    }
}

/// Replaces a match by a new one that has not begun.
pub(super) fn replace(ask: &Ask<'_>, id: &str) -> Result<(), Said> {
    // Refused if the match is over already, which is all that is wanted.
    match ask.order(&path(id, "/stop")) {
        Ok(_) | Err(Said::No { .. }) => ask.order(&path(id, "/again")).map(drop),
        Err(error) => Err(error),
    }
}

impl Climb<'_> {
    /// Begins a match that is long enough for `rungs` rungs.
    pub(super) fn begin(&self, rungs: usize) -> Result<(), Said> {
        let seconds = (self.full + CONNECTING).as_secs_f64() * rungs as f64;
        let events = (seconds * RATE).ceil();
        replace(self.ask, self.id)?;
        self.ask.order(&path(self.id, &format!("/play?rate={RATE}&seed=1&events={events}")))?;
        Ok(())
    }

    /// Measures a rung, once the watchers of the one before have left. `before` is the rung
    /// to compare it with.
    pub(super) fn rung(
        &self,
        ground: &Ground,
        rung: &Rung,
        before: Option<&Row>,
        line: &mut ProgressLine,
    ) -> Result<Row, Said> {
        let mut row = Row::new(rung);
        if !rung.has_settings() {
            row.problems.push("not measured: no setting of one server turns it on".to_owned());
            return Ok(row);
        }
        set(self.ask, &ground.settings_at(rung.rung))?;
        self.wait_until_left(ground.now.watchers, &mut row)?;
        let target = WatchTarget::of_match(super::url(self.ask.peer), self.id).map_err(refusal)?;
        let plan = WatchPlan {
            transport: self.transport,
            watchers: self.watchers,
            ramp: None,
            duration: CONNECTING + self.full,
            full: Some(self.full),
            ..WatchPlan::default()
        };
        let watched = watch(&target, &plan, self.interrupts.stop(), &mut |progress| {
            line.write(&in_words(rung.rung, self.watchers, progress));
        });
        match watched {
            Ok(watched) => self.take(watched, &mut row),
            Err(error) if error.is_usage() => return Err(refusal(error)),
            Err(error) => row.problems.push(error.to_string()),
        }
        (row.effect, row.words) = effect(before.map(|row| &row.result), Some(&row.result));
        if row.is_measured() && !self.interrupts.stop().is_cancelled() {
            self.note(&mut row);
        }
        Ok(row)
    }

    /// Waits until only the watchers are left that were there before the climb. A second
    /// Ctrl-C ends the wait.
    fn wait_until_left(&self, others: u64, row: &mut Row) -> Result<(), Said> {
        let began = Instant::now();
        while !self.interrupts.is_urgent() {
            let left = self.ask.get::<Ground>(&path(self.id, ""))?.read.now.watchers;
            if left <= others {
                break;
            }
            if began.elapsed() > LEAVING {
                row.problems.push(format!("{} watchers of the rung before have not left", left - others));
                break;
            }
            std::thread::park_timeout(POLL);
        }
        Ok(())
    }

    /// Takes the figures of a run over, and stores it.
    fn take(&self, watched: Watched, row: &mut Row) {
        let mut run = watched.into_run();
        run.name = Some(format!("rung-{}", row.rung));
        if let Some(side) = &mut run.watch {
            side.rung = Some(row.rung);
        }
        let mut run = run.audited();
        row.is_invalid = run.audit.is_invalid();
        if row.is_invalid {
            row.problems.extend(run.audit.remarks().map(|check| check.says.clone()));
        }
        if let Some(store) = self.store {
            store.give_id(&mut run);
            match store.save(&run) {
                Ok(()) => row.result.run = Some(run.id.clone()),
                Err(error) => row.problems.push(format!("cannot store the run: {error}")),
            }
        }
        if let Some(side) = &run.watch {
            figures(side, row);
        }
    }

    /// Notes the result on the server, for its page. The climb does not depend on it.
    fn note(&self, row: &mut Row) {
        let RungResult { rung, n, c, art_ms, last_ms, kb, run } = &row.result;
        let figures = [("n", n), ("c", c), ("art_ms", art_ms), ("last_ms", last_ms), ("kb", kb)];
        let mut query = format!("/rung?rung={rung}");
        for (key, figure) in figures {
            query += &figure.map_or(String::new(), |figure| format!("&{key}={figure}"));
        }
        query += &run.as_ref().map_or(String::new(), |run| format!("&run={}", encoded(run)));
        if let Err(Said::No { words, .. }) = self.ask.order(&query) {
            row.problems.push(format!("the server did not note it: {words}"));
        }
    }
}

/// Fills in the figures of the watchers, and what went wrong for them.
fn figures(side: &WatchSide, row: &mut Row) {
    row.result.n = Some(side.watchers as f64);
    row.result.c = Some(side.connects_s).filter(|c| *c > 0.0);
    row.result.art_ms = side.art.quantile_ms(0.5);
    row.art_p99_ms = side.art.quantile_ms(0.99);
    row.result.last_ms = side.last.quantile_ms(0.5);
    row.result.kb = side.server.as_ref().and_then(|server| server.rss_per_watcher).map(|bytes| bytes / 1e3);
    let reasons = |of: &BTreeMap<String, u64>| {
        let mut reasons: Vec<_> = of.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        reasons.into_iter().take(2).map(|(reason, _)| reason.as_str()).collect::<Vec<_>>().join("; ")
    };
    if side.refused > 0 {
        let why = reasons(&side.refusals);
        row.problems.push(format!("{} of {} watchers were refused ({why})", side.refused, side.wanted));
    }
    if side.lost > 0 {
        let why = reasons(&side.losses);
        row.problems.push(format!("{} of {} watchers were cut off ({why})", side.lost, side.wanted));
    }
}

fn refusal(error: WatchError) -> Said {
    match error.is_usage() {
        true => Said::No { exit: Exit::Usage, words: error.to_string() },
        false => Said::Nothing(error.into()),
    }
}

fn in_words(rung: u64, wanted: usize, progress: &WatchProgress) -> String {
    let WatchProgress { seconds, watchers, events, last_ms, .. } = progress;
    let last =
        last_ms.map_or(String::new(), |ms| format!(", the last watcher has one after {} ms", number(ms)));
    format!("rung {rung}, {seconds:.0} s: {watchers} of {wanted} watchers, {events} events{last}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::{Timing, WatchServer};

    fn rung(rung: u64) -> Rung {
        let json = json!({ "rung": rung, "name": format!("rung {rung}"), "key": format!("key = {rung}"),
            "original": "C × 20" });
        serde_json::from_value(json).unwrap()
    }

    fn timing(ms: &[f64]) -> Timing {
        let mut histogram = crate::metrics::empty_histogram();
        for ms in ms {
            histogram.record((ms * 1e3) as u64).unwrap();
        }
        Timing::of(histogram)
    }

    /// A rung that was measured, compared with one of 1,000 connects per second and an ART of
    /// 80 ms.
    pub(in crate::cli::matches) fn measured(number: u64, connects_s: f64, art_ms: f64) -> Row {
        let side = WatchSide {
            wanted: 10_000,
            watchers: 10_000,
            connects_s,
            art: timing(&[art_ms, art_ms, 3.0 * art_ms]),
            last: timing(&[316.0]),
            server: Some(WatchServer { rss_per_watcher: Some(137_000.0), ..WatchServer::default() }),
            ..WatchSide::default()
        };
        let mut row = Row::new(&rung(number));
        figures(&side, &mut row);
        let before = RungResult { c: Some(1_000.0), art_ms: row.result.art_ms, ..RungResult::default() };
        if number > 0 {
            (row.effect, row.words) = effect(Some(&before), Some(&row.result));
        }
        row
    }

    /// A rung on which nearly no watcher could connect.
    pub(in crate::cli::matches) fn refused(number: u64) -> Row {
        let side = WatchSide {
            wanted: 10_000,
            refused: 9_000,
            refusals: [("connect: refused".to_owned(), 9_000)].into(),
            ..WatchSide::default()
        };
        let mut row = Row::new(&rung(number));
        figures(&side, &mut row);
        row.result.n = None;
        row
    }

    #[test]
    fn a_refused_rung_has_a_row_that_says_why() {
        let row = refused(2);
        assert_eq!(row.problems, ["9000 of 10000 watchers were refused (connect: refused)"]);
        assert_eq!((row.is_measured(), row.result.c), (false, None));
        let json = measured(4, 2_000.0, 10.0).to_json();
        assert_eq!(
            (&json["c"], &json["kb"], &json["words"]),
            (&2000.0.into(), &137.0.into(), &"C × 2.0".into())
        );
    }
}
