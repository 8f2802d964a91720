//! Leaves the beginning of a run out of its figures: the warm-up.
//!
//! ```text
//!   times, percentiles     from the slices of their histograms after the cut
//!   counts, rates          from the same slices, and from the rows of the series
//!   everything else        still of the whole run: peaks, ledger, drain, audit
//! ```
//!
//! The cut is rounded up to the end of a slice and of a row, because a slice or row
//! cannot be split. Nothing is estimated: a figure that cannot be computed for the rest
//! still covers the whole run, and [`LeftOut::says`] names it.

use std::time::Duration;

use super::words::figure;
use crate::record::{BenchSide, ClientSide, LeftOut, ModeSide, Run, Series, Timing};

/// The figures of the client that still cover the whole run.
const CLIENT: &str = "statuses, reasons of aborts, unsent requests, bytes, requests in flight, lateness and cores of the client";
/// The figures of the bench that still cover the whole run.
const BENCH: &str = "accepted and aborted requests, events inside, ledger, peaks and drain of the bench";

/// Returns the run without its first seconds. If they cannot be left out, the run stays
/// whole, and [`Run::skipped`] says why.
pub fn without_first(run: &Run, skip: Duration) -> Run {
    let mut rest = run.clone();
    if skip.is_zero() {
        return rest;
    }
    let cut = match cut(&mut rest, skip.as_secs_f64()) {
        Ok(cut) => cut,
        Err(why) => {
            let says = format!("the first {} s are included: {why}", figure(skip.as_secs_f64()));
            rest.skipped = Some(LeftOut { seconds: 0.0, says });
            return rest;
        }
    };
    let mut whole = Vec::new();
    if let Some(side) = &mut rest.client {
        client(side, cut);
        whole.push(CLIENT);
    }
    if let Some(side) = &mut rest.bench {
        bench(side, cut);
        whole.push(BENCH);
    }
    rest.seconds = (run.seconds - cut).max(0.0);
    let (left_out, whole) = (figure(cut), whole.join("; "));
    let says = format!("the first {left_out} s are left out. Of the whole run: {whole}; audit");
    rest.skipped = Some(LeftOut { seconds: cut, says });
    rest
}

/// Returns the first moment from `asked` on at which slices and rows end, or why there is
/// none.
fn cut(run: &mut Run, asked: f64) -> Result<f64, String> {
    let answers = run.client.iter_mut().flat_map(of_answers);
    let events = run.bench.iter_mut().flat_map(|bench| bench.modes.values_mut()).flat_map(of_mode);
    let widest = answers.chain(events).map(|timing| timing.slices().seconds).fold(0.0, f64::max);
    if run.jobs.is_some() {
        return Err("nothing can be left out of a run of jobs".to_owned());
    }
    if run.rooms.is_some() {
        return Err("nothing can be left out of a run of rooms".to_owned());
    }
    if run.watch.is_some() {
        return Err("nothing can be left out of a run of watchers".to_owned());
    }
    if widest <= 0.0 {
        return Err("its times were not recorded second by second".to_owned());
    }
    let series =
        [run.client.as_ref().map(|side| &side.series), run.bench.as_ref().map(|side| &side.series)];
    let step = series.into_iter().flatten().map(|series| series.interval_s).fold(widest, f64::max);
    let cut = (asked / step - 1e-6).ceil() * step;
    let lasted = run.client.as_ref().map_or(run.seconds, |client| client.seconds);
    if cut >= lasted {
        return Err(format!("the load lasted only {} s", figure(lasted)));
    }
    Ok(cut)
}

/// Every kind of times that a client keeps in slices.
fn of_answers(side: &mut ClientSide) -> Vec<&mut Timing> {
    let by = [Some(&mut side.service), side.response.as_mut()].into_iter().flatten();
    by.flat_map(|by| [&mut by.ok, &mut by.refused, &mut by.failed]).collect()
}

/// Every kind of times of a mode.
fn of_mode(side: &mut ModeSide) -> [&mut Timing; 6] {
    let ModeSide { http, http_errors, wait, service, response, response_failed, .. } = side;
    [http, http_errors, wait, service, response, response_failed]
}

fn leave_out(timing: &mut Timing, cut: f64) {
    if let Some(rest) = timing.without_first(cut) {
        *timing = rest;
    }
}

/// The first moment from `cut` on at which a slice of all these times ends. Runs of earlier
/// versions have slices that do not end with a second.
fn end_of_slice<'a>(timings: impl IntoIterator<Item = &'a mut Timing>, cut: f64) -> f64 {
    let widths = timings.into_iter().map(|timing| timing.slices().seconds).filter(|width| *width > 0.0);
    widths.map(|width| (cut / width - 1e-6).ceil() * width).fold(cut, f64::max)
}

fn count(timing: &Timing) -> u64 {
    timing.count().unwrap_or_default()
}

/// Cuts the client's side. A request counts in the rest if its answer came after the cut.
fn client(side: &mut ClientSide, cut: f64) {
    let cut = end_of_slice(of_answers(side), cut);
    of_answers(side).into_iter().for_each(|timing| leave_out(timing, cut));
    rows_after(&mut side.series, cut);
    (side.ok, side.refused, side.failed) =
        (count(&side.service.ok), count(&side.service.refused), count(&side.service.failed));
    side.aborted = sum(&side.series, "aborted");
    side.sent = side.answered().saturating_add(side.aborted);
    side.seconds = (side.seconds - cut).max(0.0);
    side.rate = per_second(side.answered(), side.seconds);
}

fn bench(side: &mut BenchSide, cut: f64) {
    let before = side.series.clone();
    rows_after(&mut side.series, cut);
    for (name, mode) in &mut side.modes {
        let cut = end_of_slice(of_mode(mode), cut);
        // A mode that began within the warm-up loses only the part after its beginning.
        let lost = (cut - began(&before, &format!("{name}.requests"))).max(0.0);
        let answering = time_of(mode.requests, mode.rate) - lost;
        let working = time_of(mode.done, mode.done_rate) - lost;
        of_mode(mode).into_iter().for_each(|timing| leave_out(timing, cut));
        mode.errors = count(&mode.http_errors);
        mode.requests = count(&mode.http) + mode.errors;
        mode.done = count(&mode.response);
        let counted = |what: &str| sum(&side.series, &format!("{name}.{what}"));
        (mode.failed, mode.refused, mode.dropped) =
            (counted("failed"), counted("refused"), counted("dropped"));
        mode.rate = per_second(mode.requests, answering);
        mode.done_rate = per_second(mode.done, working);
        mode.seconds = (mode.seconds - lost).max(0.0);
    }
    side.seconds = (side.seconds - cut).max(0.0);
    side.marks.retain(|mark| mark.t >= cut);
}

/// The time that `count` takes at this rate.
fn time_of(count: u64, rate: f64) -> f64 {
    if rate > 0.0 { count as f64 / rate } else { 0.0 }
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

/// Keeps the rows that lie mostly after the cut.
fn rows_after(series: &mut Series, cut: f64) {
    let begins = std::iter::once(0.0).chain(series.t.iter().copied());
    let first = begins.zip(&series.t).position(|(from, to)| (from + to) / 2.0 >= cut);
    let first = first.unwrap_or(series.t.len());
    series.t.drain(..first);
    for column in series.columns.values_mut() {
        column.drain(..first.min(column.len()));
    }
}

/// The sum of a column. A missing column was zero throughout.
fn sum(series: &Series, column: &str) -> u64 {
    series.columns.get(column).into_iter().flatten().flatten().sum::<f64>() as u64
}

/// The beginning of the first row with a count above zero.
fn began(series: &Series, column: &str) -> f64 {
    let Some(counts) = series.columns.get(column) else { return 0.0 };
    let first = counts.iter().position(|count| count.is_some_and(|count| count > 0.0)).unwrap_or(0);
    first.checked_sub(1).and_then(|before| series.t.get(before)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ByAnswer, Origin, Points, Slicer, now};

    /// Ten seconds: 10 answers a second of 2 ms in the first five, then 20 of 1 ms.
    fn warming() -> Run {
        let mut slicer = Slicer::new(Duration::from_millis(250));
        let mut counts = Vec::new();
        for second in 0..10_u64 {
            let (each, micros) = if second < 5 { (10, 2000) } else { (20, 1000) };
            for n in 0..each {
                slicer.record(Duration::from_millis(second * 1000 + n * 1000 / each), micros);
            }
            counts.push(Some(each as f64));
        }
        let times = slicer.timing();
        let series = |name: &str| Series {
            interval_s: 1.0,
            t: (1..=10).map(f64::from).collect(),
            columns: [(name.to_owned(), counts.clone()), ("aborted".to_owned(), vec![Some(1.0); 10])]
                .into(),
        };
        let mut run = Run::new(Origin::Load, "serial", now());
        run.seconds = 10.0;
        run.client = Some(ClientSide {
            sent: 160,
            ok: 150,
            aborted: 10,
            seconds: 10.0,
            rate: 15.0,
            service: ByAnswer { ok: times.clone(), ..ByAnswer::default() },
            series: series("ok"),
            ..ClientSide::default()
        });
        let side = ModeSide {
            requests: 150,
            done: 150,
            rate: 15.0,
            done_rate: 15.0,
            seconds: 10.0,
            http: times.clone(),
            response: times,
            ..ModeSide::default()
        };
        let mut bench = crate::runs::sample().bench.unwrap();
        bench.seconds = 10.0;
        bench.series = series("serial.requests");
        bench.modes = [("serial".to_owned(), side)].into();
        run.bench = Some(bench);
        run
    }

    #[test]
    fn figures_without_the_warm_up_are_those_of_the_rest() {
        let rest = without_first(&warming(), Duration::from_secs(5));
        assert_eq!(rest.rate(), Some(20.0));
        assert_eq!(rest.done_rate(), Some(20.0));
        let client = rest.client.as_ref().unwrap();
        assert_eq!((client.ok, client.aborted, client.sent, client.seconds), (100, 5, 105, 5.0));
        assert_eq!((client.service.ok.count(), client.service.ok.max_ms()), (Some(100), Some(1.0)));
        assert_eq!(client.series.t, [6.0, 7.0, 8.0, 9.0, 10.0]);
        let mode = rest.mode_side().unwrap();
        assert_eq!((mode.requests, mode.done, mode.http.max_ms()), (100, 100, Some(1.0)));
        let said = rest.skipped.unwrap();
        assert_eq!(said.seconds, 5.0);
        assert!(said.says.starts_with("the first 5 s are left out. Of the whole run: "), "{}", said.says);
        for word in ["ledger", "peaks", "audit", "statuses"] {
            assert!(said.says.contains(word), "{word} is missing in {}", said.says);
        }
    }

    #[test]
    fn the_cut_is_at_the_end_of_a_second() {
        let rest = without_first(&warming(), Duration::from_millis(4100));
        assert_eq!(rest.skipped.unwrap().seconds, 5.0);
        assert_eq!(without_first(&warming(), Duration::ZERO), warming());
    }

    #[test]
    fn slices_that_do_not_end_with_a_second_move_the_cut_of_their_side() {
        let mut run = warming();
        let mut slicer = Slicer::new(Duration::from_millis(320));
        (0..100).for_each(|tenth| slicer.record(Duration::from_millis(tenth * 100), 1000));
        run.client.as_mut().unwrap().service.ok = slicer.timing();
        let rest = without_first(&run, Duration::from_secs(5));
        let client = rest.client.unwrap();
        // The slice that ends at 5.12 s is left out as a whole.
        assert_eq!(client.ok, 48);
        assert!((client.seconds - 4.88).abs() < 1e-9, "{}", client.seconds);
    }

    #[test]
    fn a_run_that_cannot_be_cut_stays_whole_and_says_why() {
        let says = |run: &Run, seconds: u64| {
            let rest = without_first(run, Duration::from_secs(seconds));
            assert_eq!(Run { skipped: None, ..rest.clone() }, *run);
            rest.skipped.unwrap().says
        };
        let short = says(&warming(), 10);
        assert_eq!(short, "the first 10 s are included: the load lasted only 10 s");
        let mut told = warming();
        let points = Points { count: Some(3), mean_ms: Some(1.0), points: vec![[50.0, 1.0]] };
        told.client.as_mut().unwrap().service.ok = Timing::points(points);
        told.bench = None;
        assert_eq!(
            says(&told, 5),
            "the first 5 s are included: its times were not recorded second by second"
        );
    }

    #[test]
    fn a_mode_that_began_within_the_warm_up_loses_only_what_it_did() {
        let mut run = warming();
        let bench = run.bench.as_mut().unwrap();
        // The same counts, of a mode that began after three seconds.
        let counts = bench.series.columns.get_mut("serial.requests").unwrap();
        counts[..3].fill(Some(0.0));
        let side = bench.modes.get_mut("serial").unwrap();
        (side.requests, side.rate, side.seconds) = (140, 20.0, 7.0);
        let rest = without_first(&run, Duration::from_secs(5));
        // 100 answers in 7 - (5 - 3) seconds.
        assert_eq!(rest.mode_side().unwrap().rate, 20.0);
        assert_eq!(rest.mode_side().unwrap().seconds, 5.0);
    }
}
