//! The example `key_value`: a registry of buckets, of which none is found after its end.

#[allow(dead_code, unreachable_pub, reason = "an example has a `main`, and types that it only prints")]
#[path = "../../../examples/key_value.rs"]
mod example;

use tokio::task::yield_now;

use self::example::{Add, Bucket, Crash, Create, Get, KeyValue, Lookup, Names, NoBucket};
use crate::server::{CallError, CastError, ServerRef};
use crate::stage::Reason;

async fn bucket(store: &KeyValue, name: &'static str) -> ServerRef<Bucket> {
    store.create(name).unwrap();
    store.lookup(name).await.unwrap().unwrap()
}

async fn panics(bucket: &ServerRef<Bucket>) {
    let panicked: Result<(), _> = bucket.with(|_| panic!("a fault")).await;
    assert!(panicked.unwrap_err().has_begun());
}

// K1.

#[tokio::test]
async fn k1_the_lookup_of_a_missing_name_is_an_error_value_and_the_registry_lives() {
    let store = KeyValue::start().unwrap();
    assert_eq!(store.lookup("herbs").await.unwrap().err(), Some(NoBucket));
    assert_eq!(store.registry.call(Names).await, Ok(0));
}

#[tokio::test]
async fn k1_a_creation_is_a_cast_and_a_lookup_behind_it_finds_the_bucket() {
    let store = KeyValue::start().unwrap();
    let registry = store.registry.wait().await.unwrap();
    store.create("herbs").unwrap();
    // The creation waits in the mailbox: no other task has run since.
    assert_eq!(registry.waiting(), 1);
    assert!(registry.call(Lookup("herbs")).await.unwrap().is_ok());
}

#[tokio::test]
async fn k1_a_second_creation_keeps_the_first_bucket() {
    let store = KeyValue::start().unwrap();
    let first = bucket(&store, "herbs").await;
    first.cast(Add("kilos", 3)).unwrap();
    let second = bucket(&store, "herbs").await;
    assert!(second.is_same(&first));
    assert_eq!(second.call(Get("kilos")).await, Ok(Some(3)));
}

// K2.

#[tokio::test]
async fn k2_a_call_behind_n_casts_of_one_sender_reflects_all_of_them() {
    let store = KeyValue::start().unwrap();
    let herbs = bucket(&store, "herbs").await;
    for n in [0, 1, 500] {
        let before = herbs.call(Get("kilos")).await.unwrap().unwrap_or(0);
        for _ in 0..n {
            herbs.cast(Add("kilos", 1)).unwrap();
        }
        assert_eq!(herbs.call(Get("kilos")).await.unwrap().unwrap_or(0), before + n);
    }
}

// K3.

#[tokio::test]
async fn k3_a_dead_bucket_is_not_found_whether_it_panicked_or_was_stopped() {
    for is_panic in [true, false] {
        let store = KeyValue::start().unwrap();
        let (fruit, herbs) = (bucket(&store, "fruit").await, bucket(&store, "herbs").await);
        fruit.cast(Add("kilos", 1)).unwrap();
        let monitor = herbs.monitor();
        if is_panic {
            panics(&herbs).await;
        } else {
            herbs.stop(Reason::Stopped);
        }
        assert_eq!(monitor.down().await.is_normal(), !is_panic);
        // At once, before the registry has heard of the end.
        assert_eq!(store.lookup("herbs").await.unwrap().err(), Some(NoBucket));
        assert_eq!(store.lookup("fruit").await.unwrap().unwrap().call(Get("kilos")).await, Ok(Some(1)));
        while store.registry.call(Names).await != Ok(1) {
            yield_now().await;
        }
        assert_eq!(bucket(&store, "herbs").await.call(Get("kilos")).await, Ok(None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k3_a_lookup_that_begins_after_an_end_never_returns_that_bucket() {
    let store = KeyValue::start().unwrap();
    for _ in 0..300 {
        let herbs = bucket(&store, "herbs").await;
        herbs.stop(Reason::Stopped);
        while !herbs.is_down() {
            yield_now().await;
        }
        // The old name is still being forgotten, while a new bucket takes it.
        let next = bucket(&store, "herbs").await;
        assert!(!next.is_same(&herbs));
        assert_eq!(next.call(Get("kilos")).await, Ok(None));
    }
    assert_eq!(store.registry.call(Names).await, Ok(1));
}

// K4.

#[tokio::test]
async fn k4_a_crashed_registry_is_restarted_empty_and_its_buckets_have_ended() {
    let store = KeyValue::start().unwrap();
    let herbs = bucket(&store, "herbs").await;
    let monitor = herbs.monitor();
    let reason = Reason::Panicked("a fault".to_owned());
    assert_eq!(store.registry.call(Crash).await, Err(CallError::Down { reason, begun: true }));
    assert_eq!(store.registry.call(Names).await, Ok(0));
    assert_eq!(monitor.down().await, Reason::failed("the registry has ended"));
    assert!(matches!(herbs.cast(Add("kilos", 1)), Err(CastError::Down(..))));
    assert!(!bucket(&store, "herbs").await.is_same(&herbs));
}

#[tokio::test]
async fn k4_a_stopped_registry_returns_creations_and_ends_its_buckets() {
    let store = KeyValue::start().unwrap();
    let monitor = bucket(&store, "herbs").await.monitor();
    store.supervisor.stop();
    assert_eq!(monitor.down().await, Reason::failed("the registry has ended"));
    store.supervisor.join().await;
    assert!(matches!(store.create("herbs"), Err(CastError::Down(Create("herbs"), _))));
}
