//! Runs of an exercise in the matches lab: by theory, and with watchers on a server of its
//! own in this process.
//!
//! The events are shots, which the rules always allow, so the run decides when they go out.
//! Both sides share the machine, so exercises ask for ratios and counts rather than times.

mod apart;
mod theory;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::TrialError;
use super::lab::Found;
use crate::config::{Config, Sources};
use crate::exercise::Value;
use crate::exercise::format::WatchRun;
use crate::http;
use crate::lab::matches::{Action, Event, Half, LiveMatch, MatchesLab, Side};
use crate::load::watch::{WatchPlan, WatchTarget, watch};
use crate::record::WatchSide;
use crate::shutdown::StopToken;
use crate::workbench::Workbench;

pub use apart::{MEASURE_RUN, measure_told_run, set_program};
pub(super) use apart::{measure_apart, program};
pub(super) use theory::expected;

/// The figures of the matches lab.
pub(super) const NAMES: [&str; 14] = [
    // Watchers that were connected at once.
    "watchers",
    // Connects per second, and the median and the 99th percentile of ART.
    "connects_s",
    "art_ms",
    "art_p99_ms",
    // Watchers under way on average while they connect: connects per second times mean ART.
    "under_way",
    // Until the last watcher has an event: the median over the events, and the slowest 5 %,
    // which in bursts of ten are the last ones of each burst.
    "last_ms",
    "slowest_ms",
    // Memory of the process for each watcher, in kB and in MB for 10,000 of them.
    "kb",
    "mb_of_10000",
    // Events that were due, and the part of them that each reading watcher got, in percent.
    "due",
    "others_share",
    // Events that were lost for the watchers that read nothing, by what the server counts.
    "dropped",
    // Deliveries that wait for a watcher at the end.
    "behind",
    // `yes` or `no`: whether the server closed a watcher.
    "closed",
];

/// The longest time in which the watchers connect.
const CONNECTING: Duration = Duration::from_secs(15);
/// The time in which the last events arrive.
const ARRIVE: Duration = Duration::from_millis(300);
/// The pause between two looks at the number of watchers.
const LOOK: Duration = Duration::from_millis(10);
/// The scorer of the shots that miss: a starter of the home team.
const PLAYER: u8 = 9;

/// Measures a run on a server of its own.
fn measure(config: Config, run: &WatchRun, stop: &StopToken) -> Result<Found, TrialError> {
    let server = Server::start(config).map_err(TrialError::NoBench)?;
    let live = server.lab.default_match();
    let stop = stop.child_token();
    let publisher = server.runtime.spawn(publish(Arc::clone(&server.lab), live, run.clone(), stop.clone()));
    let target = WatchTarget::of_match(&server.base, server.lab.default_match().id())?;
    let plan = WatchPlan {
        transport: run.transport,
        watchers: run.watchers,
        ramp: None,
        duration: CONNECTING + Duration::from_secs_f64(2.0 * run.seconds) + ARRIVE,
        slow: run.slow,
        ..WatchPlan::default()
    };
    let watched = watch(&target, &plan, &stop, &mut |_| ());
    stop.cancel();
    let published = server.runtime.block_on(publisher).unwrap_or_default();
    Ok(figures(&watched?.side, &published, run))
}

/// What the publisher saw.
#[derive(Debug, Default)]
struct Published {
    /// Events that were due after the watchers were connected.
    due: u64,
    bytes_per_watcher: Option<u64>,
    dropped: u64,
    behind: u64,
    /// Whether fewer watchers were there at the end than at the beginning.
    has_closed: bool,
}

/// Publishes events until the time of the run is over, and then stops the watchers.
async fn publish(lab: Arc<MatchesLab>, live: Arc<LiveMatch>, run: WatchRun, stop: StopToken) -> Published {
    let begin = Event { minute: 1, action: Action::Begin { half: Half::First } };
    let shot = Event { minute: 1, action: Action::Shot { side: Side::Home, player: PLAYER } };
    let _ = live.apply(begin).await;
    let figures = || lab.snapshot_since(live.id(), u64::MAX);
    let are_connected = || figures().is_some_and(|now| now.now.watchers >= run.watchers as u64);
    let interval = Duration::from_secs_f64(f64::from(run.burst) / run.rate);
    let (began, mut connected, mut due) = (Instant::now(), None, Instant::now());
    let mut published = Published::default();
    while !stop.is_cancelled() {
        if connected.is_none() && (are_connected() || began.elapsed() > CONNECTING) {
            connected = Some(Instant::now());
            due = Instant::now();
        }
        let end = connected.map(|connected| connected + Duration::from_secs_f64(run.seconds));
        if end.is_some_and(|end| Instant::now() >= end) {
            break;
        }
        if connected.is_none() && !run.storm {
            sleep(LOOK).await;
            continue;
        }
        published.due += if connected.is_some() { u64::from(run.burst) } else { 0 };
        let burst = join_all((0..run.burst).map(|_| live.apply(shot)));
        // With `behind = "wait"` a slow watcher holds the event back.
        let patience = end.unwrap_or_else(|| Instant::now() + CONNECTING);
        let _ = timeout_at(patience, burst).await;
        due += interval;
        sleep_until(due.min(patience)).await;
    }
    if let Some(end) = connected.map(|connected| connected + Duration::from_secs_f64(run.seconds)) {
        published.due = published.due.max((run.rate * run.seconds) as u64);
        sleep_until(end).await;
    }
    sleep(ARRIVE).await;
    if let Some(now) = figures() {
        published.bytes_per_watcher = now.now.rss_per_watcher;
        (published.dropped, published.behind) = (now.ledger.dropped, now.ledger.behind);
        // A watcher that reads nothing does not see its end behind the unread bytes.
        published.has_closed = now.now.watchers < run.watchers as u64;
    }
    stop.cancel();
    published
}

fn figures(side: &WatchSide, published: &Published, run: &WatchRun) -> Found {
    let mut found = Found::new();
    let mut add = |name, number: Option<f64>| {
        if let Some(number) = number.filter(|number| number.is_finite()) {
            found.insert(name, Value::Number(number));
        }
    };
    let readers = (run.watchers - run.slow) as f64;
    add("watchers", Some(side.watchers as f64));
    add("connects_s", Some(side.connects_s));
    add("art_ms", side.art.quantile_ms(0.5));
    add("art_p99_ms", side.art.quantile_ms(0.99));
    add("under_way", side.art.mean_ms().map(|ms| side.connects_s * ms / 1e3));
    add("last_ms", side.last.quantile_ms(0.5));
    add("slowest_ms", side.last.quantile_ms(0.95));
    add("kb", published.bytes_per_watcher.map(|bytes| bytes as f64 / 1e3));
    add("mb_of_10000", published.bytes_per_watcher.map(|bytes| bytes as f64 / 100.0));
    add("due", Some(published.due as f64));
    if !run.storm {
        let got = side.deliveries as f64 / readers;
        add("others_share", Some(100.0 * got / published.due as f64));
    }
    add("dropped", Some(published.dropped as f64));
    add("behind", Some(published.behind as f64));
    let closed = if published.has_closed { "yes" } else { "no" };
    found.insert("closed", Value::Text(closed.to_owned()));
    found
}

/// A server with the matches lab on a free port, with a runtime of its own. Dropping it ends
/// both.
struct Server {
    runtime: Runtime,
    workbench: Arc<Workbench>,
    lab: Arc<MatchesLab>,
    base: String,
}

impl Server {
    fn start(config: Config) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (workbench, lab, base) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let workbench = Workbench::start(config, &Sources::default());
            let settings = workbench.settings();
            let lab = MatchesLab::start(&settings, workbench.registry(), http::match_transports());
            let router = http::router_with_matches(&workbench, &Arc::default(), &lab);
            let this = Arc::clone(&workbench);
            let limits = move || http::Limits::of(&this.settings());
            tokio::spawn(http::serve_within(listener, router, workbench.shutdown().clone(), limits));
            std::io::Result::Ok((workbench, lab, format!("http://{address}")))
        })?;
        Ok(Self { runtime, workbench, lab, base })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.workbench.shutdown().abort();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::exercise::FigureName;

    pub(super) fn run(text: &str) -> WatchRun {
        toml::from_str(&format!("name = \"r\"\n{text}")).unwrap()
    }

    pub(super) fn config(flags: &[&str]) -> Config {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Config { by_flag: Vec::new(), ..Sources { file: None, flags }.load().unwrap() }
    }

    pub(super) fn number(found: &Found, name: &str) -> f64 {
        match found.get(name) {
            Some(Value::Number(number)) => *number,
            other => panic!("{name}: {other:?} in {found:?}"),
        }
    }

    #[test]
    fn a_run_on_a_server_of_its_own_counts_what_each_watcher_gets() {
        let run = run("watchers = 20\nrate = 50\nseconds = 0.5\ntransport = \"sse\"");
        let found = measure(config(&["matches.shards=1"]), &run, &StopToken::new()).unwrap();
        assert_eq!((number(&found, "watchers"), number(&found, "due")), (20.0, 25.0));
        assert!((50.0..=110.0).contains(&number(&found, "others_share")), "{found:?}");
        assert!(number(&found, "last_ms") > 0.0 && number(&found, "art_ms") > 0.0, "{found:?}");
        assert_eq!(found["closed"], Value::Text("no".to_owned()));
        assert!(found.keys().all(|name| NAMES.contains(name)));
    }

    #[test]
    fn a_figure_of_the_lab_is_named_below_watch() {
        let name: FigureName = "r.watch.last_ms".parse().unwrap();
        assert_eq!((name.load.as_str(), name.to_string().as_str()), ("r", "r.watch.last_ms"));
        let why = "r.watch.speed".parse::<FigureName>().unwrap_err().to_string();
        assert!(why.starts_with("\"speed\" is not a figure of the matches lab: expected one of"), "{why}");
    }
}
