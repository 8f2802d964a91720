//! The statistics of a load: counts and times of its requests, on both clocks, in slices
//! and rows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Answer, RequestError};
use crate::metrics::{self, empty_histogram};
use crate::pipeline::{Clock, Stamp};
use crate::record::{
    ByAnswer, ClientSide, Merge, SeriesBuilder, Slicer, Stalls, Timing, micros, quantile_ms,
};

/// The length of the first slices; they double as the run grows. As 1/64 s, they end with
/// the seconds of the series, so the same warm-up can be left out of both.
const SLICE: Duration = Duration::from_micros(15_625);

/// A generator that is this much late has stalled.
const STALL: Duration = Duration::from_millis(100);

/// The kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Ok,
    Refused,
    Failed,
}

/// The progress of a load.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Progress {
    /// Since the first request.
    pub seconds: f64,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered, with any status.
    pub answered: u64,
    /// Requests refused.
    pub refused: u64,
    /// Requests answered with another error.
    pub failed: u64,
    /// Requests without an answer.
    pub aborted: u64,
    /// Requests in flight.
    pub in_flight: usize,
    /// Answers per second over about the last second. `None` in the first second, and
    /// below ten answers.
    pub rate: Option<f64>,
    /// The median of the successes so far.
    pub p50_ms: f64,
    /// Their 99th percentile.
    pub p99_ms: f64,
}

/// The statistics of a load on one thread.
#[derive(Debug)]
pub(super) struct Stats {
    clock: Clock,
    /// Statuses that count as refusals.
    refusals: Vec<u16>,
    open: bool,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    began: Option<Stamp>,
    last: Option<Stamp>,
    sent: u64,
    ended: [u64; 3],
    aborted: u64,
    in_flight: usize,
    bytes: u64,
    statuses: BTreeMap<u16, u64>,
    errors: BTreeMap<String, u64>,
    service: [Slicer; 3],
    response: [Slicer; 3],
    lag: Histogram<u64>,
    waited: u64,
    repeated: u64,
    stalls: Stalls,
    interrupted: bool,
    /// Sums of (end - send) and (end - due) in nanoseconds, independent of the
    /// histograms: ends are added and beginnings subtracted. They wrap.
    under_way: u64,
    due: u64,
    rows: SeriesBuilder,
    row: Row,
    /// When the rate was last computed, the number of answers then, and the rate.
    looked: (Stamp, u64, Option<f64>),
}

/// The counts since the last row.
#[derive(Debug)]
struct Row {
    ended: [u64; 3],
    aborted: u64,
    times: Histogram<u64>,
}

impl Default for Row {
    fn default() -> Self {
        Self { ended: [0; 3], aborted: 0, times: empty_histogram() }
    }
}

impl Stats {
    pub(super) fn new(clock: Clock, open: bool, refusals: Vec<u16>) -> Self {
        Self { clock, refusals, open, state: RefCell::new(State::new()) }
    }

    /// Notes the beginning of the load.
    pub(super) fn begin(&self, at: Stamp) {
        self.state.borrow_mut().began.get_or_insert(at);
    }

    /// Returns the time since the load began.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().since(self.state.borrow().began.unwrap_or(Stamp::from_nanos(0)))
    }

    /// Records how late the generator handles a request that was due.
    pub(super) fn seen(&self, due: Stamp) {
        let late = self.clock.now().since(due);
        // Cannot fail: the histogram grows on demand.
        let _ = self.state.borrow_mut().lag.record(micros(late));
    }

    /// Counts a request that has to wait for a connection.
    pub(super) fn wait(&self) {
        self.state.borrow_mut().waited += 1;
    }

    /// Counts a request that is sent again because the server closed its connection.
    pub(super) fn repeat(&self) {
        self.state.borrow_mut().repeated += 1;
    }

    /// Records a stall if the generator, which meant to call this at `due`, is much late.
    pub(super) fn pulse(&self, due: Stamp) {
        let late = self.clock.now().since(due);
        if late >= STALL {
            let mut state = self.state.borrow_mut();
            let Stalls { count, seconds, longest_s } = &mut state.stalls;
            *count += 1;
            *seconds += late.as_secs_f64();
            *longest_s = longest_s.max(late.as_secs_f64());
        }
    }

    /// Counts a request that is sent now.
    pub(super) fn send(&self) -> Stamp {
        let now = self.clock.now();
        let mut state = self.state.borrow_mut();
        state.began.get_or_insert(now);
        state.sent += 1;
        state.in_flight += 1;
        state.under_way = state.under_way.wrapping_sub(now.as_nanos());
        now
    }

    /// Records the end of a request that was due and sent at these moments.
    pub(super) fn end(&self, due: Stamp, sent: Stamp, result: Result<Answer, RequestError>) {
        let now = self.clock.now();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let began = state.began.unwrap_or(now);
        let at = now.since(began);
        while at.as_secs_f64() >= state.rows.due() {
            let t = state.rows.due();
            state.push_row(t);
        }
        state.in_flight -= 1;
        state.under_way = state.under_way.wrapping_add(now.as_nanos());
        state.due = state.due.wrapping_add(now.as_nanos().wrapping_sub(due.as_nanos()));
        state.last = Some(now);
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) => {
                state.aborted += 1;
                state.row.aborted += 1;
                *state.errors.entry(failure.to_string()).or_default() += 1;
                return;
            }
        };
        let ending = match answer.status {
            ..400 => Ending::Ok,
            status if self.refusals.contains(&status) => Ending::Refused,
            _ => Ending::Failed,
        } as usize;
        state.ended[ending] += 1;
        state.row.ended[ending] += 1;
        state.bytes += answer.bytes;
        *state.statuses.entry(answer.status).or_default() += 1;
        let service = micros(now.since(sent));
        state.service[ending].record(at, service);
        let mut time = service;
        if self.open {
            time = micros(now.since(due));
            state.response[ending].record(at, time);
        }
        if ending == Ending::Ok as usize {
            let _ = state.row.times.record(time);
        }
    }

    /// Returns the progress of the load.
    pub(super) fn progress(&self) -> Progress {
        let now = self.clock.now();
        let mut state = self.state.borrow_mut();
        let [ok, refused, failed] = state.ended;
        let answered = ok + refused + failed;
        let times = if self.open { &state.response[0] } else { &state.service[0] };
        let at = |share| quantile_ms(times.whole(), share).unwrap_or_default();
        let (p50_ms, p99_ms) = (at(0.5), at(0.99));
        let (before, count, _) = state.looked;
        let since = now.since(before.max(state.began.unwrap_or(now))).as_secs_f64();
        if since >= 1.0 {
            state.looked = (now, answered, metrics::rate(answered - count, since));
        }
        Progress {
            seconds: now.since(state.began.unwrap_or(now)).as_secs_f64(),
            sent: state.sent,
            answered,
            refused,
            failed,
            aborted: state.aborted,
            in_flight: state.in_flight,
            rate: state.looked.2,
            p50_ms,
            p99_ms,
        }
    }

    /// Ends the load now; requests in flight are aborted.
    pub(super) fn abort(&self) {
        let now = self.clock.now();
        let mut state = self.state.borrow_mut();
        state.interrupted = true;
        let under_way = std::mem::take(&mut state.in_flight) as u64;
        state.under_way = state.under_way.wrapping_add(now.as_nanos().wrapping_mul(under_way));
        state.aborted += under_way;
        state.row.aborted += under_way;
        if under_way > 0 {
            state.errors.insert(RequestError::Ended.to_string(), under_way);
        }
        state.last = Some(now);
    }

    /// Returns the client side of the run. `unsent` requests were due and never sent. To
    /// be called once.
    pub(super) fn finish(&self, unsent: u64) -> ClientSide {
        let fresh = State::new();
        let mut state = self.state.replace(fresh);
        let began = state.began.unwrap_or(Stamp::from_nanos(0));
        let took = state.last.unwrap_or(began).since(began);
        let seconds = took.as_secs_f64();
        state.push_row(seconds);
        let [ok, refused, failed] = state.ended;
        let per_second = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        ClientSide {
            sent: state.sent,
            ok,
            refused,
            failed,
            aborted: state.aborted,
            unsent,
            waited: state.waited,
            repeated: state.repeated,
            stalls: state.stalls,
            interrupted: state.interrupted,
            seconds,
            rate: per_second((ok + refused + failed) as f64),
            statuses: state.statuses.into_iter().map(|(status, n)| (status.to_string(), n)).collect(),
            errors: state.errors,
            bytes: state.bytes,
            service: by_answer(state.service),
            response: self.open.then(|| by_answer(state.response)),
            lag: self.open.then(|| Timing::of(state.lag)),
            in_flight: per_second(state.under_way as f64 / 1e9),
            in_flight_due: self.open.then(|| per_second(state.due as f64 / 1e9)),
            series: state.rows.finish(),
            ..ClientSide::default()
        }
    }
}

impl State {
    fn new() -> Self {
        let sums = ["ok", "refused", "failed", "aborted"].map(|name| (name.to_owned(), Merge::Sum));
        let highest = ["p50_ms", "p99_ms"].map(|name| (name.to_owned(), Merge::Highest));
        let columns = sums.into_iter().chain(highest).chain([("in_flight".to_owned(), Merge::Last)]);
        let slicers = || std::array::from_fn(|_| Slicer::new(SLICE));
        Self {
            began: None,
            last: None,
            sent: 0,
            ended: [0; 3],
            aborted: 0,
            in_flight: 0,
            bytes: 0,
            statuses: BTreeMap::new(),
            errors: BTreeMap::new(),
            service: slicers(),
            response: slicers(),
            lag: empty_histogram(),
            waited: 0,
            repeated: 0,
            stalls: Stalls::default(),
            interrupted: false,
            under_way: 0,
            due: 0,
            rows: SeriesBuilder::new(columns.collect()),
            row: Row::default(),
            looked: (Stamp::from_nanos(0), 0, None),
        }
    }

    fn push_row(&mut self, t: f64) {
        let Row { ended, aborted, times } = std::mem::take(&mut self.row);
        let mut row = ended.map(|count| Some(count as f64)).to_vec();
        row.push(Some(aborted as f64));
        row.extend([0.5, 0.99].map(|share| quantile_ms(&times, share)));
        row.push(Some(self.in_flight as f64));
        self.rows.push(t, row);
    }
}

fn by_answer([ok, refused, failed]: [Slicer; 3]) -> ByAnswer {
    ByAnswer { ok: ok.timing(), refused: refused.timing(), failed: failed.timing() }
}

#[cfg(test)]
mod tests;
