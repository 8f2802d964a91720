//! A process that owns a name is killed, or stopped for longer than its lease.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};
use weir_nats::{AppendError, Nats, Registry};

use crate::registry::{LEASE, open, options};
use crate::servers::Servers;

/// Tells the process which name to own: address, servers, name.
const OWNER: &str = "WEIR_NATS_OWNER";

/// The process: it claims the name, appends to its log as fast as it can, and says so. It ends when
/// another generation has taken over. Does nothing as a test of its own.
#[test]
fn the_process_that_owns() {
    let Ok(what) = std::env::var(OWNER) else { return };
    let what: Vec<&str> = what.split(' ').collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let nats = Nats::connect(what[0], "owner").await.unwrap();
        let registry = Registry::open(&nats, options(what[1].parse().unwrap(), "owner")).await.unwrap();
        let claim = registry.claim(what[2]).await.unwrap();
        println!("\nowns {}", claim.generation());
        loop {
            match claim.append("a move").await {
                Ok(number) => println!("\nack {number}"),
                Err(AppendError::Fenced { by }) => return println!("\nfenced {by}"),
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    });
}

struct Owner {
    child: Child,
    said: std::sync::mpsc::Receiver<(String, u64)>,
}

impl Owner {
    /// Starts the process, and waits until it owns the name.
    fn start(url: &str, count: usize, name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "owner::the_process_that_owns", "--nocapture", "--test-threads=1"])
            .env(OWNER, format!("{url} {count} {name}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (says, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some((what, number)) = line.split_once(' ')
                    && let Ok(number) = number.parse()
                {
                    _ = says.send((what.to_owned(), number));
                }
            }
        });
        let owner = Self { child, said };
        assert_eq!(owner.said.recv_timeout(Duration::from_secs(20)).unwrap(), ("owns".to_owned(), 1));
        owner
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Kills the process that owns a name, and measures how long the name has no owner.
async fn rehosted(count: usize) {
    const KILLS: usize = 5;
    let servers = Servers::start(count).await;
    let challenger = open(&servers, count, "challenger").await;
    let mut times = Vec::new();
    for kill in 0..KILLS {
        let name = format!("room-{kill}");
        let owner = Owner::start(&servers.url(), count, &name);
        let claim = {
            let (challenger, name) = (challenger.clone(), name.clone());
            tokio::spawn(async move { challenger.claim(&name).await })
        };
        // The owner is left alone for longer than a lease: it keeps the name.
        sleep(LEASE * 3 / 2).await;
        assert!(!claim.is_finished(), "the owner lives");
        drop(owner);
        let killed = Instant::now();
        let claim = claim.await.unwrap().unwrap();
        claim.append("goes on").await.unwrap();
        times.push(killed.elapsed());
        assert_eq!(claim.generation(), 2);
    }
    times.sort();
    println!("{count} servers, lease {LEASE:?}, owner killed: the next one acknowledges after {times:.2?}");
    // The last beat is at most a third of a lease old at the kill.
    assert!(times.iter().all(|time| (LEASE * 6 / 10..LEASE * 2).contains(time)), "{times:?}");
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_name_of_a_killed_process_is_owned_again_after_a_lease_on_one_server() {
    rehosted(1).await;
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_name_of_a_killed_process_is_owned_again_after_a_lease_on_three_servers() {
    rehosted(3).await;
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_owner_that_was_stopped_past_its_lease_writes_nothing_more() {
    let servers = Servers::start(1).await;
    let challenger = open(&servers, 1, "challenger").await;
    for round in 0..4 {
        let name = format!("room-{round}");
        let owner = Owner::start(&servers.url(), 1, &name);
        let mut acknowledged = Vec::new();
        while acknowledged.len() < 50 {
            let (what, number) = owner.said.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(what, "ack");
            acknowledged.push(number);
        }
        owner.signal(Signal::STOP);
        let claim = challenger.claim(&name).await.unwrap();
        assert_eq!(claim.generation(), 2);
        claim.append("goes on").await.unwrap();
        owner.signal(Signal::CONT);
        loop {
            match owner.said.recv_timeout(Duration::from_secs(10)).unwrap() {
                (what, number) if what == "ack" => acknowledged.push(number),
                end => {
                    assert_eq!(end, ("fenced".to_owned(), 2));
                    break;
                }
            }
        }
        let entries = claim.log().read_from(0).await.unwrap();
        let numbers: Vec<u64> = entries.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>());
        assert!(entries.is_sorted_by_key(|entry| entry.generation), "nothing of generation 1 after 2");
        let of_old = |number: &u64| entries[*number as usize - 1].generation == 1;
        assert!(acknowledged.iter().all(of_old), "what it acknowledged is in the log");
        println!("{} acknowledged before the stop, {} entries", acknowledged.len(), entries.len());
    }
}
