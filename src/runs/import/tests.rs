use proptest::prelude::*;

use super::*;
use crate::record::{Validity, now};
use crate::runs::{from_json, to_json};

macro_rules! told {
    ($file:literal) => {
        ToolOutput {
            name: $file.to_owned(),
            text: include_bytes!(concat!("../../../tests/data/import/", $file)).to_vec(),
        }
    };
}

fn read(files: &[ToolOutput]) -> Run {
    let run = import(files, None, now()).unwrap();
    let text = to_json(&run).unwrap();
    assert_eq!(from_json(text.as_bytes()).unwrap(), run);
    run
}

fn client(run: &Run) -> &ClientSide {
    run.client.as_ref().unwrap()
}

/// The milliseconds at percentages.
fn at<const N: usize>(run: &Run, percents: [f64; N]) -> [Option<f64>; N] {
    percents.map(|percent| client(run).service.ok.quantile_ms(percent / 100.0))
}

/// What a reader has to know, in the order of the checks.
fn checks(run: &Run) -> Vec<(&str, Verdict)> {
    let remarks = run.audit.checks.iter().filter(|check| check.verdict != Verdict::Passed);
    remarks.map(|check| (check.name.as_str(), check.verdict)).collect()
}

fn text(name: &str, text: &str) -> ToolOutput {
    ToolOutput { name: name.to_owned(), text: text.into() }
}

#[test]
fn what_ab_prints_is_a_run() {
    let run = read(&[told!("ab.txt")]);
    assert_eq!((run.origin, run.target.as_str()), (Origin::Ab, "http://127.0.0.1:39505/serial"));
    assert_eq!(run.load.as_ref().unwrap().to_string(), "closed, 4 clients, 200 requests");
    let client = client(&run);
    assert_eq!((client.sent, client.ok, client.failed, client.aborted), (200, 200, 0, 0));
    assert_eq!((client.seconds, client.rate, client.bytes), (1.078, 185.57, 23_600));
    assert_eq!(at(&run, [50.0, 99.0, 100.0]), [Some(21.0), Some(27.0), Some(27.0)]);
    assert_eq!(client.service.ok.mean_ms(), Some(21.0));
    assert_eq!(checks(&run), [("resolution", Verdict::Note)]);
}

#[test]
fn the_fine_percentiles_of_ab_win_over_the_coarse_ones() {
    let run = read(&[told!("ab.csv"), told!("ab.txt")]);
    assert_eq!(
        at(&run, [0.0, 50.0, 66.0, 99.0, 100.0]),
        [20.518, 20.991, 21.061, 26.513, 26.586].map(Some)
    );
    assert_eq!((client(&run).sent, checks(&run)), (200, vec![]));
    assert_eq!(client(&run).service.ok.count(), Some(200));
    let csv = String::from_utf8(told!("ab.csv").text).unwrap();
    let short = text("short.csv", csv.rsplit_once("100,").unwrap().0);
    assert_eq!(at(&read(&[told!("ab.txt"), short]), [99.0, 100.0]), [Some(26.513), Some(27.0)]);
}

#[test]
fn the_table_of_ab_alone_has_only_percentiles() {
    let run = read(&[told!("ab.csv")]);
    assert_eq!((at(&run, [50.0]), client(&run).sent), ([Some(20.991)], 0));
    assert_eq!(checks(&run), [("counts", Verdict::Note)]);
    assert_eq!((run.rate(), client(&run).is_counted()), (None, false), "zeros are not shown as measured");
}

#[test]
fn refusals_that_ab_does_not_tell_apart_are_failures_with_a_caution() {
    let run = read(&[told!("ab-refused.txt")]);
    let client = client(&run);
    assert_eq!((client.sent, client.ok, client.refused, client.failed), (200, 6, 0, 194));
    let names: Vec<&str> = checks(&run).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["answers", "lengths", "resolution"]);
    assert_eq!(run.audit.validity(), Validity::Disturbed);
}

#[test]
fn bodies_of_different_length_are_no_failures() {
    let run = read(&[told!("ab-length.txt")]);
    assert_eq!((client(&run).ok, client(&run).failed), (50, 0));
    assert!(run.audit.checks[0].says.starts_with("6 answers differ in length from the first."));
}

#[test]
fn connections_that_ab_could_not_make_are_aborted() {
    let output = "Complete requests: 10\nFailed requests: 5\n   (Connect: 2, Receive: 1, Length: 1, Exceptions: 1)\n\
                  Concurrency Level: 2\n";
    let run = read(&[text("ab", output)]);
    let client = client(&run);
    assert_eq!((client.sent, client.ok, client.aborted), (12, 8, 4));
    assert_eq!(client.errors.values().sum::<u64>(), 4);
}

#[test]
fn what_wrk_prints_is_a_run() {
    let run = read(&[told!("wrk.txt")]);
    assert_eq!((run.origin, run.target.as_str()), (Origin::Wrk, "http://127.0.0.1:39505/serial"));
    assert_eq!(run.load.as_ref().unwrap().to_string(), "closed, 4 clients, 1 s");
    let client = client(&run);
    assert_eq!((client.sent, client.ok, client.rate, client.bytes), (188, 188, 187.89, 22_179));
    assert_eq!(at(&run, [50.0, 75.0, 90.0, 99.0, 100.0]), [20.75, 20.85, 21.02, 23.71, 23.71].map(Some));
    assert_eq!((client.service.ok.count(), client.service.ok.mean_ms()), (Some(188), Some(20.88)));
    assert!((client.in_flight - 4.0).abs() < 0.1, "{}", client.in_flight);
    assert_eq!(checks(&run), []);
}

#[test]
fn wrk_without_percentiles_has_a_mean_and_a_longest() {
    let run = read(&[told!("wrk-plain.txt")]);
    assert_eq!(at(&run, [50.0, 100.0]), [None, Some(24.58)]);
}

#[test]
fn what_wrk_says_of_errors_is_kept() {
    let refused = read(&[told!("wrk-refused.txt")]);
    assert_eq!(
        (client(&refused).sent, client(&refused).ok, client(&refused).failed),
        (15_591, 262, 15_329)
    );
    assert_eq!(checks(&refused), [("answers", Verdict::Disturbed)]);
    let broken = read(&[told!("wrk-errors.txt")]);
    assert_eq!((client(&broken).sent, client(&broken).ok, client(&broken).aborted), (3, 0, 3));
    assert!(client(&broken).service.ok.is_empty());
}

#[test]
fn late_answers_that_wrk_leaves_out_make_a_run_invalid() {
    let run = read(&[told!("wrk-timeout.txt")]);
    assert_eq!((client(&run).ok, client(&run).service.ok.count()), (6, Some(4)));
    assert_eq!(checks(&run), [("late answers", Verdict::Failed)]);
    assert_eq!(client(&run).in_flight, 0.0, "not known");
}

#[test]
fn what_oha_has_written_is_read() {
    let run = read(&[told!("oha.json")]);
    let client = client(&run);
    assert_eq!((client.sent, client.ok, client.refused, client.failed), (300, 300, 0, 0));
    assert!((client.rate - 391.6).abs() < 0.01, "{}", client.rate);
    assert_eq!(at(&run, [50.0, 99.0, 100.0]), [Some(50.9752), Some(52.125907), Some(52.21928)]);
}

/// After the schema that oha publishes.
fn oha(more: &str) -> String {
    format!(
        r#"{{ "summary": {{ "successRate": 0.99, "total": 2.0, "slowest": 0.09, "fastest": 0.01,
            "average": 0.02, "requestsPerSec": 55.0, "totalData": 200, "sizePerRequest": null }},
          "latencyPercentiles": {{ "p10": 0.011, "p50": 0.02, "p99": 0.08, "p99.9": 0.085, "p99.99": null }},
          "statusCodeDistribution": {{ "200": 90, "302": 2, "429": 3, "503": 4, "500": 1 }},
          "errorDistribution": {{ "aborted due to deadline": 10 }}{more} }}"#
    )
}

#[test]
fn what_oha_writes_is_a_run() {
    let run = read(&[text("oha.json", &oha(""))]);
    let client = client(&run);
    assert_eq!(
        (client.sent, client.ok, client.refused, client.failed, client.aborted),
        (110, 92, 7, 1, 10)
    );
    assert_eq!((client.rate, client.seconds, client.bytes), (50.0, 2.0, 200));
    assert_eq!(
        at(&run, [10.0, 50.0, 99.9, 99.99, 100.0]),
        [Some(11.0), Some(20.0), Some(85.0), None, Some(90.0)]
    );
    assert_eq!(checks(&run), [("answers", Verdict::Disturbed), ("load", Verdict::Note)]);
}

#[test]
fn times_that_oha_tells_apart_stay_apart() {
    let apart = r#", "latencyPercentilesSuccessful": { "p50": 0.03 }, "latencyPercentilesNotSuccessful": { "p50": 0.001 }"#;
    let mixed = read(&[text("oha.json", &oha(apart))]);
    assert_eq!((at(&mixed, [50.0]), client(&mixed).service.failed.is_empty()), ([Some(30.0)], true));
    let refused = oha(apart).replace(r#", "500": 1"#, "");
    let refused = read(&[text("oha.json", &refused)]);
    assert_eq!(client(&refused).service.refused.quantile_ms(0.5), Some(1.0));
}

#[test]
fn nothing_of_oha_has_to_be_there() {
    read(&[text("oha.json", r#"{ "summary": { "total": 1 } }"#)]);
    let error = import(&[text("x", r#"{ "summary": {} }"#)], None, now()).unwrap_err().to_string();
    assert!(error.starts_with("x: not a result of oha: found none of"), "{error}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let says = |files: &[ToolOutput], tool| import(files, tool, now()).unwrap_err().to_string();
    assert!(says(&[], None).contains("at least one file"));
    assert!(says(&[text("x", "hello")], None).starts_with("x: unknown format"));
    assert!(says(&[text("x", "hello")], Some(Tool::Ab)).contains("Complete requests"));
    assert!(says(&[text("x", "hello")], Some(Tool::Wrk)).contains("requests in"));
    assert!(says(&[text("x", "{ hello }")], Some(Tool::Oha)).contains("line 1 column 3"));
    assert!(says(&[text("x", "hello")], Some(Tool::Oha)).contains("no line such as \"Total:"));
    assert!(says(&[text("x", "Percentage served,Time in ms\n0,x\n")], None).contains("line 2 is \"0,x\""));
    let own = to_json(&crate::runs::sample()).unwrap();
    assert!(says(&[text("x", &own)], None).contains("already a run of Weir"));
    assert!(says(&[text("x", "Summary:\n")], None).contains("no line such as \"Total: 4.0100 secs\""));
    assert!(says(&[text("x", "x")], Some(Tool::Bombardier)).contains("\"2xx - 2000\""));
    let two = says(&[told!("ab.txt"), told!("wrk.txt")], None);
    assert!(two.starts_with("ab.txt and wrk.txt are two runs"), "{two}");
    assert!(says(&[told!("ab.txt"), told!("ab-refused.txt")], None).contains("are two runs"));
    assert!(says(&[told!("wrk.txt"), told!("wrk-plain.txt")], None).contains("are two runs"));
}

#[test]
fn two_results_in_one_file_are_refused() {
    let contents = |told: ToolOutput| String::from_utf8(told.text).unwrap();
    let (ab, wrk, oha) = (contents(told!("ab.txt")), contents(told!("wrk.txt")), oha(""));
    for (both, expected) in [
        (format!("{wrk}{wrk}"), "x holds 2 results of wrk;"),
        (format!("{ab}{ab}{ab}"), "x holds 3 results of ab;"),
        (format!("{wrk}{ab}"), "x holds 2 results of ab and wrk;"),
        (format!("{oha}\n{oha}"), "x holds 2 results of oha;"),
        (format!("{HEY}{HEY}"), "x holds 2 results of hey;"),
        (format!("{BOMBARDIER}{BOMBARDIER}"), "x holds 2 results of bombardier;"),
        (format!("{0}{0}", contents(told!("ab.csv"))), "x holds 2 results of ab;"),
    ] {
        let refused = import(&[text("x", &both)], None, now()).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{refused}");
    }
}

const HEY: &str = "
Summary:
  Total:\t4.0100 secs
  Slowest:\t0.0310 secs
  Fastest:\t0.0190 secs
  Average:\t0.0200 secs
  Requests/sec:\t498.7531

  Total data:\t4000 bytes
  Size/request:\t2 bytes

Response time histogram:
  0.019 [1]\t|
  0.031 [499]\t|\u{25a0}\u{25a0}

Latency distribution:
  10% in 0.0193 secs
  50% in 0.0200 secs
  99% in 0.0300 secs

Status code distribution:
  [200]\t1900 responses
  [503]\t95 responses

Error distribution:
  [5]\tGet \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused
";

#[test]
fn what_hey_prints_is_a_run() {
    let run = read(&[text("hey", HEY)]);
    let client = client(&run);
    assert_eq!((run.origin, client.seconds, client.bytes), (Origin::Hey, 4.01, 4000));
    assert_eq!((client.sent, client.ok, client.refused, client.aborted), (2000, 1900, 95, 5));
    assert!((client.rate - 1995.0 / 4.01).abs() < 1e-9, "{}", client.rate);
    assert_eq!(at(&run, [10.0, 50.0, 99.0, 100.0]), [19.3, 20.0, 30.0, 31.0].map(Some));
    assert!(client.errors.keys().next().unwrap().ends_with("connection refused"), "{:?}", client.errors);
    let names: Vec<&str> = checks(&run).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["answers", "load", "every request was answered"]);
}

#[test]
fn what_oha_prints_is_a_run_of_oha() {
    let printed = HEY.replace("  Total:\t", "  Success rate:\t100.00%\n  Total:\t").replace("secs", "sec");
    let printed = printed.replace("0.0200 sec\n", "20.0000 ms\n").replace("10% in", "10.00% in");
    let printed = printed.split("Error distribution").next().unwrap().replace("4000 bytes", "3.91 KiB");
    let run = read(&[text("oha", &printed)]);
    let client = client(&run);
    assert_eq!((run.origin, client.sent, client.ok, client.bytes), (Origin::Oha, 1995, 1900, 4003));
    assert_eq!(at(&run, [10.0, 50.0, 100.0]), [19.3, 20.0, 31.0].map(Some));
    assert_eq!(client.service.ok.mean_ms(), Some(20.0));
}

const BOMBARDIER: &str = "\
Bombarding http://127.0.0.1:8080/a with 2000 request(s) using 10 connection(s)
 2000 / 2000 [==========] 100.00% 500/s 4s
Done!
Statistics        Avg      Stdev        Max
  Reqs/sec       500.00      12.00     560.00
  Latency       20.00ms     1.00ms    31.00ms
  Latency Distribution
     50%    20.00ms
     99%    30.00ms
  HTTP codes:
    1xx - 0, 2xx - 1990, 3xx - 0, 4xx - 0, 5xx - 0
    others - 10
  Errors:
    dial tcp 127.0.0.1:8080: connect: connection refused - 8
  Throughput:    62.50KB/s
";

#[test]
fn what_bombardier_prints_is_a_run() {
    let run = read(&[text("b", BOMBARDIER)]);
    assert_eq!((run.origin, run.target.as_str()), (Origin::Bombardier, "http://127.0.0.1:8080/a"));
    assert_eq!(run.load.as_ref().unwrap().to_string(), "closed, 10 clients, 2000 requests");
    let client = client(&run);
    assert_eq!((client.sent, client.ok, client.aborted, client.rate), (2000, 1990, 10, 500.0));
    assert_eq!(client.errors["other"], 2);
    assert!((client.seconds - 3.98).abs() < 1e-9, "from the rate: {}", client.seconds);
    assert_eq!(at(&run, [50.0, 99.0, 100.0]), [20.0, 30.0, 31.0].map(Some));
    let timed = BOMBARDIER.replace("with 2000 request(s)", "for 4s");
    assert_eq!(read(&[text("b", &timed)]).seconds, 4.0);
    // Without its first line and without errors.
    let short = BOMBARDIER.split_once("Done!\n").unwrap().1.replace("others - 10", "others - 0");
    let short = read(&[text("b", short.split("  Errors").next().unwrap())]);
    assert_eq!(checks(&short), [("duration", Verdict::Note), ("load", Verdict::Note)]);
}

#[test]
fn figures_that_exclude_each_other_make_a_run_invalid() {
    let wrk = String::from_utf8(told!("wrk.txt").text).unwrap();
    let says = |from: &str, to: &str| {
        assert!(wrk.contains(from), "{wrk}");
        let run = read(&[text("x", &wrk.replace(from, to))]);
        assert_eq!(run.audit.validity(), Validity::Invalid, "{to}: {:?}", run.audit);
        run.audit.remarks().next().unwrap().says.clone()
    };
    assert_eq!(
        says("Requests/sec:    187.89", "Requests/sec: 187890.00"),
        "187890/s of 20.9 ms each need 3,924 clients by Little's law, and there were 4"
            .replace("187890", "187,890")
    );
    assert_eq!(
        says("90%   21.02ms", "90%   50.02ms"),
        "the p90 is 50 ms and the p99 is 23.7 ms (successes), but percentiles cannot fall"
    );
    assert_eq!(
        says("188 requests in", "988 requests in"),
        "188/s for 1 s are 188 answers, and 988 were counted"
    );
    let mean = says("Latency    20.88ms", "Latency    40.88ms");
    assert_eq!(mean, "the mean is 40.9 ms, above the longest time of 23.7 ms (successes)");
    let dead = wrk.replace("188 requests", "0 requests").replace("187.89", "0.00");
    let dead =
        read(&[text("x", &format!("{dead}\n  Socket errors: connect 0, read 150, write 0, timeout 0\n"))]);
    assert_eq!(dead.audit.remarks().next().unwrap().says, "0 of 150 requests were answered (read)");
}

#[test]
fn a_run_began_as_long_ago_as_it_took() {
    let ended = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_239_308);
    let run = import(&[told!("wrk-errors.txt")], None, ended).unwrap();
    assert_eq!(
        (run.began.as_str(), run.id.as_str()),
        ("2026-11-21T05:35:04Z", "2026-11-21-053504-127.0.0.1-18733-wrk")
    );
}

/// A real result with some of it overwritten.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let oha = oha("").into_bytes();
    let printed = [HEY, BOMBARDIER].map(|text| text.as_bytes().to_vec());
    let real = [told!("ab.txt").text, told!("ab.csv").text, told!("wrk-timeout.txt").text, oha];
    let real = [&real[..], &printed].concat();
    let noise = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "(-1|1e999|nan|inf|99999999999999999999|%|:|,|\n|\u{e9}B| ){0,4}".prop_map(String::into_bytes),
    ];
    (prop::sample::select(real.to_vec()), noise, any::<prop::sample::Index>()).prop_map(
        |(mut text, noise, at)| {
            let at = at.index(text.len());
            text.splice(at..(at + noise.len()).min(text.len()), noise);
            text
        },
    )
}

proptest! {
    #[test]
    fn no_input_is_too_strange(
        text in prop_oneof![damaged(), prop::collection::vec(any::<u8>(), 0..200)],
        tool in prop::option::of(prop::sample::select(Tool::ALL.to_vec())),
    ) {
        let told = ToolOutput { name: "x".to_owned(), text };
        if let Ok(run) = import(&[told], tool, now()) {
            prop_assert!(to_json(&run).is_ok(), "what was read can be kept");
        }
    }
}
