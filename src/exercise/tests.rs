use std::path::PathBuf;

use super::trial::TimeScale;
use super::*;
use crate::record::{ClientSide, Origin, PredictedTimes, Prediction, Run, now};

const TEXT: &str = r#"
title = "A title"
part = 1
minutes = 10
hints = ["one", "two", "three"]
explanation = "Because."

[[load]]
name = "a"
run = "serial -n 10"

[[question]]
name = "rate"
ask = "How many a second?"
unit = "/s"
measure = "a.client.rate"
tolerance = 0.1
answer = 100
look = "the page"
wrong = [{ is = 50, reveals = "half" }, { is = 1000, reveals = "ten times" }]

[[question]]
name = "holder"
ask = "Who waits?"
measure = "answer"
choices = ["the client", "no client"]
answer = "the client"
look = "the source"
wrong = [{ is = "no client", reveals = "that is async" }]
"#;

fn exercise() -> Exercise {
    toml::from_str(TEXT).unwrap()
}

fn measured(rate: f64) -> Measured {
    let prediction = Prediction {
        rate: Some(100.0),
        response: Some(PredictedTimes { p99_ms: Some(7.0), ..PredictedTimes::default() }),
        ..Prediction::default()
    };
    let run = |rate| {
        let mut run = Run::new(Origin::Load, "serial", now());
        run.client = Some(ClientSide { rate, ..ClientSide::default() });
        run
    };
    Measured {
        load: "a".to_owned(),
        predicted: Some(prediction),
        simulated: Some(run(99.5)),
        measured: Some(run(rate)),
        snapshot: None,
        scale: TimeScale::ONE,
        invalid: Vec::new(),
        lab: None,
    }
}

/// What answers are worth, question by question.
fn verdicts(answers: &[(&str, Value)], rate: f64) -> Vec<Grade> {
    let predictions = answers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let state = State { predictions: predictions.collect(), ..State::default() };
    let findings = Findings::of(&exercise(), &[measured(rate)]);
    judge(&exercise(), &state, &findings).into_iter().map(|judgement| judgement.verdict).collect()
}

#[test]
fn an_answer_is_right_within_the_tolerance_of_what_was_measured() {
    let text = |text: &str| Value::Text(text.to_owned());
    let right = [("rate", Value::Number(105.0)), ("holder", text("The Client"))];
    assert_eq!(verdicts(&right, 98.0), [Grade::Right, Grade::Right]);
    // 105 is more than a tenth off 90.
    assert_eq!(verdicts(&right, 90.0)[0], Grade::Wrong(None));
    assert_eq!(verdicts(&[], 98.0), [Grade::Missing, Grade::Missing]);
}

#[test]
fn two_loads_are_compared_by_a_ratio_and_several_by_the_least_figure() {
    let asked = |measure: &str| {
        let mut exercise = exercise();
        exercise.questions[0].measure = measure.parse().unwrap();
        assert_eq!(exercise.questions[0].measure.to_string(), measure);
        let mut other = measured(50.0);
        other.load = "b".to_owned();
        Findings::of(&exercise, &[measured(200.0), other]).figures["rate"].measured.clone()
    };
    assert_eq!(asked("a.client.rate / b.client.rate"), Some(Value::Number(4.0)));
    assert_eq!(asked("a.client.rate / c.client.rate"), None);
    assert_eq!(asked("least of a.client.rate, b.client.rate"), Some(Value::Text("b".to_owned())));
    assert_eq!(asked("least of a.client.rate, c.client.rate"), None);
    assert!("a.client.rate / nothing".parse::<Measure>().is_err());
}

#[test]
fn a_wrong_answer_reveals_the_idea_behind_it() {
    let wrong = [("rate", Value::Number(52.0)), ("holder", Value::Text("no client".to_owned()))];
    let reveals = |what: &str| Grade::Wrong(Some(what.to_owned()));
    assert_eq!(verdicts(&wrong, 100.0), [reveals("half"), reveals("that is async")]);
    assert_eq!(verdicts(&[("rate", Value::Number(300.0))], 100.0)[0], Grade::Wrong(None));
}

#[test]
fn what_was_not_measured_cannot_be_judged() {
    let state = State::default();
    let judgements = judge(&exercise(), &state, &Findings::of(&exercise(), &[]));
    assert!(matches!(judgements[0].verdict, Grade::Unknown(_)), "{judgements:?}");
}

#[test]
fn theory_and_simulation_stand_beside_what_was_measured() {
    let state = State { predictions: [("rate".to_owned(), Value::Number(1.0))].into(), ..State::default() };
    let judgements = judge(&exercise(), &state, &Findings::of(&exercise(), &[measured(101.0)]));
    let rate = &judgements[0];
    assert_eq!((rate.theory, &rate.simulated), (Some(100.0), &Some(Value::Number(99.5))));
    assert_eq!((rate.quiz, judgements[1].quiz), (false, true));
    // Of the other nothing was predicted, and nothing is shown.
    assert_eq!((&judgements[1].measured, &judgements[1].verdict), (&None, &Grade::Missing));
    let predicted = |name: &str| measured(1.0).predicted(&name.parse().unwrap());
    assert_eq!(predicted("a.bench.modes.pipelined.response.p99_ms"), Some(7.0));
    assert_eq!(predicted("a.bench.modes.pipelined.wait.p99_ms"), None);
}

#[test]
fn answers_are_read_with_or_without_their_unit_and_choices_by_number_too() {
    let exercise = exercise();
    let [rate, who] = &exercise.questions[..] else { panic!("two questions") };
    for written in ["100", " 100 /s", "1_00"] {
        assert_eq!(rate.read(written), Ok(Value::Number(100.0)), "{written}");
    }
    for written in ["", "many", "inf", "NaN", "100 ms", "-1", "1e21", "1,00", ",100", "1,000,0"] {
        assert!(
            rate.read(written).is_err_and(|error| error.to_string().contains("0.5, in /s")),
            "{written:?}"
        );
    }
    let of = |unit: &str| Question { unit: unit.to_owned(), ..rate.clone() };
    for (unit, written, number) in [
        ("s", "2,500", 2500.0),
        ("s", "500ms", 0.5),
        ("s", "2min", 120.0),
        ("ms", "0.5s", 500.0),
        ("ms", "1,234.5 ms", 1234.5),
        ("", "3", 3.0),
    ] {
        assert_eq!(of(unit).read(written), Ok(Value::Number(number)), "{written} in {unit:?}");
    }
    assert_eq!(who.read("2"), Ok(Value::Text("no client".to_owned())));
    assert_eq!(who.read("NO CLIENT"), Ok(Value::Text("no client".to_owned())));
    for written in ["0", "3", "one client"] {
        assert!(
            who.read(written).is_err_and(|error| error.to_string().contains("from 1 to 2")),
            "{written}"
        );
    }
}

#[test]
fn a_mistake_in_an_exercise_is_told_with_its_place() {
    let wrong = TEXT.replace("minutes = 10", "minuts = 10");
    let error = toml::from_str::<Exercise>(&wrong).unwrap_err().to_string();
    assert!(error.contains("minuts") && error.contains("line 4"), "{error}");
    for (measure, says) in [
        ("a.client.rates", "in client, \"rates\" is none of sent, ok"),
        ("a.snapshot.queue.length", "in queue, \"length\" is none of depth,"),
        ("a.snapshot.components.first.source", "in components, \"first.source\" is none of 0, 1"),
        ("rate", "expected LOAD.PATH"),
    ] {
        let wrong = TEXT.replace("a.client.rate", measure);
        let error = toml::from_str::<Exercise>(&wrong).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("line 16"), "{error}");
    }
}

#[test]
fn a_run_measured_at_ten_times_the_speed_is_converted_back() {
    let ten_times = Measured { scale: TimeScale::new(10), ..measured(50.0) };
    let name = "a.client.rate".parse().unwrap();
    assert_eq!(ten_times.measured(&name), Some(Value::Number(5.0)));
    // The simulation always runs at the speed that is asked about.
    assert_eq!(ten_times.simulated(&name), Some(Value::Number(99.5)));
}

#[test]
fn the_names_of_figures_are_written_as_they_are_read() {
    for name in [
        "one.client.service.ok.p50_ms",
        "two.bench.modes.async.in_system",
        "three.snapshot.resource.calls",
        "four.snapshot.queue.oldest_ms",
        "five.snapshot.consumers.busy",
        "six.snapshot.ledger.held",
        "seven.snapshot.components.1.asked",
        "eight.snapshot.components.0.source",
        "nine.snapshot.modes.serial.in_flight",
        "ten.snapshot.modes.serial.http_ms.p99",
    ] {
        assert_eq!(name.parse::<FigureName>().unwrap().to_string(), name);
    }
}

#[test]
fn progress_is_kept_by_id_and_what_others_wrote_meanwhile_stays() {
    let folder: PathBuf = std::env::temp_dir().join(format!(
        "weir-progress-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let file = folder.join("below").join("progress.json");
    let (mut one, mut other) = (Progress::read(&file).unwrap(), Progress::read(&file).unwrap());
    one.change("a", |state| state.checks = 3).unwrap();
    other.change("b", State::finish).unwrap();
    let read = Progress::read(&file).unwrap();
    assert_eq!(read.of("a").checks, 3);
    assert!(read.of("b").finished.is_some());
    assert_eq!(read.of("c"), State::default());
    one.reset(Some("a")).unwrap();
    let read = Progress::read(&file).unwrap();
    assert_eq!(read.of("a").checks, 0);
    assert!(read.of("b").finished.is_some());
    std::fs::write(&file, "not JSON").unwrap();
    assert!(Progress::read(&file).unwrap_err().to_string().contains("progress.json"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn changes_made_at_once_are_all_kept() {
    let folder = std::env::temp_dir().join(format!("weir-progress-race-{}", std::process::id()));
    let file = folder.join("progress.json");
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let file = file.clone();
            std::thread::spawn(move || {
                for _ in 0..25 {
                    let mut progress = Progress::read(&file).unwrap();
                    progress.change(&format!("of-{n}"), |state| state.checks += 1).unwrap();
                    progress.change("shared", |state| state.checks += 1).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let progress = Progress::read(&file).unwrap();
    assert_eq!(progress.of("shared").checks, 200);
    assert!((0..8).all(|n| progress.of(&format!("of-{n}")).checks == 25));
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// What is said of a wrong number.
fn said(predicted: f64, truth: f64) -> String {
    let state =
        State { predictions: [("rate".to_owned(), Value::Number(predicted))].into(), ..State::default() };
    let findings = Findings::of(&exercise(), &[measured(truth)]);
    judge(&exercise(), &state, &findings)[0].says().unwrap_or_default()
}

#[test]
fn a_number_that_fits_no_known_mistake_is_told_how_far_off_it_is_and_which_way() {
    assert_eq!(said(420.0, 100.0), "4.2 times too high. Compare your number with the simulated column");
    assert_eq!(said(20.0, 100.0), "5.0 times too low. Compare your number with the simulated column");
    assert_eq!(said(130.0, 100.0), "1.30 times too high. Compare your number with the simulated column");
    assert_eq!(said(5e6, 100.0), "50000 times too high. Compare your number with the simulated column");
    assert!(said(0.0, 100.0).starts_with("too low: it is 100."));
    assert_eq!(said(1000.0, 100.0), "ten times", "a known mistake is named");
    assert_eq!(said(101.0, 100.0), "", "right within the tolerance");
}

#[test]
fn the_score_of_the_first_honest_check_stays_and_brings_the_explanation() {
    let exercise = exercise();
    let findings = Findings::of(&exercise, &[measured(100.0)]);
    let mut state = State::default();
    let mut check = |answers: &[(&str, Value)]| {
        let answers = answers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        state.predictions.extend(answers);
        let judgements = judge(&exercise, &state, &findings);
        state.checked(&judgements, None, None);
        let score = state.first.as_ref().map(|first| (first.right, first.of));
        (score, state.is_explained(), state.finished.is_some())
    };
    let who = |text: &str| ("holder", Value::Text(text.to_owned()));
    assert_eq!(check(&[("rate", Value::Number(7.0))]), (None, false, false), "one is open");
    assert_eq!(check(&[who("the client")]), (Some((1, 2)), true, false));
    assert_eq!(check(&[("rate", Value::Number(100.0))]), (Some((1, 2)), true, true));
    // Code that is still to be written is no answer; code that fails is one.
    let mut state = State::default();
    state.checked(&[], Some(false), Some(false));
    assert_eq!((state.first.clone(), state.is_explained()), (None, false));
    state.checked(&[], Some(false), Some(true));
    assert_eq!(state.first.map(|first| (first.right, first.of)), Some((0, 1)));
}

#[test]
fn findings_are_read_back_as_they_were_written_and_belong_to_one_text_of_an_exercise() {
    let findings = Findings::of(&exercise(), &[measured(99.0)]).to_keep();
    let state = State { findings: Some(findings.clone()), ..State::default() };
    let text = serde_json::to_string(&state).unwrap();
    let state: State = serde_json::from_str(&text).unwrap();
    assert_eq!(state.findings_of(&exercise()), Some(&findings));
    let mut edited = exercise();
    edited.loads[0].run = "serial -n 20".to_owned();
    assert_eq!(state.findings_of(&edited), None);
}
