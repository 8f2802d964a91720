use std::collections::BTreeMap;
use std::time::SystemTime;

use super::*;
use crate::metrics::empty_histogram;
use crate::record::{
    BenchSide, ByAnswer, ClientSide, LedgerState, ModeSide, Origin, Series, Stalls, Timing, Validity,
};
use crate::runs::{from_json, to_json};

/// Pairs of milliseconds and how often they were measured.
fn times(of: &[(u64, u64)]) -> Timing {
    let mut histogram = empty_histogram();
    of.iter().for_each(|&(ms, count)| histogram.record_n(ms * 1000, count).unwrap());
    Timing::of(histogram)
}

/// A closed load of a second, each answer taking 20 ms, with these outcomes.
fn client([ok, refused, failed, aborted]: [u64; 4]) -> ClientSide {
    let service = ByAnswer {
        ok: times(&[(20, ok)]),
        refused: times(&[(20, refused)]),
        failed: times(&[(20, failed)]),
    };
    let answered = ok + refused + failed;
    ClientSide {
        sent: answered + aborted,
        ok,
        refused,
        failed,
        aborted,
        seconds: 1.0,
        rate: answered as f64,
        in_flight: answered as f64 * 0.02,
        service,
        ..ClientSide::default()
    }
}

fn of(client: ClientSide) -> Audit {
    let mut run = Run::new(Origin::Load, "http://127.0.0.1/", SystemTime::UNIX_EPOCH);
    run.client = Some(client);
    run.audited().audit
}

/// The bench side of a load in one mode, all of it finished.
fn with_bench(client: ClientSide, mode: &str, side: ModeSide) -> Run {
    let mut run = Run::new(Origin::Load, mode, SystemTime::UNIX_EPOCH);
    run.client = Some(client);
    let ledger = LedgerState {
        accepted: side.accepted,
        done: side.done,
        failed: 0,
        dropped: 0,
        held: side.accepted - side.done,
        ..LedgerState::default()
    };
    run.bench = Some(BenchSide {
        seconds: 1.0,
        drained: ledger.held == 0,
        drain_s: 0.0,
        ledger,
        peak_in_use: 1,
        peak_depth: 0,
        modes: BTreeMap::from([(mode.to_owned(), side)]),
        series: Series::default(),
        marks: Vec::new(),
    });
    run
}

fn side(requests: u64) -> ModeSide {
    ModeSide {
        requests,
        accepted: requests,
        done: requests,
        seconds: 1.0,
        inside_before: Some(0),
        http: times(&[(20, requests)]),
        ..ModeSide::default()
    }
}

/// The word, and the sentences behind it.
fn said(audit: &Audit) -> (Validity, Vec<String>) {
    (audit.validity(), audit.remarks().map(|check| check.says.clone()).collect())
}

#[track_caller]
fn is(audit: &Audit, word: Validity, sentence: &str) {
    let (found, sentences) = said(audit);
    assert_eq!(found, word, "{sentences:?}");
    assert!(sentences.iter().any(|says| says == sentence), "{sentences:?}");
}

#[test]
fn a_load_that_went_well_is_valid_without_a_word() {
    assert_eq!(said(&of(client([1000, 0, 0, 0]))), (Validity::Valid, vec![]));
}

#[test]
fn thirty_of_forty_unanswered_are_invalid_and_three_of_a_thousand_disturb() {
    let broken =
        |aborted| BTreeMap::from([("connection broken: closed before an answer".to_owned(), aborted)]);
    let many = of(ClientSide { errors: broken(30), ..client([10, 0, 0, 30]) });
    let says = "30 of 40 requests (75 %) got no answer (connection broken: closed before an answer), so the p99 is \
                unknown";
    is(&many, Validity::Invalid, says);
    let few = of(ClientSide { errors: broken(3), ..client([997, 0, 0, 3]) });
    let says = "3 of 1,000 requests (0.3 %) got no answer (connection broken: closed before an answer), and the \
                times leave them out";
    is(&few, Validity::Disturbed, says);
    let none = of(ClientSide { errors: broken(40), ..client([0, 0, 0, 40]) });
    let says = "0 of 40 requests were answered (connection broken: closed before an answer)";
    is(&none, Validity::Invalid, says);
}

#[test]
fn errors_only_are_no_measurement_and_a_few_errors_disturb_one() {
    let codes = |failed| BTreeMap::from([("404".to_owned(), failed)]);
    let all = of(ClientSide { statuses: codes(10), ..client([0, 0, 10, 0]) });
    is(&all, Validity::Invalid, "10 of 10 answers were errors (404); no success was timed");
    let some = of(ClientSide { statuses: codes(20), ..client([80, 0, 20, 0]) });
    let says =
        "20 of 100 answers (20 %) were errors (404); the rate counts them, the times of successes do not";
    is(&some, Validity::Disturbed, says);
    assert_eq!(of(client([9990, 0, 10, 0])).validity(), Validity::Valid);
    assert_eq!(of(client([40, 0, 60, 0])).validity(), Validity::Invalid);
    // Refusing is what a server under overload should do.
    assert_eq!(said(&of(client([10, 990, 0, 0]))), (Validity::Valid, vec![]));
    is(
        &of(client([0, 9, 0, 0])),
        Validity::Disturbed,
        "9 of 9 answers were refusals; no success was timed",
    );
}

#[test]
fn a_bench_that_fails_as_it_is_told_to_is_valid() {
    let run = with_bench(client([800, 0, 200, 0]), "serial", side(1000)).audited();
    assert_eq!(run.audit.validity(), Validity::Valid, "{:?}", run.audit);
}

/// An open load whose requests were sent late by these milliseconds at p50 and p99.
fn late([p50, p99]: [u64; 2], answer_ms: u64) -> ClientSide {
    let response =
        ByAnswer { ok: times(&[(answer_ms + p50, 980), (answer_ms + p99, 20)]), ..ByAnswer::default() };
    let lag = Some(times(&[(p50, 980), (p99, 20)]));
    ClientSide { response: Some(response), lag, ..client([1000, 0, 0, 0]) }
}

#[test]
fn five_milliseconds_late_is_nothing_beside_half_a_second_of_work() {
    assert_eq!(said(&of(late([0, 5], 500))), (Validity::Valid, vec![]));
    // The answer is a receipt; the work comes later, and the bench has its times.
    let work = ModeSide { response: times(&[(500, 1000)]), in_system: 500.0, ..side(1000) };
    let run = with_bench(late([0, 5], 0), "pipelined", work).audited();
    let says = "requests were sent 5 ms late at the p99, where the answer time is 5 ms; the bench's own times \
                do not include it";
    is(&run.audit, Validity::Disturbed, says);
    // Where nothing else was measured, the figure is the generator's own lateness.
    let says = "requests were sent 5 ms late at the p99, where the answer time is 5 ms";
    is(&of(late([0, 5], 0)), Validity::Invalid, says);
    is(
        &of(late([0, 5], 20)),
        Validity::Disturbed,
        "requests were sent 5 ms late at the p99, where the answer time is 25 ms",
    );
    assert_eq!(of(late([50, 50], 20)).validity(), Validity::Invalid);
}

#[test]
fn a_generator_that_was_suspended_says_for_how_long() {
    let stalls = Stalls { count: 1, seconds: 0.7, longest_s: 0.7 };
    let disturbed = of(ClientSide { stalls, seconds: 10.0, in_flight: 2.0, ..client([1000, 0, 0, 0]) });
    let says = "the generator stalled for 0.7 s of 10 s; the rate and the longest times include that";
    is(&disturbed, Validity::Disturbed, says);
    let stalls = Stalls { count: 3, seconds: 0.7, longest_s: 0.4 };
    let says = "the generator stalled for 0.7 s of 1 s (3 stalls, the longest 0.4 s); the rate and the \
                longest times include that";
    is(&of(ClientSide { stalls, ..client([1000, 0, 0, 0]) }), Validity::Invalid, says);
}

#[test]
fn time_that_passes_between_the_sides_is_noted() {
    let mut slow = client([1000, 0, 0, 0]);
    slow.service.ok = times(&[(20, 995), (720, 5)]);
    slow.in_flight = 995.0 * 0.02 + 5.0 * 0.72;
    let run = with_bench(slow, "serial", side(1000)).audited();
    let says = "clients waited 720 ms at most, but the bench took 20 ms; the other 700 ms passed in the generator, \
                the system or the network";
    is(&run.audit, Validity::Disturbed, says);
    let run = with_bench(client([1000, 0, 0, 0]), "serial", side(1000)).audited();
    assert_eq!(said(&run.audit), (Validity::Valid, vec![]));
}

#[test]
fn it_matters_who_has_the_core() {
    let cores = |starved, server_starved, server, other| ClientSide {
        starved: Some(starved),
        cpu: Some(0.2),
        server_starved: Some(server_starved),
        server_cpu: Some(server),
        other_cpu: Some(other),
        ..client([1000, 0, 0, 0])
    };
    let says = "the generator was runnable but waiting for a CPU 12 % of the time (limit 5 %); the server used \
                0.50 cores and other processes 1.20";
    is(&of(cores(0.12, 0.0, 0.5, 1.2)), Validity::Disturbed, says);
    // The server had it: that is what the two can do on one machine.
    assert_eq!(of(cores(0.12, 0.0, 1.5, 0.1)).validity(), Validity::Valid);
    assert_eq!(of(cores(0.6, 0.0, 0.5, 1.2)).validity(), Validity::Invalid);
    let says = "the server was waiting for a CPU 50 % of the time it was runnable (limit 10 %); other processes \
                used 1.20 cores";
    is(&of(cores(0.0, 0.5, 0.5, 1.2)), Validity::Disturbed, says);
    assert_eq!(of(cores(0.0, 0.5, 0.5, 0.1)).validity(), Validity::Valid);
}

#[test]
fn events_from_before_are_noted_with_their_number() {
    let run = |before| {
        let early = ModeSide {
            accepted: 1000 + before,
            done: 1000 + before,
            inside_before: Some(before),
            ..side(1000)
        };
        with_bench(client([1000, 0, 0, 0]), "pipelined", early).audited().audit
    };
    let says = "9,981 pipelined events were already waiting when the load began, so waits and peaks include \
                theirs. Empty the queue first: `weir purge`";
    is(&run(9981), Validity::Invalid, says);
    assert_eq!(run(5).validity(), Validity::Disturbed);
}

#[test]
fn an_interrupted_load_is_valid_and_its_requests_under_way_were_not_there_before() {
    let cut = ClientSide {
        errors: BTreeMap::from([("the load ended first".to_owned(), 5)]),
        interrupted: true,
        seconds: 1.5,
        ..client([300, 0, 0, 5])
    };
    // The bench still works for the five, whose requests are neither answered nor given up.
    let bench = ModeSide { accepted: 305, done: 300, ..side(300) };
    let run = with_bench(cut.clone(), "serial", bench).audited();
    let (_, sentences) = said(&run.audit);
    assert!(!sentences.iter().any(|says| says.contains("when the load began")), "{sentences:?}");
    let says = "the load was interrupted after 1.5 s; 5 requests in flight have no times";
    is(&of(cut), Validity::Valid, says);
}

#[test]
fn other_clients_of_the_bench_are_noted() {
    let run = with_bench(client([1000, 0, 0, 0]), "serial", side(1200)).audited();
    let says = "200 of the bench's 1,200 answers went to other clients, whose requests are in its figures";
    is(&run.audit, Validity::Disturbed, says);
    let run = with_bench(client([1000, 0, 0, 0]), "serial", side(990)).audited();
    is(&run.audit, Validity::Invalid, "1,000 answers reached the client, but the bench sent 990");
    let mut run = with_bench(client([1000, 0, 0, 0]), "serial", side(1000));
    run.bench.as_mut().unwrap().modes.insert("async".to_owned(), side(400));
    let says = "400 async requests came from other clients in 1 s and used the same resource";
    is(&run.audited().audit, Validity::Disturbed, says);
}

#[test]
fn a_file_has_the_word_and_earlier_files_are_read() {
    let run = with_bench(client([1000, 0, 0, 0]), "serial", side(1200)).audited();
    let text = to_json(&run).unwrap();
    assert!(text.contains(r#""verdict": "disturbed""#), "{text}");
    assert_eq!(from_json(text.as_bytes()).unwrap().audit, run.audit);
    // Earlier versions know three verdicts, and read later files as well.
    let checks: Vec<serde_json::Value> =
        run.audit.checks.iter().map(|check| serde_json::to_value(check).unwrap()).collect();
    let known = ["passed", "caution", "failed"];
    assert!(checks.iter().all(|check| known.contains(&check["verdict"].as_str().unwrap())), "{checks:?}");
    let earlier = r#"{ "checks": [{ "name": "a", "verdict": "caution", "says": "b" }] }"#;
    let earlier: Audit = serde_json::from_str(earlier).unwrap();
    assert_eq!((earlier.validity(), earlier.checks[0].verdict), (Validity::Valid, Verdict::Note));
}

#[test]
fn recovered_events_belong_to_the_account() {
    let mut run = with_bench(ClientSide::default(), "pipelined", side(10));
    let bench = run.bench.as_mut().unwrap();
    (bench.ledger.recovered, bench.ledger.held, bench.drained) = (1000, 505, false);
    bench.ledger.done = 505;
    let audit = run.audited().audit;
    let says = |name: &str| audit.checks.iter().find(|check| check.name == name).unwrap().says.clone();
    assert_eq!(
        says("the ledger balances"),
        "accepted 10 + recovered 1,000 = done 505 + failed 0 + dropped 0 + held 505, 0 unaccounted"
    );
    assert!(
        says("the bench drained").starts_with("505 of 1,010 events (50"),
        "{}",
        says("the bench drained")
    );
}
