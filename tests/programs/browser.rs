//! A browser that a test drives: it opens a page, types, clicks, and waits for what the
//! page shows. Chromium takes its commands from a pipe, as JSON that ends with a zero
//! byte (the DevTools protocol).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::binary::Folder;

/// How long a page may take to show something: far longer than on a slow machine.
const PATIENCE_MS: u64 = 20_000;

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Value,
    last: u64,
}

impl Browser {
    /// Opens a page of `width` × 800 pixels.
    pub(crate) fn open(folder: &Folder, url: &str, width: u32) -> Self {
        let profile = format!("--user-data-dir={}", folder.0.join("driven").display());
        // The pipe's ends are the file descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            // Modules are not loaded from files otherwise.
            .arg("--allow-file-access-from-files")
            .args(["--remote-debugging-pipe", &profile, &format!("--window-size={width},800")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut browser = Self { child, orders, answers, session: Value::Null, last: 0 };
        let page = browser.order("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": page["targetId"], "flatten": true });
        browser.session = browser.order("Target.attachToTarget", target)["sessionId"].clone();
        browser.order("Runtime.enable", json!({}));
        browser.order("Log.enable", json!({}));
        browser.visit(url);
        browser
    }

    /// Loads a page. A page that is open already is loaded again.
    pub(crate) fn visit(&mut self, url: &str) {
        self.order("Page.navigate", json!({ "url": "about:blank" }));
        self.order("Page.navigate", json!({ "url": url }));
        let arrived = format!("document.readyState === 'complete' && location.href === {}", json!(url));
        self.until(&arrived);
    }

    /// Sends a command, and returns its result. A message on the page's console fails.
    fn order(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut order = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_null() {
            order["sessionId"] = self.session.clone();
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).unwrap();
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).unwrap();
            answer.pop();
            let answer: Value = serde_json::from_slice(&answer).expect("the browser has ended");
            let event = answer["method"].as_str().unwrap_or_default();
            let is_message =
                ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"].contains(&event);
            assert!(!is_message, "{answer}");
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression on the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.order("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression on the page is true.
    pub(crate) fn until(&mut self, expression: &str) {
        let wait = format!(
            "new Promise((done) => {{
                const end = performance.now() + {PATIENCE_MS};
                const look = () => ({expression}) ? done(true)
                    : performance.now() > end ? done(false) : setTimeout(look, 20);
                look();
            }})"
        );
        let came = self.value(&wait);
        let shown = if came == true { Value::Null } else { self.value("document.body.innerText") };
        assert_eq!(came, true, "{expression} does not come on\n{}", shown.as_str().unwrap_or_default());
    }

    /// Replaces the text of a field by typing.
    pub(crate) fn fill(&mut self, selector: &str, text: &str) {
        let field = format!("document.querySelector({})", json!(selector));
        self.value(&format!("{field}.focus(); {field}.select()"));
        self.order("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key, such as `Enter`.
    pub(crate) fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        let code = if key == "Enter" { 13 } else { 27 };
        for kind in ["keyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.order("Input.dispatchKeyEvent", key);
        }
    }

    /// Drags the mouse from one place to another.
    pub(crate) fn drag(&mut self, from: [f64; 2], to: [f64; 2]) {
        let middle = [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])];
        let steps = [("mouseMoved", from), ("mousePressed", from), ("mouseMoved", middle)];
        for (kind, [x, y]) in steps.into_iter().chain([("mouseMoved", to), ("mouseReleased", to)]) {
            let buttons = u32::from(kind != "mouseReleased");
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons,
                "clickCount": 1, "pointerType": "mouse" });
            self.order("Input.dispatchMouseEvent", event);
        }
    }

    /// Clicks on an element, which must not be disabled.
    pub(crate) fn click(&mut self, selector: &str) {
        let found = format!("document.querySelector({})", json!(selector));
        assert_eq!(self.value(&format!("{found}.disabled || {found}.hidden")), false, "{selector}");
        self.value(&format!("{found}.click()"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
