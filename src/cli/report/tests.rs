use proptest::prelude::*;

use super::*;
use crate::cli::text::assert_fits;
use crate::record::Prediction;
use crate::runs::sample;

#[test]
fn times_below_the_resolution_are_shown_as_such_within_80_columns() {
    let mut run = sample();
    let mut short = crate::metrics::empty_histogram();
    short.record_n(0, 3).unwrap();
    run.client.as_mut().unwrap().service.ok = Timing::of(short.clone());
    for side in run.bench.as_mut().unwrap().modes.values_mut() {
        (side.http, side.wait) = (Timing::of(short.clone()), Timing::of(short.clone()));
    }
    let text = report(&run);
    assert!(text.starts_with("result      p50 <0.001 ms, p99 <0.001 ms, max <0.001 ms\n"), "{text}");
    let cells = "          3  <0.001  <0.001  <0.001  <0.001  <0.001  <0.001\n";
    for row in ["service ok", "serial http", "serial wait"] {
        assert!(text.contains(&format!("{row:<16}{cells}")), "{text}");
    }
    assert_fits(&text);
}

#[test]
fn a_run_has_a_page() {
    let expected = "\
result      p50 501 ms, p99 620 ms, max 620 ms
audit       valid

answers, ms                                                      count   share
    480 - 500                                                        0     0 %
    500 - 520      ########################################          2  66.7 %
    520 - 540                                                        0     0 %
    540 - 560                                                        0     0 %
    560 - 580                                                        0     0 %
    580 - 600                                                        0     0 %
    600 - 620                                                        0     0 %
    620 - 640      ####################                              1  33.3 %

run         before
id          2026-11-21-053505-serial
from        weir load, by weir 0.1.0
target      serial
load        closed, 2 clients, 5 requests
began       2026-11-21T05:35:05Z, lasted 1.50 s

client      sent 5 = ok 3 + refused 1 + failed 0 + aborted 1; unsent 0
            answered within 1.50 s; 1.90 in flight on average
statuses    3 \u{d7} 200, 1 \u{d7} 503
aborted     1 \u{d7} timeout

in ms                 count    mean     p50     p90     p99   p99.9     max
service ok                3     540     501     620     620     620     620
service refused           1   0.900   0.900   0.900   0.900   0.900   0.900

bench       1.50 s; drained 0.250 s after the last request
            peaks: 2 in the resource, 0 in the queue
ledger      accepted 3 = done 3 + failed 0 + dropped 0 + held 0; rejected 1,
            unaccounted 0
serial      4 answers, 1 of them errors, 0 aborted
            accepted 3, refused 1; done 3, failed 0, dropped 0; peak of 2 in the
            resource

in ms                 count    mean     p50     p90     p99   p99.9     max
serial http               3     540     501     620     620     620     620
serial service            3     540     501     620     620     620     620
serial response           3     540     501     620     620     620     620

marks       at 0.500 s, reload: consumers.concurrency = 3

audit       valid
note:       5 requests are few for a p99; 1000 would do
";
    assert_eq!(report(&sample()), expected);
}

#[test]
fn the_word_of_the_audit_stands_under_the_first_figures_and_its_sentences_at_the_end() {
    let mut run = sample();
    for (verdict, word, label) in [
        (Verdict::Failed, "INVALID: see the end", "INVALID:   "),
        (Verdict::Disturbed, "disturbed: see the end", "disturbed: "),
        (Verdict::Note, "valid", "note:      "),
    ] {
        run.audit.checks[0].verdict = verdict;
        let report = report(&run);
        assert_eq!(report.lines().nth(1), Some(format!("audit       {word}").as_str()));
        assert!(
            report.ends_with(&format!("{label} 5 requests are few for a p99; 1000 would do\n")),
            "{report}"
        );
    }
}

#[test]
fn zeros_of_a_file_of_percentiles_are_not_shown_as_measured() {
    let points =
        crate::record::Points { count: None, mean_ms: None, points: vec![[50.0, 2.0], [99.0, 3.0]] };
    let mut client = ClientSide::default();
    client.service.ok = Timing::points(points);
    let report = report(&Run { client: Some(client), bench: None, seconds: 0.0, ..sample() });
    assert!(report.starts_with("result      p50 2.00 ms, p99 3.00 ms\n"), "{report}");
    assert!(report.contains("client      counts, rate and duration are unknown\n"), "{report}");
    assert!(!report.contains(" 0 s") && !report.contains("sent 0"), "{report}");
}

#[test]
fn the_work_of_a_pipelined_load_has_a_line_of_its_own() {
    let mut run = Run { target: "pipelined".to_owned(), ..sample() };
    let bench = run.bench.as_mut().unwrap();
    let side = bench.modes.remove("serial").unwrap();
    bench.modes.insert("pipelined".to_owned(), side);
    let work = "work        p50 501 ms, p99 620 ms, max 620 ms";
    assert_eq!(report(&run).lines().nth(1), Some(work));
    assert!(
        report(&run).contains("\nqueue       memory: accepted events are lost with the server\n"),
        "{}",
        report(&run)
    );
}

#[test]
fn of_a_prediction_there_is_the_head() {
    let run = Run { prediction: Some(Prediction::default()), ..sample() };
    assert_eq!(report(&run).lines().count(), 6);
}

proptest! {
    #[test]
    fn no_line_is_too_long(name in ".{0,99}", text in "(\\PC{0,9} |x{0,200}|\u{1b}\\[31m){0,30}", n in any::<u64>()) {
        let mut run = sample();
        run.name = Some(name);
        run.target.clone_from(&text);
        run.seconds = f64::MAX;
        run.audit.checks[0].says.clone_from(&text);
        let client = run.client.as_mut().unwrap();
        (client.sent, client.rate) = (n, n as f64);
        client.errors.insert(text.clone(), n);
        let bench = run.bench.as_mut().unwrap();
        let mode = bench.modes["serial"].clone();
        bench.modes.insert(text, mode);
        let report = report(&run);
        prop_assert!(!report.contains(char::from(27)));
        assert_fits(&report);
    }
}
