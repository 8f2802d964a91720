//! Predictions name what they do not know of a durable queue, or refuse.

use super::tests::{closed, refused, settings};
use super::*;

const DISK: &str = "queue.engine=disk";

#[test]
fn a_prediction_says_what_it_does_not_know_of_the_disk() {
    let said = |mode, flags: &[&str]| closed(mode, 5.0, 100, flags).unwrap().assumptions.join(" ");
    let disk = said(Mode::Pipelined, &[DISK, "queue.group=64"]);
    assert!(disk.contains("unknown here. With it, at most 64 / t events"), "{disk}");
    assert!(disk.contains("settled a second, at most 5 / t are accepted, and an answer"), "{disk}");
    assert!(disk.contains("each event takes one sync longer"), "{disk}");
    let interval = said(Mode::Pipelined, &[DISK, "queue.sync=50ms"]);
    assert!(interval.contains("Neither an answer nor a consumer waits for a sync"), "{interval}");
    assert!(said(Mode::Pipelined, &["queue.engine=jetstream"]).contains("The NATS server takes no time"));
    for without in [said(Mode::Serial, &[DISK]), said(Mode::Pipelined, &[])] {
        assert!(!without.contains("sync"), "{without}");
    }
}

#[test]
fn failures_that_are_tried_again_have_no_model() {
    let fails = [DISK, "resource.failure_rate=0.5"];
    let found = closed(Mode::Pipelined, 5.0, 100, &fails);
    refused(found.clone(), "makes up to 3 attempts at work that fails");
    assert!(!found.unwrap_err().why.contains("always fits"), "a simulation does not fit either");
    let once = closed(Mode::Pipelined, 5.0, 100, &[DISK, "resource.failure_rate=0.5", "queue.attempts=1"]);
    assert!(once.is_ok() && closed(Mode::Serial, 5.0, 100, &fails).is_ok());
}

#[test]
fn a_simulation_says_that_its_queue_is_in_memory() {
    let note = |mode, flags: &[&str]| left_out(&settings(flags), mode);
    let said = note(Mode::Pipelined, &[DISK]).unwrap();
    assert!(said.starts_with("A simulation keeps the queue in memory, although"), "{said}");
    let both = note(Mode::Pipelined, &[DISK, "resource.latency.mean=1ms"]).unwrap();
    assert!(both.starts_with(&said) && both.contains("Not known here"), "{both}");
    assert_eq!(note(Mode::Pipelined, &[]), None);
    assert_eq!(note(Mode::Serial, &[DISK]), None);
}
