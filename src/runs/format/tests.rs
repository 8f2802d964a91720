use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::metrics::empty_histogram;
use crate::record::{
    Audit, BenchSide, ByAnswer, Check, ClientSide, EngineUsed, LedgerState, Mark, MarkKind, ModeSide,
    Model, Origin, Plan, Points, Profile, RequestPlan, Series, Timing, Verdict, buckets,
};

fn timing(micros: &[u64]) -> Timing {
    let mut histogram = empty_histogram();
    micros.iter().for_each(|micros| histogram.record(*micros).unwrap());
    Timing::sliced(histogram.clone(), 1.0, vec![buckets(&histogram), Vec::new()])
}

fn series(column: &str) -> Series {
    let columns = BTreeMap::from([(column.to_owned(), vec![Some(4.0), None])]);
    Series { interval_s: 1.0, t: vec![1.0, 2.0], columns }
}

/// A run with both sides, and something everywhere.
pub(crate) fn sample() -> Run {
    let ok = timing(&[500_000, 501_000, 620_000]);
    let client = ClientSide {
        sent: 5,
        ok: 3,
        refused: 1,
        aborted: 1,
        seconds: 1.5,
        rate: 8.0 / 3.0,
        statuses: BTreeMap::from([("200".to_owned(), 3), ("503".to_owned(), 1)]),
        errors: BTreeMap::from([("timeout".to_owned(), 1)]),
        bytes: 1234,
        service: ByAnswer { ok: ok.clone(), refused: timing(&[900]), failed: Timing::default() },
        in_flight: 1.9,
        series: series("rate"),
        ..ClientSide::default()
    };
    let serial = ModeSide {
        requests: 4,
        errors: 1,
        accepted: 3,
        done: 3,
        refused: 1,
        rate: 2.7,
        done_rate: 2.0,
        peak_in_use: 2,
        http: ok.clone(),
        service: ok.clone(),
        response: ok,
        ..ModeSide::default()
    };
    let ledger = LedgerState { accepted: 3, done: 3, rejected: 1, ..LedgerState::default() };
    let bench = BenchSide {
        seconds: 1.5,
        drained: true,
        drain_s: 0.25,
        ledger,
        peak_in_use: 2,
        peak_depth: 0,
        modes: BTreeMap::from([("serial".to_owned(), serial)]),
        series: series("serial.rate"),
        marks: vec![Mark { t: 0.5, kind: MarkKind::Reload, text: "consumers.concurrency = 3".to_owned() }],
    };
    let says = "5 requests are few for a p99; 1000 would do".to_owned();
    let check = Check { name: "sample size".to_owned(), verdict: Verdict::Note, says };
    let clients = Profile::constant(2.0, None);
    Run {
        format: FORMAT,
        weir: "0.1.0".to_owned(),
        id: "2026-11-21-053505-serial".to_owned(),
        name: Some("before".to_owned()),
        origin: Origin::Load,
        target: "serial".to_owned(),
        began: "2026-11-21T05:35:05Z".to_owned(),
        seconds: 1.5,
        load: Some(Plan {
            model: Model::Closed { clients },
            requests: Some(5),
            request: RequestPlan::default(),
        }),
        config: Some(serde_json::json!({ "resource": { "latency": "500ms", "steps": [1, 2] } })),
        audit: Audit { checks: vec![check] },
        client: Some(client),
        bench: Some(bench),
        engine: None,
        prediction: None,
        jobs: None,
        watch: None,
        rooms: None,
        window: None,
        skipped: None,
    }
}

#[test]
fn a_run_is_read_back_and_written_the_same() {
    let text = to_json(&sample()).unwrap();
    let read = from_json(text.as_bytes()).unwrap();
    assert_eq!(read, sample());
    assert_eq!(to_json(&read).unwrap(), text);
}

#[test]
fn a_run_says_which_engine_kept_the_queue_and_an_old_one_had_memory() {
    let mut run = sample();
    assert_eq!(run.engine(), None, "a serial request is not queued");
    run.target = "pipelined".to_owned();
    assert_eq!(run.engine(), Some(EngineUsed::memory()), "written before there were engines");
    run.set_bench_config(
        serde_json::json!({ "queue": { "engine": "disk", "sync": "always", "group": 9 } }),
    );
    let text = to_json(&run).unwrap();
    assert!(text.contains("\"safety\": \"power_loss\""), "{text}");
    assert_eq!(from_json(text.as_bytes()).unwrap().engine().unwrap().group, Some(9));
    run.origin = Origin::Simulated;
    run.set_bench_config(run.config.clone().unwrap());
    assert_eq!(run.engine(), Some(EngineUsed::memory()), "a simulation has no disk");
}

#[test]
fn keys_have_lines_and_numbers_share_them() {
    let json =
        r#"{"a":[],"b":{},"c":[1,null,2.5],"d":[[1,2],[3,4]],"e":[[[1,2]],[]],"f":[{"g":"x,]\"\\"},"h"]}"#;
    let expected = r#"{
  "a": [],
  "b": {},
  "c": [1, null, 2.5],
  "d": [[1, 2], [3, 4]],
  "e": [
    [[1, 2]],
    []
  ],
  "f": [
    {
      "g": "x,]\"\\"
    },
    "h"
  ]
}
"#;
    assert_eq!(laid_out(json), expected);
}

#[test]
fn what_is_no_run_is_refused_with_the_reason() {
    let says = |text: &str| from_json(text.as_bytes()).unwrap_err().to_string();
    assert!(says("{}").contains("no \"format\" number"));
    assert!(says("{\"format\": 2, \"new\": 1}").contains("written in format 2"));
    assert!(says("{\"format\": 1,\n \"weir\": 3}").contains("line 2 column"));
    assert!(says("").contains("line 1"));
    let text = to_json(&sample()).unwrap();
    assert!(says(&text[..text.len() / 2]).contains("EOF"));
    let newer = text.replacen('{', "{ \"unknown\": [1, {}],", 1);
    assert_eq!(from_json(newer.as_bytes()).unwrap(), sample());
}

#[test]
fn a_run_that_could_not_be_read_is_not_written() {
    let run = Run { seconds: f64::NAN, ..sample() };
    assert!(matches!(to_json(&run), Err(FormatError::Unwritable(_))));
}

proptest! {
    #[test]
    fn any_run_is_read_back(
        micros in prop::collection::vec(0..3_600_000_000_u64, 0..40),
        name in prop::option::of(".*"),
        numbers in prop::collection::vec(prop::option::of(-1e300..1e300_f64), 0..9),
        points in prop::collection::vec((0.0..100.0_f64, 0.0..1e9_f64), 0..9),
        sent in any::<u64>(),
    ) {
        let mut run = sample();
        run.name = name;
        let client = run.client.as_mut().unwrap();
        client.sent = sent;
        client.service.ok = timing(&micros);
        let points = points.into_iter().map(|(percent, ms)| [percent, ms]).collect();
        client.service.failed = Timing::points(Points { count: Some(sent), mean_ms: None, points });
        client.series.columns.insert("x\"\\,]".to_owned(), numbers);
        let text = to_json(&run).unwrap();
        prop_assert_eq!(from_json(text.as_bytes()).unwrap(), run);
    }

    #[test]
    fn garbage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0.0..1.0) {
        let _ = from_json(&bytes);
        let mut text = to_json(&sample()).unwrap().into_bytes();
        let at = (at * text.len() as f64) as usize;
        text.splice(at..(at + bytes.len()).min(text.len()), bytes);
        let _ = from_json(&text);
    }

    #[test]
    fn no_histogram_is_too_strange(buckets in prop::collection::vec((any::<u64>(), 0..1_u64 << 60), 0..9)) {
        let text = serde_json::json!({ "buckets_us": buckets }).to_string();
        let timing: Timing = serde_json::from_str(&text).unwrap();
        let _ = (timing.summary(), serde_json::to_string(&timing));
    }
}
