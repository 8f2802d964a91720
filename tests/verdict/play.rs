use std::sync::Arc;
use std::time::Duration;

use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{Instant, sleep, sleep_until};
use weir::config::Sources;
use weir::pipeline::Clock;
use weir::record::Mode;
use weir::workbench::{Word, Workbench};

use super::case::{Case, State};
use crate::workbench::request;

/// Time scale of a simulation: a microsecond is a millisecond of tokio time.
const STRETCH: u32 = 1000;
/// Half as often as the server: most of the time goes into looking.
const LOOK: Duration = Duration::from_millis(500);

/// A verdict at a time, in seconds since the start.
pub(crate) struct Said {
    pub(crate) t: f64,
    pub(crate) word: Word,
    pub(crate) cause: String,
}

/// Plays a case, and listens twice a second.
pub(crate) fn play(case: &Case) -> Vec<Said> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, listen(case))
}

async fn listen(case: &Case) -> Vec<Said> {
    let clock = Clock::scaled(STRETCH);
    let bench = Workbench::by_clock(case.config(), &Sources::default(), clock);
    let stage = Arc::clone(&bench);
    let (states, poisson, seed) = (case.states.clone(), case.poisson, case.seed);
    let began = Instant::now();
    let director = spawn_local(async move {
        let mut at = began;
        let mut last = states[0];
        for state in states {
            change(&stage, last, state).await;
            let until = at + clock.to_tokio(Duration::from_secs_f64(state.seconds));
            for (mode, rate) in [(Mode::Pipelined, state.pipelined), (Mode::Async, state.spawned)] {
                if rate > 0.0 {
                    spawn_local(arrive(Arc::clone(&stage), clock, mode, rate, poisson, seed, until));
                }
            }
            for _ in 0..state.clients {
                spawn_local(ask(Arc::clone(&stage), until));
            }
            sleep_until(until).await;
            (at, last) = (until, state);
        }
    });
    let mut said = Vec::new();
    while !director.is_finished() {
        sleep(clock.to_tokio(LOOK)).await;
        bench.sample();
        let verdict = bench.verdict();
        said.push(Said { t: clock.now().as_secs(), word: verdict.word, cause: verdict.cause });
    }
    said
}

async fn change(bench: &Workbench, from: State, to: State) {
    if from.concurrency != to.concurrency {
        bench.set("consumers.concurrency", &to.concurrency.to_string()).await.unwrap();
    }
    match (from.paused, to.paused) {
        (false, true) => bench.pause().await,
        (true, false) => bench.resume(),
        _ => {}
    }
}

/// An open load until a moment.
async fn arrive(
    bench: Arc<Workbench>,
    clock: Clock,
    mode: Mode,
    rate: f64,
    poisson: bool,
    seed: u64,
    until: Instant,
) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut at = Instant::now();
    loop {
        let gap = if poisson { -(1.0 - random.f64()).ln() } else { 1.0 };
        at += clock.to_tokio(Duration::from_secs_f64(gap / rate));
        if at >= until {
            return;
        }
        sleep_until(at).await;
        let bench = Arc::clone(&bench);
        spawn_local(async move {
            let _ = request(&bench, mode).await;
        });
    }
}

/// A client that asks again as soon as it is answered.
async fn ask(bench: Arc<Workbench>, until: Instant) {
    while Instant::now() < until {
        let _ = request(&bench, Mode::Serial).await;
        yield_now().await;
    }
}
