//! What measuring costs: an event's five stamps, its way through the ledger, and its
//! three times in histograms. The budget is 200 ns an event.
//!
//! It is what the bench does for each event besides moving it: accepted, taken in
//! hand, started, settled, recorded. All threads share one account and the same
//! histograms, as the bench's threads do. The rows differ in what is left out, so
//! that one sees what the parts cost; the last is the clock alone. Times are made
//! up, between zero and eight milliseconds, so that recording meets as many buckets
//! as it does under load. Only the time that a thread had a core counts, where the
//! system says it, so that other programs do not. Arguments as in `support`:
//! `rounds=31`.

mod support;

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use metrics::Key;
use tokio::time::Instant;
use weir::load::ThreadCpu;
use weir::metrics::{PerThreadHistogram, Registry};
use weir::pipeline::{Account, Clock, Event, Outcome, Stamp, Ticket};

use self::support::{median, quantile, rounds};

const EVENTS: u64 = 1_000_000;
const BUDGET: f64 = 200.0;

/// What is measured, of an event with this number.
type Part = fn(&Bench, u64);

/// What all threads share.
struct Bench {
    clock: Clock,
    account: Arc<Account>,
    times: [Arc<PerThreadHistogram>; 3],
}

impl Bench {
    fn new() -> Self {
        let registry = Registry::new();
        let names =
            ["weir_event_wait_seconds", "weir_event_service_seconds", "weir_event_response_seconds"];
        let times = names.map(|name| registry.histogram(&Key::from_static_name(name)));
        Self { clock: Clock::start(), account: Arc::default(), times }
    }

    /// All of it.
    fn event(&self, id: u64) {
        let arrived = self.clock.now();
        let [wait, service] = made_up(id);
        self.account.accept(arrived);
        let event = Event { id, arrived, accepted: self.clock.now() };
        let mut ticket = Ticket::dispatched(event, self.clock.now(), Arc::clone(&self.account));
        ticket.start(self.clock.now().after(wait));
        let times = ticket.settle(Outcome::Done, self.clock.now().after(wait + service));
        self.times[0].record_duration(times.wait);
        self.times[1].record_duration(times.service);
        self.times[2].record_duration(times.response);
    }

    /// The ledger's part, without a clock.
    fn ledger(&self, id: u64) {
        let arrived = Stamp::from_nanos(id);
        self.account.accept(arrived);
        let event = Event { id, arrived, accepted: arrived };
        let mut ticket = Ticket::dispatched(event, arrived, Arc::clone(&self.account));
        ticket.start(arrived);
        black_box(ticket.settle(Outcome::Done, arrived));
    }

    /// The histograms' part.
    fn histograms(&self, id: u64) {
        let [wait, service] = made_up(id);
        self.times[0].record_duration(wait);
        self.times[1].record_duration(service);
        self.times[2].record_duration(wait + service);
    }

    /// The five stamps.
    fn clock(&self, _: u64) {
        for _ in 0..5 {
            black_box(self.clock.now());
        }
    }
}

/// Two times below four milliseconds, each event others.
fn made_up(id: u64) -> [Duration; 2] {
    [0x9e37_79b9, 0x85eb_ca6b].map(|odd| Duration::from_micros(id.wrapping_mul(odd) >> 20 & 0xfff))
}

fn main() {
    let parts: [(&str, Part); 4] = [
        ("an event, stamped and recorded", Bench::event),
        ("  of which: the ledger", Bench::ledger),
        ("  three histograms", Bench::histograms),
        ("  five readings of the clock", Bench::clock),
    ];
    println!("what measuring costs, {} rounds; the budget is {BUDGET} ns an event", rounds());
    for (threads, name) in [(1, "1 thread"), (2, "2 threads")] {
        println!("ns an event, {name}");
        let mut costs: [Vec<f64>; 4] = Default::default();
        for _ in 0..rounds() {
            for ((_, part), costs) in parts.iter().zip(&mut costs) {
                costs.push(round(threads, *part));
            }
        }
        for ((name, _), mut costs) in parts.iter().zip(costs) {
            println!(
                "  {name:<34} {:>8.1}   ({:.1}-{:.1})",
                median(&mut costs),
                quantile(&mut costs, 0.25),
                quantile(&mut costs, 0.75)
            );
        }
    }
}

/// Nanoseconds of a thread for each of its events, in the mean of all threads.
fn round(threads: u64, part: Part) -> f64 {
    let (bench, start) = (Bench::new(), Barrier::new(threads as usize));
    let work = |thread: u64| {
        let (bench, start) = (&bench, &start);
        move || {
            start.wait();
            let (began, before) = (Instant::now(), ThreadCpu::now());
            for id in 0..EVENTS {
                part(bench, black_box(thread * EVENTS + id));
            }
            ThreadCpu::now().since(&before).cpu.unwrap_or(began.elapsed())
        }
    };
    let took: Duration = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    took.as_secs_f64() * 1e9 / (threads * EVENTS) as f64
}
