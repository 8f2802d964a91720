use proptest::prelude::*;

use super::*;
use crate::runs::sample;
use crate::theory::Prediction;

#[test]
fn three_digits_are_kept() {
    let cases = [
        (0.0, "0"),
        (0.0004, "0.000"),
        (0.0126, "0.013"),
        (0.99961, "1.00"),
        (9.9951, "10.0"),
        (20.991, "21.0"),
        (99.96, "100"),
        (501.2, "501"),
        (123_456.0, "123456"),
        (1.5e9, "1.5e9"),
    ];
    for (value, expected) in cases {
        assert_eq!(ms(value), expected);
    }
}

#[test]
fn a_run_has_a_page() {
    let expected = "\
run         before
id          2026-11-21-053505-serial
from        weir load, by weir 0.1.0
target      serial
load        closed, 2 clients, 5 requests
began       2026-11-21T05:35:05Z, for 1.50 s

client      sent 5 = ok 3 + refused 1 + failed 0 + aborted 1; unsent 0
            2.67 answers/s for 1.50 s; 1.90 under way on average
statuses    3 \u{d7} 200, 1 \u{d7} 503
aborted     1 \u{d7} timeout

in ms                   count    mean     p50     p90     p99   p99.9     max
service ok                  3     540     501     620     620     620     620
service refused             1   0.900   0.900   0.900   0.900   0.900   0.900

bench       1.50 s; drained 0.250 s after the last request
            at most 2 in the resource, 0 in the queue
ledger      accepted 3 = done 3 + failed 0 + dropped 0 + held 0; rejected 1,
            unaccounted 0
serial      4 answers, 1 of them errors, 0 aborted; 2.70/s
            accepted 3, refused 1; done 3, failed 0, dropped 0; done 2.00/s; at
            most 2 in the resource

in ms                   count    mean     p50     p90     p99   p99.9     max
serial http                 3     540     501     620     620     620     620
serial service              3     540     501     620     620     620     620
serial response             3     540     501     620     620     620     620

marks       at 0.500 s, reload: consumers.concurrency = 3

audit       valid
caution     sample size: 5 requests are few for a p99; 1000 would do
";
    assert_eq!(report(&sample()), expected);
}

#[test]
fn an_invalid_run_says_so_first() {
    let mut run = sample();
    run.audit.checks[0].verdict = Verdict::Failed;
    assert!(
        report(&run).ends_with("INVALID:    sample size: 5 requests are few for a p99; 1000 would do\n")
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
        for line in report.lines() {
            prop_assert!(line.chars().count() <= WIDTH, "{}", line);
        }
    }
}
