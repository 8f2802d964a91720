//! The registry on one server and on three.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::time::{Instant, sleep, timeout};
use weir_nats::{AppendError, ClaimError, NatsError, Registry, RegistryOptions};

use crate::servers::Servers;

pub(crate) const LEASE: Duration = Duration::from_secs(1);

pub(crate) fn options(servers: usize, node: &str) -> RegistryOptions {
    RegistryOptions { node: node.to_owned(), lease: LEASE, replicas: servers, ..RegistryOptions::default() }
}

/// Opens the registry of a node with a connection of its own. A cluster takes some seconds to begin.
pub(crate) async fn open(servers: &Servers, count: usize, node: &str) -> Registry {
    let nats = servers.connect(node).await;
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match Registry::open(&nats, options(count, node)).await {
            Ok(registry) => return registry,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn twenty_claims(count: usize) {
    const ROUNDS: usize = 20;
    let servers = Servers::start(count).await;
    let mut registries = Vec::new();
    for node in 0..20 {
        registries.push(open(&servers, count, &format!("node {node}")).await);
    }
    let began = Instant::now();
    for round in 0..ROUNDS {
        let together = Arc::new(Barrier::new(registries.len()));
        let claims = registries.iter().map(|registry| {
            let (registry, together) = (registry.clone(), Arc::clone(&together));
            tokio::spawn(async move {
                together.wait().await;
                registry.try_claim(&format!("room {round}")).await
            })
        });
        let mut won = Vec::new();
        for claim in futures::future::join_all(claims).await {
            match claim.unwrap() {
                Ok(claim) => won.push(claim),
                Err(ClaimError::Taken(place)) => assert_eq!(place.generation, 1),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won.len(), 1, "round {round}");
        assert_eq!(won[0].generation(), 1);
        let place = registries[0].whereis(won[0].name()).await.unwrap().unwrap();
        assert!(place.node.starts_with("node ") && place.generation == 1);
        // Kept, so that nothing is released while others look.
        won.into_iter().for_each(std::mem::forget);
    }
    println!(
        "{count} servers: {ROUNDS} rounds of 20 claims, {:?} a round",
        began.elapsed() / ROUNDS as u32
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server"]
async fn one_of_twenty_claims_wins_on_one_server() {
    twenty_claims(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server"]
async fn one_of_twenty_claims_wins_on_three_servers() {
    twenty_claims(3).await;
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_released_name_and_those_of_a_stopped_node_are_free_at_once() {
    let servers = Servers::start(1).await;
    let (a, b) = (open(&servers, 1, "a").await, open(&servers, 1, "b").await);
    assert_eq!(a.whereis("blue").await.unwrap(), None);

    let claim = a.try_claim("blue").await.unwrap();
    let place = b.whereis("blue").await.unwrap().unwrap();
    assert_eq!((&*place.node, place.generation, place.is_here), ("a", 1, false));
    assert!(a.whereis("blue").await.unwrap().unwrap().is_here);
    assert!(matches!(b.try_claim("blue").await, Err(ClaimError::Taken(taken)) if taken == place));
    assert!(matches!(a.try_claim("blue").await, Err(ClaimError::Taken(taken)) if taken.is_here));
    // A node that waits for the name names its owner as well.
    tokio::select! {
        biased;
        claimed = b.claim("blue") => panic!("{claimed:?}"),
        tried = b.try_claim("blue") => {
            assert!(matches!(tried, Err(ClaimError::Taken(taken)) if taken == place));
        }
    }
    claim.release().await.unwrap();
    assert_eq!(b.whereis("blue").await.unwrap(), None);

    let claim = b.try_claim("blue").await.unwrap();
    assert_eq!(claim.generation(), 3, "generation 2 says that it was released");
    drop(claim);
    // It is given up in the background.
    let claim = timeout(LEASE / 2, a.claim("blue")).await.unwrap().unwrap();

    a.stop().await.unwrap();
    assert!(!claim.is_valid());
    let began = Instant::now();
    let claim = b.try_claim("blue").await.unwrap();
    assert!(claim.is_valid() && began.elapsed() < LEASE / 2);
    assert!(matches!(a.try_claim("green").await, Err(ClaimError::Stopped)));
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_log_goes_on_over_generations_and_refuses_a_stale_owner() {
    let servers = Servers::start(1).await;
    let (a, b) = (open(&servers, 1, "a").await, open(&servers, 1, "b").await);
    let old = a.try_claim("blue").await.unwrap();
    assert_eq!(old.mark(), 1);
    assert_eq!(old.append("one").await, Ok(2));
    assert_eq!(old.append("two").await, Ok(3));

    // An owner that neither beats nor looks at its clock.
    a.go_stale();
    let began = Instant::now();
    let new = b.claim("blue").await.unwrap();
    let waited = began.elapsed();
    assert!(waited > LEASE, "after {waited:?}");
    assert_eq!((new.generation(), new.mark()), (2, 4));
    assert!(old.is_valid(), "it believes in its claim");
    assert_eq!(old.append("stale").await, Err(AppendError::Fenced { by: 2 }));
    assert_eq!(old.append("stale").await, Err(AppendError::Fenced { by: 2 }));
    assert_eq!(old.lost().await, 2);
    assert!(!old.is_valid());
    assert_eq!(new.append("three").await, Ok(5));

    let entries = b.log("blue").read_from(0).await.unwrap();
    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.number, entry.generation, entry.event.as_deref().map(String::from_utf8_lossy)))
        .collect();
    let event = |text: &'static str| Some(text.into());
    let expected =
        [(1, 1, None), (2, 1, event("one")), (3, 1, event("two")), (4, 2, None), (5, 2, event("three"))];
    assert_eq!(found, expected);
    assert_eq!(new.log().read_from(5).await.unwrap().len(), 1);
    assert_eq!(new.log().read_from(6).await.unwrap(), []);
    assert_eq!(a.log("green").read_from(1).await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_owner_goes_on_with_its_generation_after_the_store_was_away() {
    let servers = Servers::start(1).await;
    let (a, b) = (open(&servers, 1, "a").await, open(&servers, 1, "b").await);
    let claim = a.try_claim("blue").await.unwrap();
    claim.append("one").await.unwrap();
    let challenger = tokio::spawn(async move { b.claim("blue").await });

    servers.pause(0);
    let until = Instant::now() + 3 * LEASE;
    while claim.is_valid() {
        assert!(Instant::now() < until, "the lease ends while the store is away");
        sleep(Duration::from_millis(20)).await;
    }
    assert!(matches!(claim.append("two").await, Err(AppendError::Away { .. })));
    servers.resume(0);
    let until = Instant::now() + 10 * LEASE;
    while !claim.is_valid() {
        assert!(Instant::now() < until, "the lease is renewed");
        sleep(Duration::from_millis(20)).await;
    }
    let number = claim.append("three").await.unwrap();
    assert!(claim.generation() == 1 && number <= 4, "number {number}");
    assert!(!challenger.is_finished());
    challenger.abort();
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn errors_say_what_is_wrong() {
    let error = weir_nats::Nats::connect("nats://127.0.0.1:1", "a").await.unwrap_err();
    assert!(error.to_string().starts_with("no NATS server answers at nats://127.0.0.1:1: "), "{error}");
    let error = weir_nats::Nats::connect("nats://127.0.0.1:port", "a").await.unwrap_err();
    assert!(matches!(&error, NatsError::Address { url, .. } if url == "nats://127.0.0.1:port"), "{error}");
    let servers = Servers::start(1).await;
    let nats = servers.connect("a").await;
    let wrong = RegistryOptions { bucket: "a.b".to_owned(), ..options(1, "a") };
    assert!(matches!(Registry::open(&nats, wrong).await, Err(NatsError::Name { .. })));
    let error = Registry::open(&nats, options(3, "a")).await.unwrap_err();
    assert!(matches!(error, NatsError::Stream { .. }), "{error}");
}
