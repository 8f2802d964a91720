//! The Runs tab in a browser: an address with three runs, their export, and a stretch of the
//! score that is kept as a run.

use weir::record::{Arrivals, Mode, Run};
use weir::runs::Store;

use super::browser::Browser;
use crate::binary::{Folder, Server};
use crate::simulate::{open, run};

/// The text of an element.
fn text(selector: &str) -> String {
    format!("(document.querySelector({selector:?})?.innerText ?? '')")
}

#[test]
#[ignore = "needs a browser, from the package chromium"]
fn an_address_shows_three_runs_which_are_exported_and_a_selection_is_kept() {
    let folder = Folder::new("runs-page");
    let store = Store::new(folder.0.join("data/runs"));
    for (id, rate) in [("a", 40.0), ("b", 60.0), ("c", 80.0)] {
        let made =
            run(&["resource.latency.mean=20ms"], Mode::Pipelined, &open(rate, 10.0, Arrivals::Poisson, 1));
        let name = (id == "b").then(|| "<img src=x onerror=alert(1)>".to_owned());
        let name = name.map(|name| name.replace('/', ""));
        store.save(&Run { id: id.to_owned(), name, ..made }).unwrap();
    }
    let data = format!("data.directory={}", folder.0.join("data").display());
    let server = Server::start(&folder, &["--set", &data, "--set", "resource.latency.mean=5ms"]);
    let mut page = Browser::open(&folder, &server.url("/#run=a&with=b&with=c"), 1280);
    page.until("document.querySelectorAll('#comparison .titles b').length >= 3");
    page.until(&format!("{}.includes('A and C: ')", text("#comparison .verdict-words")));
    let cards = page.value(&text("#comparison .titles"));
    assert!(cards.as_str().unwrap().contains("B <img src=x onerror=alert(1)>"), "{cards}");
    assert_eq!(page.value("document.querySelectorAll('#comparison img').length"), 0);
    let clocks = page.value(&text("#comparison .clocks"));
    for side in ["A as the client saw it", "C as the server saw it"] {
        assert!(clocks.as_str().unwrap().contains(side), "{side} is missing in {clocks}");
    }

    // Back and forward, an unknown run, and a warm-up.
    page.value("location.hash = '#run=a&with=nothing%3Cb%3E&skip=3'");
    page.until(&format!("{}.includes('There is no run “nothing<b>”')", text("#comparison .titles")));
    page.until(&format!("{}.includes('the first 3 s are left out')", text("#comparison .titles")));
    page.value("history.back()");
    page.until(&format!("{}.includes('A and C: ')", text("#comparison .verdict-words")));
    assert_eq!(page.value("location.hash"), "#run=a&with=b&with=c");

    // The links save what the server writes.
    for (kind, begins) in [("html", "<!doctype html>"), ("svg", "<svg xmlns="), ("csv", "t,")] {
        let link = format!("document.querySelector('.as-{kind}').href");
        let saved = page.value(&format!("fetch({link}).then((answer) => answer.text())"));
        let saved = saved.as_str().unwrap();
        assert!(saved.starts_with(begins), "{kind}: {saved:.200}");
        assert!(!saved.contains("<img"), "{kind}");
        if kind == "html" {
            assert!(saved.contains("A and C: ") && saved.contains("&lt;img src=x"), "{saved}");
        }
    }

    // A stretch of the score becomes a run.
    page.value("location.hash = '#bench'");
    for _ in 0..20 {
        assert!(server.request("GET /serial").ends_with("OK"));
        page.value("new Promise((done) => setTimeout(done, 100))");
    }
    page.until("document.querySelector('.score canvas').getBoundingClientRect().width > 0");
    let box_of = |page: &mut Browser, edge: &str| {
        page.value(&format!("document.querySelector('.score canvas').getBoundingClientRect().{edge}"))
            .as_f64()
            .unwrap()
    };
    let [left, top, width] = ["left", "top", "width"].map(|edge| box_of(&mut page, edge));
    page.drag([left + width * 0.1, top + 90.0], [left + width * 0.865, top + 90.0]);
    page.until("!document.querySelector('.score .picked').hidden");
    page.click(".score .keep");
    page.until("document.querySelector('.score .kept a') !== null");
    page.click(".score .kept a");
    page.until("location.hash.startsWith('#run=') && document.body.dataset.tab === 'runs'");
    page.until(&format!("{}.includes('kept, serial')", text("#comparison .titles")));
    assert_eq!(store.list().unwrap().runs.len(), 4);
}
