use std::time::Duration;

use super::*;
use crate::record::{Check, Mark, MarkKind, Verdict};
use crate::runs::markup::tests::assert_self_contained;
use crate::runs::{sample, without_first};

fn other(id: &str) -> Run {
    Run { id: id.to_owned(), name: None, ..sample() }
}

#[test]
fn a_report_needs_nothing_else_and_has_every_part() {
    let text = html(&[sample(), other("b"), other("c")]);
    assert_self_contained(&text);
    for heading in [
        "Figures",
        "Charts",
        "Both clocks",
        "What differs",
        "Ledger",
        "All times",
        "Audit",
        "Marks",
        "Configuration",
    ] {
        assert!(text.contains(&format!("<h2>{heading}</h2>")), "{heading} is missing");
    }
    for part in [
        "A as the client saw it",
        "A as the server saw it",
        "A and C: ",
        "closed, 2 clients, 5 requests",
        "accepted 3 = done 3 + failed 0",
        "5 requests are few for a p99; 1000 would do",
        "resource.latency",
        "began",
        env!("CARGO_PKG_VERSION"),
        "@media print",
        "light-dark(",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
}

#[test]
fn a_run_alone_is_not_compared_and_has_no_empty_sections() {
    let bare =
        Run { client: None, bench: None, config: None, audit: crate::record::Audit::default(), ..sample() };
    let text = html(&[bare]);
    assert_self_contained(&text);
    assert!(!text.contains("What differs") && !text.contains("<h2>Ledger"), "{text}");
}

#[test]
fn no_foreign_text_becomes_markup() {
    let hostile = "</title></style><script>alert(1)</script><img src=x onerror=\"alert(1)\">'&\u{202e}";
    let mut run = sample();
    (run.id, run.name, run.target) = (hostile.to_owned(), Some(hostile.to_owned()), hostile.to_owned());
    (run.weir, run.began) = (hostile.to_owned(), hostile.to_owned());
    run.config = Some(serde_json::json!({ hostile: { hostile: hostile } }));
    run.audit.checks.push(Check {
        name: hostile.to_owned(),
        verdict: Verdict::Failed,
        says: hostile.to_owned(),
    });
    let bench = run.bench.as_mut().unwrap();
    let side = bench.modes["serial"].clone();
    bench.modes.insert(hostile.to_owned(), side);
    bench.marks.push(Mark { t: 1.0, kind: MarkKind::Reload, text: hostile.to_owned() });
    let text = html(&[run.clone(), run.clone(), other("c")]);
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains('\u{202e}'));
    assert_self_contained(&text);
}

#[test]
fn a_warm_up_that_is_left_out_is_named_in_the_report() {
    let text = html(&[without_first(&sample(), Duration::from_secs(1)), sample()]);
    assert_self_contained(&text);
    assert!(text.contains("warm-up"), "{text}");
}

#[test]
fn sentences_about_the_third_run_name_its_letter() {
    let mut slower = other("c");
    slower.target = "async B".to_owned();
    let text = html(&[sample(), other("b"), slower]);
    assert!(text.contains("in C") && text.contains("A and C: "), "{text}");
}
