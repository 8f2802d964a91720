//! The weight of the page: every byte that a browser is sent for a load of `/`, on a bench
//! that has been under load for ten minutes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, sleep_until};
use weir::record::Mode;
use weir::workbench::{HISTORY_INTERVAL, Workbench};

use crate::encodings::{BROWSER, ask, unpacked};
use crate::support::bench;

/// What a load of a page may weigh, with headers.
const BUDGET: usize = 150_000;
/// Ten minutes.
const HISTORY: Duration = Duration::from_secs(600);
/// The status line, and the date that the server adds.
const LINES: usize = 17 + 37;

/// What a page has loaded.
struct Loaded {
    bench: Arc<Workbench>,
    /// Each path with its bytes on the wire.
    weights: Vec<(String, usize)>,
}

impl Loaded {
    /// Loads a path and returns its text.
    async fn load(&mut self, path: &str) -> String {
        let answer = ask(&self.bench, Method::GET, path, &[("accept-encoding", BROWSER)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let headers: usize =
            answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        self.weights.push((path.to_owned(), LINES + headers + answer.body.len()));
        match answer.headers.get(header::CONTENT_ENCODING) {
            Some(_) => unpacked(&answer.body),
            None => answer.text().to_owned(),
        }
    }

    /// Loads a page, its style sheets and scripts, and what those import, as a browser does.
    async fn page(bench: &Arc<Workbench>, path: &str) -> Self {
        let mut loaded = Self { bench: Arc::clone(bench), weights: Vec::new() };
        let html = loaded.load(path).await;
        let mut wanted: Vec<String> =
            ["href=\"page/", "src=\"page/"].iter().flat_map(|link| quoted(&html, link)).collect();
        let mut known = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            if known.insert(name.clone()) {
                let text = loaded.load(&format!("/page/{name}")).await;
                wanted.extend(imports(&name, &text));
            }
        }
        loaded
    }

    fn total(&self) -> usize {
        self.weights.iter().map(|(_, bytes)| bytes).sum()
    }

    #[track_caller]
    fn stays_within(mut self, budget: usize) {
        let total = self.total();
        self.weights.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        let largest: Vec<_> = self.weights.iter().take(12).collect();
        let files = self.weights.len();
        assert!(
            total <= budget,
            "{total} bytes in {files} answers, {budget} allowed; the largest: {largest:?}"
        );
    }
}

/// What stands between `before` and the next quote, wherever it occurs.
fn quoted(text: &str, before: &str) -> Vec<String> {
    let rest = text.split(before).skip(1);
    rest.filter_map(|rest| rest.split(['"', '\'']).next()).map(str::to_owned).collect()
}

/// The files that a script loads at once: its imports, without those of types, which are in
/// comments, and the shared worker.
fn imports(name: &str, text: &str) -> Vec<String> {
    let folder = name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*'])).collect();
    let code = code.join("\n");
    let beside = quoted(&code, " from './").into_iter().map(|file| format!("{folder}{file}"));
    beside.chain(quoted(&code, " from '../")).chain(quoted(&code, "new SharedWorker('page/")).collect()
}

/// An open load with Poisson arrivals until a moment.
async fn arrive(bench: Arc<Workbench>, mode: Mode, rate: f64, until: Instant) {
    let mut random = fastrand::Rng::with_seed(rate as u64);
    let mut at = Instant::now();
    while at < until {
        at += Duration::from_secs_f64(-(1.0 - random.f64()).ln() / rate);
        sleep_until(at).await;
        let bench = Arc::clone(&bench);
        spawn_local(async move {
            let request = bench.request(mode);
            let done = match mode {
                Mode::Serial => bench.serial(request.arrived()).await.is_ok(),
                Mode::Async => bench.spawn(request.arrived()).is_ok(),
                Mode::Pipelined => bench.enqueue(request.arrived()).await.is_ok(),
            };
            request.answered(done);
        });
    }
}

/// A bench whose history is full of random loads.
async fn after_ten_minutes(loads: &[(Mode, f64)]) -> Arc<Workbench> {
    let latency = "resource.latency={distribution=\"lognormal\", mean=\"30ms\", sigma=0.8, max=\"2s\"}";
    let bench = bench(&[latency, "consumers.concurrency=4"]);
    let until = Instant::now() + HISTORY;
    for (mode, rate) in loads {
        spawn_local(arrive(Arc::clone(&bench), *mode, *rate, until));
    }
    while Instant::now() < until {
        sleep(HISTORY_INTERVAL).await;
        bench.sample();
    }
    assert!(bench.recent_history().points.len() >= 2390);
    bench
}

#[tokio::test(start_paused = true)]
async fn a_load_of_the_page_is_within_its_budget_after_ten_minutes_of_two_random_loads() {
    let test = async {
        let bench = after_ten_minutes(&[(Mode::Serial, 20.0), (Mode::Pipelined, 40.0)]).await;
        let mut loaded = Loaded::page(&bench, "/").await;
        assert!(loaded.weights.len() > 40, "the page loads its scripts: {:?}", loaded.weights);
        // What the page asks for when it is there.
        let since = bench.snapshot().point.t - 1.0;
        loaded.load(&format!("/api/history?since={since}")).await;
        loaded.load("/api/load").await;
        loaded.stays_within(BUDGET);
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_load_of_the_jobs_lab_is_within_half_of_the_budget() {
    Loaded::page(&bench(&[]), "/jobs").await.stays_within(BUDGET / 2);
}

#[tokio::test]
async fn a_load_of_the_matches_lab_is_within_half_of_the_budget() {
    Loaded::page(&bench(&[]), "/matches").await.stays_within(BUDGET / 2);
}

#[tokio::test]
async fn a_load_of_the_rooms_lab_is_within_half_of_the_budget() {
    Loaded::page(&bench(&[]), "/rooms").await.stays_within(BUDGET / 2);
}

#[tokio::test]
async fn a_load_of_the_exercises_is_within_a_third_of_the_budget() {
    Loaded::page(&bench(&[]), "/exercises").await.stays_within(BUDGET / 3);
}
