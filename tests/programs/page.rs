//! The pages in a browser: the tests of their pure parts, and what each shows when it
//! is loaded. A message on the browser's console is a failure.

use std::path::Path;

use serde_json::Value;

use super::browser::Browser;
use crate::binary::{Folder, Server};

/// The document at `url`, once `shown` is true on it.
fn dom(browser: &mut Browser, url: &str, shown: &str) -> String {
    browser.visit(url);
    browser.until(shown);
    browser.value("document.documentElement.outerHTML").as_str().unwrap().to_owned()
}

/// What stands between each `before` and the next quote.
fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
#[ignore = "needs a browser, from the package chromium"]
fn the_pure_parts_of_the_page_hold_their_claims() {
    let folder = Folder::new("page-unit");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page/tests/unit.html");
    let mut browser = Browser::open(&folder, "about:blank", 1280);
    let url = format!("file://{}", page.display());
    let dom = dom(&mut browser, &url, "document.querySelector('#report')");
    let report = dom.split_once("<pre id=\"report\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (report, _) = report.unwrap_or_else(|| panic!("the tests did not run:\n{dom}"));
    let last = report.lines().last().unwrap();
    assert!(last.ends_with(" claims hold, 0 failures") && !last.starts_with("0 "), "\n{report}");
}

#[test]
#[ignore = "needs a browser, from the package chromium"]
fn the_page_shows_the_numbers_as_soon_as_it_is_loaded() {
    let folder = Folder::new("chromium");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=1ms"]);
    for _ in 0..7 {
        assert!(server.request("GET /serial").ends_with("OK"));
    }
    assert!(server.request("POST /api/pause").ends_with("OK"));
    let mut browser = Browser::open(&folder, &server.url("/"), 1280);
    let dom =
        dom(&mut browser, &server.url("/"), "document.querySelector('#word').textContent === 'PAUSED'");
    // The text of the element that has this attribute.
    let shown = |attribute: &str| {
        let (_, rest) = dom.split_once(attribute).unwrap_or_else(|| panic!("{attribute} is missing"));
        rest.split_once('>').unwrap().1.split_once('<').unwrap().0
    };
    assert_eq!(shown("data-bind=\"ledger.accepted\""), "7");
    assert_eq!(shown("id=\"pause\""), "Resume");
    assert_eq!((shown("id=\"word\""), shown("<title")), ("PAUSED", "PAUSED · Weir"));
    assert_eq!(shown("class=\"go\""), "Start");
    for term in quoted(&dom, "data-term=\"") {
        assert!(dom.contains(&format!("id=\"term-{term}\"")), "{term} is not defined");
    }
    // The scripts of the other tabs are loaded when they are first shown.
    let shown = "document.querySelector('#components .mark.paused')";
    let dom = self::dom(&mut browser, &server.url("/#components"), shown);
    let table = dom.split_once("id=\"components\"").unwrap().1.split_once("</section>").unwrap().0;
    for part in ["mark paused", "mark running", "<code>crates/weir-parts/src/pipeline/source.rs</code>"] {
        assert!(table.contains(part), "{part} is missing in {table}");
    }
}

#[test]
#[ignore = "needs a browser, from the package chromium"]
fn the_page_shows_what_kills_under_load_have_cost_and_that_the_stages_run_again() {
    let folder = Folder::new("kill-page");
    let flags = ["consumers.concurrency=3", "consumers.max_demand=4", "resource.latency.mean=20s"];
    let server = Server::start(&folder, &flags.map(|flag| ["--set", flag]).concat());
    for _ in 0..30 {
        assert!(server.request("GET /pipelined").ends_with("OK"));
    }
    // Which of them have begun by then, the server knows.
    let json = |line: &str| -> Value {
        let answer = server.request(line);
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let busy = || json("GET /api/snapshot")["consumers"]["busy"] == 3;
    while !busy() {}
    let killed = json("POST /api/components/consumers/kill");
    assert_eq!((&killed["failed"], &killed["requeued"]), (&3.into(), &9.into()));
    while !busy() {}
    let worker = json("GET /api/components")["supervisor"]["stages"][1]["workers"][0]["id"].to_string();
    let worker = json(&format!("POST /api/components/consumers/workers/{worker}/kill"));
    assert_eq!((&worker["failed"], &worker["requeued"]), (&1.into(), &3.into()));
    json("POST /api/components/queue/kill");
    while !busy() {}

    let mut browser = Browser::open(&folder, &server.url("/"), 1280);
    let shown = "document.querySelector('#components').textContent.split(' prefetched: ').length === 4";
    let dom = dom(&mut browser, &server.url("/#components"), shown);
    let tab = dom.split_once("id=\"components\"").unwrap().1.split_once("</section>").unwrap().0;
    for (binding, text) in [("accepted", "30"), ("failed", "4"), ("held", "26"), ("unaccounted", "0")] {
        let part = format!("data-bind=\"ledger.{binding}\">{text}<");
        assert!(tab.contains(&part), "{part} is missing in {tab}");
    }
    let (stages, _) = tab.split_once("class=\"labs-run\"").unwrap();
    assert_eq!(stages.matches("mark running").count(), 3, "the supervisor and both stages: {tab}");
    assert_eq!(tab.matches("last ended: killed").count(), 2, "{tab}");
    assert_eq!(tab.matches("aria-label=\"Kill worker ").count(), 3, "{tab}");
    assert_eq!(tab.matches(" prefetched: ").count(), 3, "{tab}");
}

#[test]
#[cfg(unix)]
#[ignore = "needs a browser, from the package chromium"]
fn the_workshops_page_lists_the_exercises_and_shows_one() {
    let folder = Folder::new("workshop-page");
    let exercises = Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises");
    std::os::unix::fs::symlink(exercises, folder.0.join("exercises")).unwrap();
    let server = Server::start(&folder, &[]);
    let mut browser = Browser::open(&folder, &server.url("/"), 1280);
    let listed = "document.querySelector('[href=\"#write-a-stage\"]')";
    let list = dom(&mut browser, &server.url("/exercises"), listed);
    assert!(list.contains("href=\"#enqueue-1000\""), "enqueue-1000 is not listed");
    let stuck = "[...document.querySelectorAll('h2')].some(({ textContent }) => textContent === 'Stuck?')";
    let shown = dom(&mut browser, &server.url("/exercises#enqueue-1000"), stuck);
    for part in ["<h2>Predict</h2>", "<h2>Check</h2>", "<h2>Stuck?</h2>", "0 of 3 saved"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
}
