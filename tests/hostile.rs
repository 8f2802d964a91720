//! Files from other people, broken in every way that chance finds: each is read or
//! refused. None panics, and none is read for ever.

use std::path::Path;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use serde_json::{Value, json};
use weir::config::{Config, Sources};
use weir::exercise::{Exercise, Progress, Set, evaluate, first_number, prose};
use weir::measure::PlanArgs;
use weir::record::Plan;
use weir::runs::{Document, Table, ToolOutput, compare, csv, from_json, import, to_json, without_first};
use weir::simulate::{Bounds, simulate_edited};
use weir::theory::predict;

use crate::binary::Folder;

/// What breaks parsers: brackets, extremes, ends of lines, half of a character.
const PIECES: [&str; 24] = [
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "'",
    "\\",
    "\n",
    "\r\n",
    "=",
    ":",
    ",",
    ".",
    "-",
    "#",
    "\0",
    "\u{202e}",
    "0",
    "18446744073709551616",
    "1e999",
    "nan",
    "[[[[[[[[",
];

/// The text with a few pieces cut out, doubled, moved or replaced.
fn broken(text: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..random.usize(1..6) {
        let from = random.usize(..=bytes.len());
        let to = random.usize(from..=bytes.len().min(from + 30));
        let piece = bytes[from..to].to_vec();
        match random.u8(..6) {
            0 => drop(bytes.drain(from..to)),
            1 => drop(bytes.splice(from..from, piece.repeat(random.usize(1..50)))),
            2 => drop(bytes.splice(from..to, PIECES[random.usize(..PIECES.len())].bytes())),
            3 => drop(bytes.splice(
                from..from,
                PIECES[random.usize(..PIECES.len())].repeat(random.usize(1..300)).bytes(),
            )),
            4 => bytes.truncate(from),
            _ => bytes.iter_mut().skip(from).take(1).for_each(|byte| *byte = random.u8(..)),
        }
    }
    bytes
}

fn broken_text(text: &str, random: &mut Rng) -> String {
    String::from_utf8_lossy(&broken(text.as_bytes(), random)).into_owned()
}

#[test]
fn a_broken_configuration_or_flag_is_read_or_refused() {
    let mut random = Rng::with_seed(1);
    let parse = |text: &str, flags: Vec<String>| {
        Sources { file: Some("config.toml".into()), flags }.parse(text).map_err(|error| error.to_string())
    };
    for _ in 0..800 {
        let _ = parse(&broken_text(include_str!("../config.toml"), &mut random), Vec::new());
        let flag = "resource.latency={ distribution = \"uniform\", mean = \"5ms\" }";
        let _ = parse("", vec![broken_text(flag, &mut random)]);
        let _ = parse("", vec![broken_text("server.hosts=[\"a\",\"b\"]", &mut random)]);
    }
    for deep in ["[".repeat(30_000), "a.".repeat(30_000), "a={".repeat(20_000), "[a.".repeat(20_000)] {
        assert!(parse(&format!("{deep}a=1"), Vec::new()).is_err());
        assert!(parse("", vec![format!("a={deep}")]).is_err());
        assert!(parse("", vec![format!("{deep}a=1")]).is_err());
    }
}

#[test]
fn a_broken_result_of_another_tool_is_imported_or_refused() {
    let mut random = Rng::with_seed(2);
    let results: [&[u8]; 6] = [
        include_bytes!("data/import/ab.txt"),
        include_bytes!("data/import/ab.csv"),
        include_bytes!("data/import/wrk.txt"),
        include_bytes!("data/import/wrk-timeout.txt"),
        include_bytes!("data/import/ab-refused.txt"),
        include_bytes!("data/import/oha.json"),
    ];
    for result in results {
        for _ in 0..500 {
            let told = [ToolOutput { name: "a".to_owned(), text: broken(result, &mut random) }];
            if let Ok(run) = import(&told, None, SystemTime::UNIX_EPOCH) {
                // What was taken in can be written, read again and shown.
                let Ok(text) = to_json(&run) else { continue };
                let run = from_json(text.as_bytes()).expect("a run that was written");
                let _ = compare(&run, &run);
                let _ = csv(&run, Table::Percentiles);
            }
        }
    }
}

#[test]
fn a_broken_sum_or_text_is_computed_or_refused() {
    let mut random = Rng::with_seed(3);
    for _ in 0..5000 {
        let _ = evaluate(&broken_text("(100 + 800) / 20 * one.drain_s - 3", &mut random), &|_| Some(0.0));
        let text =
            broken_text("after 60 / 0.5 = 120 events, 1,000 of them, ```sh\n-n 5\n```\n1. x", &mut random);
        let _ = (first_number(&text), prose(&text));
        let run = broken_text("serial --rate 100:10s,100..400:20s --arrivals burst:10 -n 50", &mut random);
        let _ = PlanArgs::read(&run).and_then(|args| args.on_bench("measure"));
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_broken_exercise_or_progress_is_read_or_refused() {
    let folder = Folder::new("hostile-set");
    let mut random = Rng::with_seed(4);
    let toml = include_bytes!("../exercises/shed-load/exercise.toml");
    let readme = include_bytes!("../exercises/shed-load/README.md");
    let (set, progress) = (folder.0.join("set"), folder.0.join("progress.json"));
    std::fs::create_dir_all(set.join("one")).unwrap();
    let entry = json!({ "one": { "predictions": { "a": 1.0, "b": "x" }, "hints": 1, "checks": 2, "finished": "x" } });
    for _ in 0..400 {
        write(&set.join("set.toml"), b"title = \"a\"\nparts = [\"b\"]\nexercises = [\"one\"]\n");
        write(&set.join("one/exercise.toml"), &broken(toml, &mut random));
        write(&set.join("one/README.md"), &broken(readme, &mut random));
        if let Ok(set) = Set::read(&set) {
            let one = &set.exercises[0];
            let _ = (one.doubtful_numbers(&set.given), one.explained());
            for question in &one.questions {
                let _ = question.read(&broken_text("1,500.5ms", &mut random));
            }
        }
        write(
            &set.join("set.toml"),
            &broken(b"title = \"a\"\nparts = [\"b\"]\nexercises = [\"one\"]\n", &mut random),
        );
        let _ = Set::read(&set);
        write(&progress, &broken(entry.to_string().as_bytes(), &mut random));
        if let Ok(progress) = Progress::read(&progress) {
            let _ = progress.of("one");
        }
    }
}

#[test]
fn an_exercise_beyond_its_bounds_is_refused_with_what_is_allowed() {
    let folder = Folder::new("hostile-bounds");
    let one = folder.0.join("one");
    std::fs::create_dir_all(&one).unwrap();
    let head = "title = \"a\"\npart = 1\nminutes = 1\nhints = []\nexplanation = \"\"\n";
    let load = "[[load]]\nname = \"l\"\nrun = \"serial -n 1 -c 1\"\n";
    for (text, says) in [
        (format!("{load}faster = 0\n"), "faster = 0, expected 1 to 1000"),
        (format!("{load}faster = 1001\n"), "faster = 1001, expected 1 to 1000"),
        (load.repeat(201), "201 loads: expected at most 200"),
        ("[[fact]]\nsays = \"1\"\nis = \"1\"\ntolerance = inf\n".to_owned(), "expected a finite tolerance"),
        (format!("given = [{}]\n", "\"1\",".repeat(100_000)), "larger than 256 KiB"),
    ] {
        let text =
            if text.starts_with("given") { format!("{text}{head}") } else { format!("{head}{text}") };
        write(&one.join("exercise.toml"), text.as_bytes());
        let error = Exercise::read(&one).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    for id in ["../one", "/etc", "--config", "", "a/b", ".", &"x".repeat(65)] {
        write(
            &folder.0.join("set.toml"),
            format!("title = \"a\"\nparts = []\nexercises = [{id:?}]\n").as_bytes(),
        );
        let error = Set::read(&folder.0).unwrap_err().to_string();
        assert!(error.contains("cannot be an exercise"), "{error}");
    }
}

/// A run, as a file.
fn run(folder: &Folder) -> Value {
    let made = folder.run(&["simulate", "pipelined", "-n", "30", "-c", "3", "--json"]);
    serde_json::from_slice(&made.stdout).unwrap()
}

/// One value of a document, chosen by chance, is replaced by an extreme.
fn twisted(value: &mut Value, random: &mut Rng) {
    let deeper = random.u8(..10) > 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let at = random.usize(..fields.len());
            twisted(fields.values_mut().nth(at).expect("it is there"), random);
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = random.usize(..items.len());
            if random.u8(..4) == 0 {
                items.push(items[at].clone());
            } else {
                twisted(&mut items[at], random);
            }
        }
        _ => {
            let extremes = [
                json!(null),
                json!(0),
                json!(-1),
                json!(1),
                json!(0.0),
                json!(-0.5),
                json!(1e308),
                json!(-1e308),
                json!(5e-324),
                json!(u64::MAX),
                json!(i64::MIN),
                json!(""),
                json!("x"),
                json!([]),
                json!({}),
                json!([[0, 0]]),
                json!(true),
                json!([[u64::MAX, u64::MAX], [1, 1]]),
                json!(3_600_000_001_u64),
            ];
            *value = extremes[random.usize(..extremes.len())].clone();
        }
    }
}

#[test]
fn a_twisted_run_is_compared_exported_predicted_and_simulated_or_refused() {
    let folder = Folder::new("hostile-run");
    let (good, mut random) = (run(&folder), Rng::with_seed(5));
    let whole = from_json(good.to_string().as_bytes()).unwrap();
    let (mut read, bounds) = (0, Bounds { requests: 2000, seconds: 1000.0 });
    for n in 0..600 {
        let mut twisted_run = good.clone();
        (0..random.usize(1..4)).for_each(|_| twisted(&mut twisted_run, &mut random));
        let Ok(run) = from_json(twisted_run.to_string().as_bytes()) else { continue };
        read += 1;
        let _ = (compare(&run, &whole), compare(&whole, &run), to_json(&run));
        for table in [Table::Series, Table::Percentiles, Table::Histogram] {
            let _ = csv(&run, table);
        }
        let rest = without_first(&run, Duration::from_millis(500));
        for document in [Document::Html, Document::Svg] {
            let written = document.write(&[run.clone(), rest.clone()]).unwrap();
            assert!(!written.contains("NaN"), "{written}");
        }
        let audited = run.clone().audited();
        let (Some(plan), Some(config), Some(mode)) = (&audited.load, &audited.config, audited.mode())
        else {
            continue;
        };
        let Ok(config) = Config::from_effective(config) else { continue };
        let _ = predict(&config.settings, mode, plan);
        if n % 20 == 0 {
            let _ = simulate_edited(config, mode, plan, &[], bounds, &mut |_| ());
        }
    }
    assert!(read > 30, "most of what is twisted is refused: {read}");
    // The same through the commands, which print it.
    let file = folder.0.join("twisted.json");
    for _ in 0..8 {
        let mut twisted_run = good.clone();
        (0..random.usize(1..4)).for_each(|_| twisted(&mut twisted_run, &mut random));
        write(&file, twisted_run.to_string().as_bytes());
        for args in [&["runs", "show", "twisted.json"][..], &["compare", "twisted.json"]] {
            let output = folder.run(args);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("panicked"), "{args:?}: {said}\n{twisted_run}");
        }
    }
}

#[test]
fn a_run_that_says_it_was_endless_is_not_simulated_for_ever() {
    let folder = Folder::new("hostile-endless");
    let mut run = run(&folder);
    run["load"]["requests"] = json!(u64::MAX);
    write(&folder.0.join("endless.json"), run.to_string().as_bytes());
    let plan: Plan = serde_json::from_value(run["load"].clone()).unwrap();
    let bounds = Bounds { requests: 1000, seconds: 60.0 };
    let config = Config::from_effective(&run["config"]).unwrap();
    let mode = from_json(run.to_string().as_bytes()).unwrap().mode().unwrap();
    let error = simulate_edited(config, mode, &plan, &[], bounds, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("more than 1000 requests or 60 s"), "{error}");
}
