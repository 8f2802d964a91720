//! `weir jobs`: its requests, texts and exit codes, against a server that answers as the
//! lab does.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Folder, fake, text, words};

/// A snapshot with one rogue.
pub(crate) fn snapshot() -> Value {
    json!({
        "at_ms": 60000, "isolation": "fuel", "slice": { "reductions": 50000, "us": 57.0 },
        "load": { "workers": 10000, "rate": 1.0, "target": 10000, "fail_share": 0.02 },
        "verdict": { "word": "ONE ROGUE", "tone": "warn", "text": "#48215 takes 90 % of the core" },
        "now": { "rate": 9992, "cpu": 0.997, "lateness_ms": { "p50": 0.6, "p99": 1.1 },
                 "yours_ms": null, "stalled_ms": 0, "late": 0, "restarts": 12 },
        "top": [{ "id": 48215, "input": "-1", "by": "you", "version": 1, "core": 0.905,
                  "reductions_s": 789200000, "slices": 225456, "longest_us": 64, "age_ms": 14200,
                  "isolation": "fuel", "kill": "asked" }],
        "others": { "count": 10000, "core": 0.095, "reductions_s": 14000000, "longest_us": 9, "late": 0 },
        "code": { "file": "jobs/sum.wat", "version": 1, "running": { "1": 10001 }, "history": [1],
                  "swap": null, "problem": "line 9: unknown instruction", "built_in": false },
        "ledger": { "accepted": 4782321, "done": 4782307, "failed": 13, "killed": 0, "running": 1,
                    "refused": 3 },
    })
}

/// The lab's answers to the requests of these tests.
fn answer(request: &str) -> (u16, String) {
    let stack = json!({ "id": 7, "input": "-1", "version": 1, "stack": ["calc_sum", "sum"],
        "taken_at_slice": 225456, "trace": null });
    let mut trace = stack.clone();
    trace["trace"] = json!({ "calls": [["calc_sum", "101", "-1", "5050"], ["calc_sum", "201", "-1", "20100"]],
        "asked": 50, "took_ms": 1000.4, "ended": "time" });
    let difference = json!({ "input": "13", "old": "trap: unreachable in fail_on_13 < sum", "new": "91",
        "count": 3, "old_reductions": 8, "new_reductions": 12 });
    let faster = json!({ "input": "999999999", "old": "499999999500000000", "new": "499999999500000000",
        "count": 1, "old_reductions": 19090909089_u64, "new_reductions": 12 });
    let rehearsal = |refused: Value| {
        json!({ "inputs": 1000, "same": 998, "changed": 1, "broken": 1, "took_ms": 84.2, "refused": refused,
            "differences": [difference.clone()], "faster": [faster.clone()] })
    };
    let done = json!({ "id": 3, "input": "100", "state": "done", "result": "5050", "took_ms": 0.05,
        "why": null });
    let failed = json!({ "id": 4, "input": "13", "state": "failed", "result": null, "took_ms": 0.06,
        "why": "trap: unreachable", "stack": ["fail_on_13", "sum"] });
    let called = json!({ "name": "sum", "node": "left", "generation": 2, "calls": 5, "job": done.clone() });
    let mut trapped = called.clone();
    trapped["job"] = failed.clone();
    let name = |name: &str, node: &str, calls: Value| {
        json!({ "name": name, "node": node, "url": "http://127.0.0.1:4001", "generation": 2,
            "here": !calls.is_null(), "calls": calls })
    };
    let names = [name("sum", "127.0.0.1:4001", 5.into()), name("other", "right", Value::Null)];
    let (status, body) = match request {
        "POST /api/jobs/names/sum" => (201, json!({ "name": "sum", "node": "left", "generation": 1 })),
        "POST /api/jobs/names/sum/call?n=100" => (200, called),
        "POST /api/jobs/names/sum/call?n=13" => (200, trapped),
        "GET /api/jobs/names" => (200, json!({ "names": names })),
        "DELETE /api/jobs/names/sum" => return (200, "OK".into()),
        "POST /api/jobs/names/taken" => {
            let says = "taken is registered already: the node left owns it, in generation 1\n";
            return (409, says.into());
        }
        "GET /api/jobs" => (200, snapshot()),
        "POST /api/jobs/submit?n=-1" => (202, json!({ "id": 7 })),
        "POST /api/jobs/submit?n=100&wait=true" => (200, done),
        "POST /api/jobs/submit?n=13&wait=true" => (200, failed),
        "GET /api/jobs/7?calls=0" => (200, stack),
        "GET /api/jobs/7?calls=50&for_ms=1000" => (200, trace),
        "POST /api/jobs/7/kill" => (200, json!({ "ended": "killed in calc_sum < sum", "told_ms": 0.05 })),
        "POST /api/jobs/rehearse" => (200, rehearsal(Value::Null)),
        "POST /api/jobs/rehearse?file=jobs%2Fno.wat" => (200, rehearsal("no end for 5".into())),
        "POST /api/jobs/swap" | "POST /api/jobs/swap?unrehearsed=true" => (200, json!({ "version": 2 })),
        "POST /api/jobs/back" => (200, json!({ "version": 1 })),
        "GET /api/jobs/history" => (
            200,
            json!([{ "version": 2, "current": true, "since_ms": 61000, "name": "jobs/sum.wat" },
                { "version": 1, "current": false, "since_ms": 0, "name": "jobs/sum.wat" }]),
        ),
        "POST /api/jobs/load?workers=500&rate=2.5&fail_share=0.02" | "POST /api/jobs/reset" => {
            return (200, "OK".into());
        }
        "POST /api/jobs/8/kill" => return (404, "there is no job 8\n".into()),
        "POST /api/jobs/9/kill" => return (410, "job 9 has ended\n".into()),
        "POST /api/jobs/submit?n=12abc" => {
            return (400, "invalid input: 12abc is not a whole number\n".into());
        }
        other => return (500, format!("unexpected: {other}\n")),
    };
    (status, body.to_string())
}

/// A lab on a free port: its address, and the requests that it got.
fn lab() -> (String, Arc<Mutex<Vec<String>>>) {
    fake::server(|request| {
        let (status, body) = answer(request);
        fake::Answer { status, body, ..fake::Answer::default() }
    })
}

#[test]
fn each_verb_prints_its_outcome_and_exits_with_its_code() {
    let folder = Folder::new("jobs-verbs");
    let (address, _) = lab();
    for (args, code, says) in [
        (&["submit", "-1"][..], 0, "job 7 runs with input -1"),
        (&["submit", "100", "--wait"], 0, "5050 (0.050 ms)"),
        (&["submit", "13", "--wait"], 1, "job 4 with input 13: failed, trap: unreachable (0.060 ms)"),
        (
            &["stack", "7"],
            0,
            "job 7, input -1, version 1: the stack after slice 225456\n  calc_sum\n  sum\n",
        ),
        (&["trace", "7"], 0, "job 7, input -1: 2 of 50 calls in 1000 ms, then the time ran out"),
        (&["trace", "7"], 0, "  calc_sum(101, -1, 5050)\n  calc_sum(201, -1, 20100)\n"),
        (&["kill", "7"], 0, "killed in calc_sum < sum; its submitter had the answer after 0.050 ms"),
        (&["load"], 0, "10000 workers at 1 jobs/s each, 10000 jobs/s in total; 2 % of the jobs get 13"),
        (&["load", "--workers", "500", "--rate", "2.5", "--fail-share", "0.02"], 0, "10000 workers"),
        (&["rehearse"], 0, "1000 inputs: 998 the same, 1 with a new answer, 1 with a new cost (84.2 ms)"),
        (&["rehearse"], 0, "499999999500000000 499999999500000000     19.1 G → 12"),
        (&["rehearse"], 0, "1 of them had a value and would get a different one, or none"),
        (&["rehearse", "jobs/no.wat"], 0, "cannot be swapped in: no end for 5"),
        (&["swap"], 0, "version 2 is in use for new jobs; `weir jobs back` undoes it"),
        (&["swap", "--unrehearsed"], 0, "version 2 is in use for new jobs"),
        (&["back"], 0, "version 1 is in use again"),
        (&["history"], 0, "  current       61.0  jobs/sum.wat\n      1                   0  jobs/sum.wat"),
        (&["register", "sum"], 0, "sum is at the node left, in generation 1"),
        (&["call", "sum", "100"], 0, "5050 (0.050 ms)\n  node left, generation 2, call 5\n"),
        (
            &["call", "sum", "13"],
            1,
            "job 4 with input 13: failed, trap: unreachable (0.060 ms)\n  node left",
        ),
        (&["names"], 0, "sum           127.0.0.1:4001             2        5  http://127.0.0.1:4001\n"),
        (&["names"], 0, "other         right                      2        –  http://127.0.0.1:4001\n"),
        (&["unregister", "sum"], 0, "sum is removed"),
        (&["reset"], 0, ""),
    ] {
        let output = folder.run(&[&["jobs"], args, &["--url", &address]].concat());
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}{}", words(&output.stderr));
        assert!(said.contains(says) && output.stderr.is_empty(), "{args:?}: {said}");
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{args:?}: {said}");
    }
}

#[test]
fn a_refusal_is_said_in_the_words_of_the_server_and_told_from_wrong_arguments() {
    let folder = Folder::new("jobs-refusals");
    let (address, asked) = lab();
    for (args, code, says) in [
        (&["kill", "8"][..], 1, "there is no job 8"),
        (&["kill", "9"], 1, "job 9 has ended"),
        (&["swap", "jobs/no.wat"], 1, "no end for 5"),
        (&["submit", "12abc"], 2, "invalid input: 12abc is not a whole number"),
        (&["register", "taken"], 1, "taken is registered already: the node left owns it"),
        (&["kill", "x"], 2, "invalid value 'x' for '<ID>'"),
        (&["trace", "7", "--calls", "51"], 2, "51 is not in 1..=50"),
        (&["trace", "7", "--for", "2s"], 2, "a trace takes at most 1s"),
        (&["swap", "x.wat", "--unrehearsed"], 2, "cannot be used with"),
        (&[], 2, "Usage: weir jobs"),
    ] {
        let output = folder.run(&[&["jobs"], args, &["--url", &address]].concat());
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says) && output.stdout.is_empty(), "{args:?}: {said}");
    }
    let asked = asked.lock().unwrap();
    assert!(!asked.iter().any(|request| request.contains("swap")), "{asked:?}");
}

#[test]
fn programs_get_the_json_of_each_verb() {
    let folder = Folder::new("jobs-json");
    let (address, _) = lab();
    let json = |args: &[&str]| -> Value {
        let output = folder.run(&[&["jobs"], args, &["--json", "--url", &address]].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{args:?}: {}", text(&output.stdout)))
    };
    assert_eq!(json(&["top"]), snapshot());
    assert_eq!(json(&["submit", "-1"]), json!({ "id": 7 }));
    assert_eq!(json(&["submit", "13", "--wait"])["stack"][0], "fail_on_13");
    assert_eq!(json(&["stack", "7"])["stack"], json!(["calc_sum", "sum"]));
    assert_eq!(json(&["trace", "7"])["trace"]["ended"], "time");
    assert_eq!(json(&["kill", "7"])["told_ms"], 0.05);
    assert_eq!(json(&["load"])["workers"], 10000);
    assert_eq!(json(&["rehearse"])["differences"][0]["new"], "91");
    assert_eq!(json(&["swap"])["version"], 2);
    assert_eq!(json(&["back"])["version"], 1);
    assert_eq!(json(&["history"])[0]["current"], true);
    assert_eq!(json(&["register", "sum"])["node"], "left");
    assert_eq!(json(&["call", "sum", "100"])["job"]["result"], "5050");
    assert_eq!(json(&["names"])["names"][1]["calls"], Value::Null);
    assert_eq!(json(&["unregister", "sum"]), json!({ "removed": true }));
    assert_eq!(json(&["reset"]), json!({ "reset": true }));
}

#[test]
fn top_shows_the_lab_in_eighty_columns_and_again_while_it_is_watched() {
    let folder = Folder::new("jobs-top");
    let (address, _) = lab();
    let said = text(&folder.run(&["jobs", "top", "--url", &address]).stdout);
    for line in [
        "ONE ROGUE  #48215 takes 90 % of the core",
        "isolation fuel, slices of 50,000 reductions, 57.0 µs",
        "jobs      9992/s of 10000/s, 0 late, 12 restarts",
        "lateness  p50 0.600 ms, p99 1.10 ms",
        "user jobs none in the last second",
        "code      jobs/sum.wat, version 1; 10001 jobs on version 1",
        "          the file cannot be used: line 9: unknown instruction",
        "ledger    accepted 4782321 = done 4782307 + failed 13 + killed 0 + running 1;",
    ] {
        assert!(said.lines().any(|found| found.starts_with(line)), "no {line:?} in\n{said}");
    }
    let row = said.lines().find(|line| line.contains("48215  ")).unwrap();
    assert!(row.contains("90.5 %") && row.contains("789 M") && row.contains("14.2 s"), "{row}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");

    let mut watching = folder.weir().args(["jobs", "top", "--watch", "--url", &address]).spawn().unwrap();
    let mut shown = BufReader::new(watching.stdout.take().unwrap());
    let verdicts =
        shown.by_ref().lines().map_while(Result::ok).filter(|line| line.starts_with("ONE ROGUE"));
    let twice = verdicts.take(2).count();
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert_eq!(twice, 2);
}

#[test]
fn lateness_is_predicted_and_simulated_without_a_server() {
    let folder = Folder::new("jobs-lateness");
    let run = |args: &[&str]| {
        let output = folder.run(args);
        (output.status.code(), text(&output.stdout), words(&output.stderr))
    };
    let bench = [
        "jobs",
        "--rogues",
        "10",
        "--slice",
        "50000",
        "--workers",
        "10000",
        "--rate",
        "1",
        "--threads",
        "1",
    ];
    let json = |command: &str| -> Value {
        serde_json::from_str(&run(&[&[command], &bench[..], &["--json"]].concat()).1).unwrap()
    };
    let (predicted, simulated) = (json("predict"), json("simulate"));
    assert_eq!(json("simulate"), simulated, "the same seed");
    for of in ["lateness", "yours"] {
        let [theory, found] =
            [&predicted, &simulated].map(|figures| figures[of]["p50_ms"].as_f64().unwrap());
        assert!((theory - found).abs() < 0.1 * theory + 0.02, "{of}: {theory} and {found}");
    }
    let (code, said, _) = run(&["predict", "jobs", "--rogues", "1", "--isolation", "task"]);
    assert!(
        code == Some(0) && said.contains("unbounded: a task that never yields keeps its thread"),
        "{said}"
    );
    for (args, why) in [
        (
            &["predict", "jobs", "--rogues", "1", "--isolation", "thread"][..],
            "no model fits: with the isolation `thread`",
        ),
        (&["simulate", "jobs", "--input", "-1"], "no model fits: the job of -1 traps, or needs more than"),
        (&["predict", "jobs", "--workers", "100001"], "100001 is not in 0..=100000"),
        (&["simulate", "jobs", "--duration", "1h"], "expected a time from 1ms to 10min"),
        (&["predict", "jobs", "--cost", "200us"], "10000 jobs/s need 200 % of the 1 threads"),
        (&["predict"], "required arguments were not provided"),
    ] {
        let (code, said, complaint) = run(args);
        assert!(code == Some(2) && said.is_empty() && complaint.contains(why), "{args:?}: {complaint}");
    }
}
