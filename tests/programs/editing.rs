//! The configuration, edited on the page in a browser.

use serde_json::Value;

use super::browser::Browser;
use crate::binary::{Folder, Server};

const TEXT: &str =
    "# mine\n[consumers]\nconcurrency = 1   # edit me\n\n[queue] # bounded\ncapacity = 10_000 # events\n";

const CONCURRENCY: &str = "[id='key-consumers.concurrency']";
const CAPACITY: &str = "[id='key-queue.capacity']";

#[test]
#[ignore = "needs a browser, from the package chromium"]
fn a_value_is_checked_while_it_is_typed_then_applied_and_written_with_the_comments_kept() {
    let folder = Folder::new("editing");
    let path = folder.0.join("config.toml");
    std::fs::write(&path, TEXT).unwrap();
    let file = || std::fs::read_to_string(&path).unwrap();
    let server = Server::start(&folder, &["--set", "queue.when_full=wait"]);
    let in_force = |key: &str| server.snapshot()["config"]["effective"].pointer(key).cloned();
    let mut page = Browser::open(&folder, &server.url("/#configuration"), 1280);
    let said = "document.querySelector('.edits .said').innerText";
    let problem = |selector: &str| {
        format!(
            "document.querySelector(\"{selector}\").closest('.line').querySelector('.problem').innerText"
        )
    };
    page.until(&format!("document.querySelector(\"{CONCURRENCY}\")?.value === '1'"));
    // A key of a flag cannot be edited, and says why.
    let flagged = "document.querySelector(\"[id='key-queue.when_full']\")";
    assert_eq!(page.value(&format!("{flagged}.disabled")), true);
    let why = page.value(&format!("{flagged}.closest('.line').innerText"));
    assert!(why.as_str().unwrap().contains("set by a flag, which wins"), "{why}");

    page.fill(CONCURRENCY, "many");
    page.until(&format!("{}.includes('expected a whole number from 0 to 10000')", problem(CONCURRENCY)));
    assert_eq!(page.value("document.querySelector('[data-do=apply]').disabled"), true);
    page.press("Enter");
    assert_eq!((in_force("/consumers/concurrency"), file().as_str()), (Some(Value::from(1)), TEXT));

    page.fill(CONCURRENCY, "3");
    page.until(
        "document.querySelector('.edits .differences').textContent === 'consumers.concurrency 1 → 3'",
    );
    assert_eq!(page.value(&problem(CONCURRENCY)), "");
    page.press("Enter");
    page.until(&format!("{said}.startsWith('✓ In force until the next edit of config.toml')"));
    assert_eq!((in_force("/consumers/concurrency"), file().as_str()), (Some(Value::from(3)), TEXT));

    page.fill(CAPACITY, "50");
    page.until("!document.querySelector('[data-do=write]').disabled");
    page.click("[data-do=write]");
    page.until(&format!("{said}.startsWith('✓ In force and written to config.toml')"));
    assert_eq!(in_force("/queue/capacity"), Some(Value::from(50)));
    let written = TEXT.replace("10_000", "50");
    assert_eq!(file(), written);
    assert_eq!(in_force("/consumers/concurrency"), Some(Value::from(3)), "the write takes nothing back");

    // What the file still lacks is said as long as it is so, also to a page that is new.
    page.visit(&server.url("/#configuration"));
    page.until(&format!(
        "document.querySelector('.edits') && {said}.startsWith('1 value is in force, but not in')"
    ));
    page.click("[data-do=keep]");
    page.until(&format!("{said}.startsWith('✓ In force and written')"));
    assert_eq!(file(), written.replace("= 1 ", "= 3 "));
    assert_eq!(server.snapshot()["config"]["not_in_file"], serde_json::json!([]));
    assert_eq!(server.snapshot()["config"]["generation"], 3);

    // Escape discards a value.
    page.fill(CAPACITY, "7");
    page.press("Escape");
    assert_eq!(page.value(&format!("document.querySelector(\"{CAPACITY}\").value")), "50");
}

#[test]
#[ignore = "needs a browser, from the package chromium"]
fn a_read_only_server_shows_why_nothing_can_be_edited() {
    let folder = Folder::new("editing-read-only");
    let server = Server::start(&folder, &["--read-only"]);
    let mut page = Browser::open(&folder, &server.url("/#configuration"), 390);
    page.until(&format!("document.querySelector(\"{CONCURRENCY}\")?.readOnly === true"));
    let said = page.value("document.querySelector('.edits').innerText");
    assert!(said.as_str().unwrap().contains("This server is read-only"), "{said}");
    let controls =
        "[...document.querySelectorAll('.toml .value')].every((one) => one.readOnly || one.disabled)";
    assert_eq!(page.value(controls), true);
    assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth"), true);
}
