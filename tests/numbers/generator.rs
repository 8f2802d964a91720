use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use weir::load::{Answer, Connection, Driver, Progress, RequestError, Target, Time};
use weir::pipeline::Clock;
use weir::record::{Arrivals, ClientSide, Model, Plan, Profile, RequestPlan, Timing};
use weir::shutdown::StopToken;

mod random;

/// How an exchange goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    /// An answer with this status after this many milliseconds.
    Answer(u16, u64),
    /// An answer after this many milliseconds, and then the target closes the connection.
    Close(u64),
    /// An answer after this many milliseconds, and then the server closes the idle
    /// connection.
    IdleClose(u64),
    /// The server closes the connection when the request comes.
    Unanswered,
    /// The exchange breaks after this many milliseconds.
    Break(u64),
    /// There is never an answer.
    Hang,
}

/// What a target was asked for.
#[derive(Debug, Default)]
struct Asked {
    /// When each request came, since the beginning.
    at: RefCell<Vec<Duration>>,
    connections: Cell<usize>,
    under_way: Cell<usize>,
    /// The most at once.
    peak: Cell<usize>,
}

/// A target with a script: what happens to the n-th request.
#[derive(Clone)]
struct Scripted {
    act: Rc<dyn Fn(usize) -> Act>,
    /// Whether the n-th connection can be made.
    connects: fn(usize) -> bool,
    asked: Rc<Asked>,
    began: Instant,
    is_open: bool,
}

/// Counts down also when an exchange is given up.
struct UnderWay(Rc<Asked>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

impl Target for Scripted {
    type Connection = Self;

    async fn connect(&self) -> Result<Self, RequestError> {
        let n = self.asked.connections.replace(self.asked.connections.get() + 1);
        // Also what fails takes a moment, as on a network.
        sleep(TIME_SCALE * Duration::from_millis(u64::from(!(self.connects)(n)))).await;
        if (self.connects)(n) { Ok(self.clone()) } else { Err(RequestError::Connect("refused".to_owned())) }
    }
}

impl Connection for Scripted {
    fn is_open(&self) -> bool {
        self.is_open
    }

    async fn exchange(&mut self) -> Result<Answer, RequestError> {
        let asked = &self.asked;
        let n = asked.at.borrow().len();
        asked.at.borrow_mut().push((Instant::now() - self.began) / TIME_SCALE);
        asked.under_way.set(asked.under_way.get() + 1);
        asked.peak.set(asked.peak.get().max(asked.under_way.get()));
        let _under_way = UnderWay(Rc::clone(asked));
        let wait = |ms: u64| sleep(TIME_SCALE * Duration::from_millis(ms));
        let answer = |status, reusable| Answer { status, bytes: 10, reusable };
        match (self.act)(n) {
            Act::Answer(status, ms) => {
                wait(ms).await;
                Ok(answer(status, true))
            }
            Act::Close(ms) => {
                wait(ms).await;
                Ok(answer(200, false))
            }
            Act::IdleClose(ms) => {
                self.is_open = false;
                wait(ms).await;
                Ok(answer(200, true))
            }
            Act::Unanswered => Err(RequestError::Unanswered("closed before an answer".to_owned())),
            Act::Break(ms) => {
                wait(ms).await;
                Err(RequestError::Broken("reset".to_owned()))
            }
            Act::Hang => std::future::pending().await,
        }
    }
}

/// Time scale of a simulation, because tokio's timers have 1 ms resolution.
const TIME_SCALE: u32 = 1000;

/// The result of a load.
struct Made {
    client: ClientSide,
    asked: Rc<Asked>,
    progress: Vec<Progress>,
}

impl Made {
    /// Makes the load, and stops it after `stop_ms` milliseconds if given.
    fn of(
        plan: &Plan,
        stop_ms: Option<u64>,
        connects: fn(usize) -> bool,
        act: impl Fn(usize) -> Act + 'static,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let asked = Rc::new(Asked::default());
            let stop = StopToken::new();
            if let Some(ms) = stop_ms {
                let stop = stop.clone();
                tokio::task::spawn_local(async move {
                    sleep(TIME_SCALE * Duration::from_millis(ms)).await;
                    stop.cancel();
                });
            }
            let mut progress = Vec::new();
            let driver = Driver {
                clock: Clock::scaled(TIME_SCALE),
                time: Time::Virtual,
                server: None,
                refusals: vec![503],
                stop,
                watch: &mut |so_far| progress.push(*so_far),
            };
            let (asked_by, began) = (Rc::clone(&asked), Instant::now());
            let target = Scripted { act: Rc::new(act), connects, asked: asked_by, began, is_open: true };
            let client = driver.run(target, plan).await.unwrap();
            let made = Self { client, asked, progress };
            made.balances();
            made
        })
    }

    /// What is always so.
    fn balances(&self) {
        let ClientSide { sent, ok, refused, failed, aborted, .. } = self.client;
        assert_eq!(sent, ok + refused + failed + aborted, "{:?}", self.client);
        let ClientSide { statuses, errors, service, .. } = &self.client;
        assert_eq!(statuses.values().sum::<u64>(), ok + refused + failed);
        assert_eq!(errors.values().sum::<u64>(), aborted);
        let counted = [&service.ok, &service.refused, &service.failed].map(|times| times.count().unwrap());
        assert_eq!(counted, [ok, refused, failed]);
        let column =
            |name: &str| self.client.series.columns.get(name).into_iter().flatten().flatten().sum::<f64>();
        assert_eq!(
            ["ok", "refused", "failed", "aborted"].map(column),
            [ok, refused, failed, aborted].map(|n| n as f64)
        );
        for watched in &self.progress {
            let Progress { sent, answered, aborted, in_flight, .. } = *watched;
            assert_eq!(sent, answered + aborted + in_flight as u64, "{watched:?}");
        }
    }
}

fn good(_: usize) -> bool {
    true
}

fn closed(clients: &str, requests: Option<u64>) -> Plan {
    let clients = Profile::parse(clients, None).unwrap();
    Plan { model: Model::Closed { clients }, requests, request: RequestPlan::default() }
}

fn open(rate: f64, seconds: f64, connections: usize) -> Plan {
    let rate = Profile::constant(rate, Some(seconds));
    let model = Model::Open { rate, arrivals: Arrivals::Constant, seed: 1, connections };
    Plan { model, requests: None, request: RequestPlan::default() }
}

fn ms(timing: &Timing, share: f64) -> f64 {
    timing.quantile_ms(share).unwrap()
}

#[test]
fn a_closed_load_sends_exactly_as_many_as_it_is_told() {
    for (clients, requests) in [("1", 1), ("1", 7), ("7", 7), ("50", 7), ("7", 50), ("7", 1000)] {
        let made = Made::of(&closed(clients, Some(requests)), None, good, |_| Act::Answer(200, 10));
        let clients: u64 = clients.parse().unwrap();
        assert_eq!((made.client.ok, made.asked.at.borrow().len()), (requests, requests as usize));
        assert_eq!(made.asked.peak.get() as u64, clients.min(requests));
        // In rounds of one for each client, on a connection each.
        assert_eq!(made.client.seconds, requests.div_ceil(clients) as f64 / 100.0);
        assert_eq!(made.asked.connections.get() as u64, clients.min(requests));
    }
}

#[test]
fn clients_come_and_go_with_the_profile() {
    // 5 for a second, 2 for a second, then one more each second, from 0 to 4.
    let plan = closed("5:1s,2:1s,0..4:4s", None);
    let made = Made::of(&plan, None, good, |_| Act::Answer(200, 10));
    let mut seconds = [0u32; 6];
    for at in made.asked.at.borrow().iter() {
        seconds[at.as_secs() as usize] += 1;
    }
    // A hundred a second each. A client that sits out checks every millisecond, and first
    // finishes the request it has begun: up to one request each.
    for (second, (&count, clients)) in seconds.iter().zip([5, 2, 1, 2, 3, 4]).enumerate() {
        assert!(count.abs_diff(clients * 100) <= 5, "{count} in second {second}: {seconds:?}");
    }
    assert!(made.client.seconds >= 6.0 && made.client.seconds < 6.011, "{}", made.client.seconds);
}

#[test]
fn an_open_load_is_sent_when_it_is_due_to_the_microsecond() {
    for arrivals in [Arrivals::Constant, Arrivals::Poisson, Arrivals::Burst(7)] {
        let mut plan = open(333.0, 4.0, 1000);
        let Model::Open { rate, arrivals: how, seed, .. } = &mut plan.model else {
            unreachable!("an open plan")
        };
        (*how, *rate) = (arrivals, Profile::parse("333:2s,100..700:2s", None).unwrap());
        let due: Vec<_> = weir::load::Schedule::new(rate, arrivals, *seed).collect();
        let made = Made::of(&plan, None, good, |n| Act::Answer(200, n as u64 % 100));
        let at = made.asked.at.borrow();
        assert_eq!(at.len(), due.len());
        let late = at.iter().zip(&due).map(|(at, due)| at.checked_sub(*due).expect("none is early"));
        assert!(late.max().unwrap() <= Duration::from_micros(1), "{arrivals}");
        assert!(ms(made.client.lag.as_ref().unwrap(), 1.0) <= 0.001);
        assert_eq!(made.client.response.unwrap().ok.count(), made.client.service.ok.count());
    }
}

#[test]
fn a_wait_for_a_connection_counts_on_the_response_clock_only() {
    // 100 a second for a second and 40 ms each on 2 connections, 50 a second: the
    // n-th is due after 10 n ms and is sent in round n / 2, after 40 (n / 2).
    let made = Made::of(&open(100.0, 1.0, 2), None, good, |_| Act::Answer(200, 40));
    let ClientSide { ok, seconds, service, response, in_flight, in_flight_due, .. } = made.client;
    let response = response.unwrap().ok;
    assert_eq!((ok, made.asked.peak.get(), made.asked.connections.get()), (100, 2, 2));
    assert!((seconds - 2.01).abs() < 1e-3, "the second connection is 10 ms behind: {seconds}");
    assert!((ms(&service.ok, 0.0), ms(&service.ok, 1.0)) < (40.001, 40.04), "{:?}", service.ok.summary());
    // The n-th of each connection is due 20 ms after the one before, and sent 40.
    let longest = 40.0 + 49.0 * 20.0;
    assert!((ms(&response, 1.0) / longest - 1.0).abs() < 1e-3, "{:?}", response.summary());
    assert!((ms(&response, 0.5) / (40.0 + 24.0 * 20.0) - 1.0).abs() < 1e-3, "{:?}", response.summary());
    // Little's law by both clocks: the sums of the times by the time.
    assert!((in_flight - 100.0 * 0.04 / seconds).abs() < 1e-3, "{in_flight}");
    let due = (0..50).map(|n| 2.0 * (0.04 + 0.02 * f64::from(n))).sum::<f64>();
    assert!((in_flight_due.unwrap() - due / seconds).abs() < 1e-3, "{in_flight_due:?}");
}

#[test]
fn a_request_that_takes_too_long_is_aborted_and_its_connection_replaced() {
    let mut plan = closed("1", Some(10));
    plan.request.timeout_s = 0.1;
    let made = Made::of(&plan, None, good, |n| if n % 5 == 4 { Act::Hang } else { Act::Answer(200, 30) });
    assert_eq!((made.client.ok, made.client.aborted), (8, 2));
    assert_eq!(made.client.errors, BTreeMap::from([("timed out".to_owned(), 2)]));
    assert_eq!(made.client.seconds, 8.0 * 0.03 + 2.0 * 0.1);
    // The last one that hung needed no other.
    assert_eq!((made.asked.connections.get(), made.asked.under_way.get()), (2, 0));
}

#[test]
fn no_connection_is_a_reason_and_the_next_request_tries_again() {
    let made = Made::of(&closed("1", Some(9)), None, |n| n % 3 == 2, |_| Act::Close(10));
    assert_eq!((made.client.ok, made.client.aborted), (3, 6));
    assert_eq!(made.client.errors, BTreeMap::from([("cannot connect: refused".to_owned(), 6)]));
    assert_eq!((made.asked.connections.get(), made.asked.at.borrow().len()), (9, 3));
}

#[test]
fn an_idle_connection_that_the_server_has_closed_costs_no_request() {
    let made = Made::of(&closed("1", Some(9)), None, good, |_| Act::IdleClose(10));
    assert_eq!((made.client.ok, made.client.repeated), (9, 0));
    assert_eq!((made.asked.connections.get(), made.asked.at.borrow().len()), (9, 9));
}

#[test]
fn a_request_that_meets_the_close_of_its_connection_is_sent_once_more_if_that_is_safe() {
    let every_third = |n| if n % 3 == 2 { Act::Unanswered } else { Act::Answer(200, 10) };
    let made = Made::of(&closed("1", Some(10)), None, good, every_third);
    assert_eq!((made.client.sent, made.client.ok, made.client.repeated), (10, 10, 4));
    assert_eq!((made.asked.connections.get(), made.asked.at.borrow().len()), (5, 14));
    let mut post = closed("1", Some(10));
    post.request.method = "POST".to_owned();
    let made = Made::of(&post, None, good, every_third);
    assert_eq!((made.client.ok, made.client.aborted, made.client.repeated), (7, 3, 0));
    // On a new connection no close can have been on its way.
    let made = Made::of(&closed("1", Some(10)), None, good, |_| Act::Unanswered);
    assert_eq!((made.client.aborted, made.client.repeated, made.asked.at.borrow().len()), (10, 0, 10));
}

#[test]
fn clients_that_cannot_connect_pause_before_they_try_again() {
    let unreachable = Made::of(&closed("2", Some(10)), None, |_| false, |_| Act::Close(1));
    assert_eq!(unreachable.client.aborted, 10);
    // Five tries of each, a millisecond and a pause of 100 each.
    assert!((unreachable.client.seconds - 0.405).abs() < 1e-3, "{}", unreachable.client.seconds);
    // Five hundred try once in half a second: a thousand times a second together.
    let many = Made::of(&closed("500", Some(1500)), None, |_| false, |_| Act::Close(1));
    assert!((many.client.seconds - 1.003).abs() < 1e-3, "{}", many.client.seconds);
}

#[test]
fn a_stop_in_the_middle_aborts_what_is_under_way_and_counts_what_is_due() {
    let slow = |_| Act::Answer(200, 300);
    let made = Made::of(&closed("7", Some(1000)), Some(1000), good, slow);
    assert_eq!((made.client.sent, made.client.ok, made.client.aborted), (28, 21, 7));
    assert!(made.client.interrupted);
    assert_eq!((made.client.seconds, made.client.unsent), (1.0, 0));
    assert!((made.client.in_flight - 7.0).abs() < 1e-9, "{}", made.client.in_flight);
    // 50 a second, 10 of 3 connections: at 1005 ms 51 were due, 3 rounds of 3 done.
    let made = Made::of(&open(50.0, 60.0, 3), Some(1005), good, slow);
    assert_eq!((made.client.ok, made.client.aborted, made.client.unsent), (9, 3, 51 - 12));
    assert_eq!(made.client.errors, BTreeMap::from([("the load ended first".to_owned(), 3)]));
}

#[test]
fn progress_is_told_four_times_a_second_and_its_rate_once() {
    // A round of 4 every 40 ms.
    let act = |n| Act::Answer(if n % 4 == 0 { 503 } else { 200 }, 40);
    let made = Made::of(&closed("4", Some(200)), None, good, act);
    let seen: Vec<_> = made.progress.iter().map(|now| (now.seconds, now.rate, now.in_flight)).collect();
    assert_eq!(seen[..3], [(0.25, None, 4), (0.5, None, 4), (0.75, None, 4)]);
    // 25 rounds in the first second; the last of them may end with the look.
    let rate = seen[4].1;
    assert!(rate.is_some_and(|rate| (96.0..=100.0).contains(&rate)), "{seen:?}");
    assert!(seen[4..7].iter().all(|(_, other, _)| *other == rate), "{seen:?}");
    let half = made.progress[1];
    assert_eq!((half.sent, half.answered, half.refused, half.failed, half.aborted), (52, 48, 12, 0, 0));
    assert!((half.p50_ms / 40.0 - 1.0).abs() < 1e-3 && half.p99_ms >= half.p50_ms);
}
