//! A pool of no-op events against a `JoinSet` with the same limit, in both
//! modes. The budget is 80 % of its events a second.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::Instant;
use weir::demand::Limits;
use weir::pool::{Mode, Pool, PoolSettings};
use weir::stage::{self, Producer};

const ROUNDS: usize = 9;
const EVENTS: u64 = 500_000;

fn main() {
    let one = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let two = tokio::runtime::Builder::new_multi_thread().enable_time().build().expect("a runtime");
    for (name, runtime) in [("1 thread", one), ("2 threads", two)] {
        println!(
            "no-op events through a pool, {name}: million/s and JoinSet's, medians of {ROUNDS} rounds"
        );
        for concurrency in [50, 1000] {
            for (mode, max_demand) in [(Mode::PerEvent, 1), (Mode::Workers, 1), (Mode::Workers, 20)] {
                compare(&runtime, concurrency, mode, max_demand);
            }
        }
    }
}

fn compare(runtime: &Runtime, concurrency: usize, mode: Mode, max_demand: usize) {
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let settings = PoolSettings {
            concurrency,
            mode,
            limits: Limits::new(max_demand, 0).expect("valid limits"),
            recall: true,
        };
        let pool = rate(runtime, through_pool(settings));
        let join_set = rate(runtime, through_join_set(concurrency));
        ours.push(pool);
        theirs.push(join_set);
        ratios.push(pool / join_set);
    }
    println!(
        "  {:<9} at most {concurrency:<5} max_demand {max_demand:<3} {:>6.2} of {:>6.2}   ratio {:.2}",
        mode.to_string(),
        median(ours),
        median(theirs),
        median(ratios)
    );
}

fn rate(runtime: &Runtime, work: impl Future<Output = Duration> + Send + 'static) -> f64 {
    let took = runtime.block_on(runtime.spawn(work)).expect("no panic");
    EVENTS as f64 / took.as_secs_f64() / 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Count(u64);

impl Producer for Count {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        let first = self.0;
        self.0 = EVENTS.min(first + demand as u64);
        (first < self.0).then(|| (first..self.0).collect())
    }
}

async fn through_pool(settings: PoolSettings) -> Duration {
    let start = Instant::now();
    let producer = stage::producer(Count(0)).spawn();
    let handler = async |event: u64| {
        std::hint::black_box(event);
    };
    Pool::spawn(producer.producer(), handler, settings).ended().await;
    start.elapsed()
}

async fn through_join_set(limit: usize) -> Duration {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for event in 0..EVENTS {
        if running.len() == limit {
            running.join_next().await;
        }
        running.spawn(async move {
            std::hint::black_box(event);
        });
    }
    while running.join_next().await.is_some() {}
    start.elapsed()
}
