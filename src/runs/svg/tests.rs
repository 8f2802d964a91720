use super::*;
use crate::record::{MarkKind, Series};
use crate::runs::markup::tests::assert_self_contained;
use crate::runs::sample;

#[test]
fn a_picture_needs_nothing_else_and_is_well_formed() {
    let run = sample();
    for runs in [vec![run.clone()], vec![run.clone(); 2], vec![run.clone(); 3]] {
        let text = svg(&runs);
        assert_self_contained(&text);
        let lines = text.matches("class=\"line C\"").count();
        assert_eq!(lines > 0, runs.len() == 3, "{lines} lines of C in {} runs", runs.len());
    }
    assert_eq!(svg(&vec![run.clone(); 5]), svg(&vec![run; 3]));
}

#[test]
fn hostile_names_and_figures_stay_inside() {
    let mut run = sample();
    run.name = Some("</text><script>alert(1)</script>".to_owned());
    run.target = "\" onload=\"alert(1)".to_owned();
    let bench = run.bench.as_mut().unwrap();
    bench.marks.push(Mark { t: 1.0, kind: MarkKind::Reload, text: "</title><a href=\"x\">".to_owned() });
    for (t, value) in [(1e308, 1e308), (-1e308, -5.0), (0.0, 0.0), (1e-300, 1e-300)] {
        let values = vec![Some(value), None, Some(value)];
        let columns = ["depth", "in_use", "serial.requests", "serial.done"]
            .map(|name| (name.to_owned(), values.clone()));
        let series = Series { interval_s: 1.0, t: vec![t, t + 1.0, t + 2.0], columns: columns.into() };
        run.bench.as_mut().unwrap().series = series;
        let text = svg(&[run.clone()]);
        assert!(text.len() < 40_000, "{} bytes", text.len());
        assert_self_contained(&text);
    }
}

#[test]
fn a_run_without_figures_is_a_picture_without_charts() {
    let empty = Run { client: None, bench: None, ..sample() };
    assert_self_contained(&svg(&[empty]));
}
