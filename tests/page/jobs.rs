//! The types of the jobs lab's page against a server's answers.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::declared::{Declared, Extra};
use crate::binary::{Folder, Server};

const SUM: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/jobs/sum.wat"));
const LIMIT: Duration = Duration::from_secs(60);

/// Sends a request, and returns the JSON of its answer.
fn ask(server: &Server, line: &str) -> Value {
    let answer = server.request(line);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}: {answer}"))
}

/// Holds snapshots against the declared type until one shows something.
#[expect(clippy::disallowed_methods, reason = "a process takes real time")]
fn until(declared: &mut Declared, server: &Server, what: &str, shows: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        let jobs = ask(server, "GET /api/jobs");
        declared.check("Jobs", &jobs, Extra::Refused);
        if shows(&jobs) {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{what}: {jobs}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_page_declares_the_jobs_lab_as_the_server_sends_it() {
    let mut declared = Declared::read("jobs/types", &[]);
    let folder = Folder::new("page-jobs");
    let file = folder.0.join("jobs/sum.wat");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, SUM).unwrap();
    let server = Server::start(&folder, &["--set", "jobs.load.workers=20"]);
    for n in ["13", "100"] {
        ask(&server, &format!("POST /api/jobs/submit?n={n}&wait=true"));
    }
    let id = ask(&server, "POST /api/jobs/submit?n=-1")["id"].as_u64().unwrap();
    until(&mut declared, &server, "turns of the endless job", |jobs| {
        jobs["top"][0]["reductions_s"].as_f64() > Some(0.0)
            && jobs["cores"][0]["turns"][0].is_array()
            && !jobs["slice"]["us"].is_null()
            && !jobs["now"]["yours_ms"].is_null()
    });
    let inspection = ask(&server, &format!("GET /api/jobs/{id}?calls=5&for_ms=1000"));
    declared.check("Inspection", &inspection, Extra::Refused);
    declared.check("CodeText", &ask(&server, "GET /api/jobs/code"), Extra::Refused);

    // Half a file, then another answer and another cost.
    fs::write(&file, SUM.split_at(300).0).unwrap();
    until(&mut declared, &server, "a problem", |jobs| jobs["code"]["problem"].is_string());
    let closed = "(module (func $sum (export \"run\") (param i64) (result i64) (i64.const 91)))";
    fs::write(&file, closed).unwrap();
    until(&mut declared, &server, "a rehearsal", |jobs| jobs["rehearsal"]["differences"][0].is_object());
    ask(&server, "POST /api/jobs/swap");
    until(&mut declared, &server, "a swap", |jobs| jobs["code"]["swap"].is_object());
    ask(&server, &format!("POST /api/jobs/{id}/kill"));
    until(&mut declared, &server, "no long job", |jobs| jobs["top"][0].is_null());
    ask(&server, "POST /api/jobs/names/sum");
    let named = |jobs: &Value| jobs["names"][0]["calls"] == 1;
    let called = ask(&server, "POST /api/jobs/names/sum/call?n=4");
    // The answer of a call has the same fields as that of a submission, but for the page's number.
    assert_eq!((&called["calls"], &called["job"]["input"]), (&Value::from(1), &Value::from("4")));
    until(&mut declared, &server, "a name", named);
    // Kills that have no effect are tested with the lab; the socket has tests of its own.
    declared.end(&["Job.kill", "Rehearsal.refused", "Answer"]);
}
