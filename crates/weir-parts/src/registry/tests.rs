//! Tests of the registry: K1, K3 and K4 of the rooms lab, on servers that own their names.

use futures::future::join_all;
use weir_stage::server::{Context, Handle, Server, ServerRef, spawn};
use weir_stage::stage::Reason;

use super::{Claim, ClaimError, Registry};

/// A server that owns its name.
struct Owner {
    claim: Option<Claim<ServerRef<Owner>>>,
}

impl Server for Owner {}

struct Own(Claim<ServerRef<Owner>>);
impl Handle<Own> for Owner {
    type Reply = ();
    fn handle(&mut self, Own(claim): Own, _: &mut Context<'_, Self>) {
        self.claim = Some(claim);
    }
}

async fn register(registry: &Registry<ServerRef<Owner>>, name: &str) -> Result<u64, ClaimError> {
    let running = spawn(8, Owner { claim: None });
    let claim = registry.claim(name, running.server()).await?;
    let generation = claim.generation();
    running.server().call(Own(claim)).await.unwrap();
    Ok(generation)
}

#[tokio::test]
async fn a_missing_name_is_none_and_a_second_claim_keeps_the_first_owner() {
    let registry = Registry::start();
    assert!(registry.whereis("moon").is_none());
    assert_eq!(register(&registry, "moon").await, Ok(1));
    let first = registry.whereis("moon").unwrap();
    assert_eq!(register(&registry, "moon").await, Err(ClaimError::Taken { generation: 1 }));
    assert!(registry.whereis("moon").unwrap().value.is_same(&first.value));
}

#[tokio::test]
async fn a_name_is_won_by_one_of_twenty_that_claim_it_at_once() {
    let registry = Registry::start();
    let claims = join_all((0..20).map(|owner| registry.claim("moon", owner))).await;
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
    assert_eq!(registry.len(), 1);
}

#[tokio::test]
async fn a_dead_owner_is_never_returned_and_other_names_survive() {
    let registry = Registry::start();
    register(&registry, "moon").await.unwrap();
    register(&registry, "star").await.unwrap();
    for reason in [Reason::Stopped, Reason::Panicked("a fault".to_owned()), Reason::Finished] {
        let owner = registry.whereis("moon").unwrap().value;
        owner.stop(reason.clone());
        assert_eq!(owner.monitor().down().await, reason);
        assert!(registry.whereis("moon").is_none(), "{reason}");
        assert!(!registry.whereis("star").unwrap().value.is_down());
        register(&registry, "moon").await.unwrap();
    }
    assert_eq!(registry.whereis("moon").unwrap().generation, 5, "each claim has a higher one");
}

#[tokio::test]
async fn ten_thousand_names_survive_a_crash_of_the_registry() {
    let registry = Registry::start();
    let mut claims = Vec::new();
    for number in 0..10_000 {
        claims.push(registry.claim(format!("n-{number}"), number).await.unwrap());
    }
    registry.crash();
    // Lookups go on without the process, and a claim waits for the next one.
    assert_eq!(registry.whereis("n-77").map(|place| (place.value, place.generation)), Some((77, 78)));
    assert_eq!(registry.claim("n-77", 0).await.unwrap_err(), ClaimError::Taken { generation: 78 });
    assert_eq!(registry.claim("new", 0).await.unwrap().generation(), 10_001);
    let figures = registry.figures();
    assert_eq!((figures.names, figures.restarts, figures.is_up), (10_000, 1, true));
    claims.clear();
    assert!(registry.is_empty());
}

#[tokio::test]
async fn a_registry_that_was_stopped_refuses_claims() {
    let registry = Registry::start();
    let claim = registry.claim("moon", 1).await.unwrap();
    registry.stop();
    assert_eq!(registry.claim("star", 2).await.unwrap_err(), ClaimError::Stopped);
    assert_eq!(registry.list().len(), 1);
    drop(registry);
    drop(claim);
}
