use proptest::prelude::*;

use super::*;
use crate::config::{Settings, Sources};

/// The text after one change.
fn one(text: &str, key: &str, value: &str) -> String {
    rewrite(text, [(key, value)]).unwrap()
}

#[test]
fn a_value_changes_and_nothing_else_does() {
    for (text, key, value, expected) in [
        // A comment behind the value keeps its column; one at a single space keeps that.
        (
            "[queue]\ncapacity = 10_000   # a bound\n",
            "queue.capacity",
            "5",
            "[queue]\ncapacity = 5        # a bound\n",
        ),
        (
            "[queue]\ncapacity = 5  # a bound\n",
            "queue.capacity",
            "100_000",
            "[queue]\ncapacity = 100_000 # a bound\n",
        ),
        ("[queue]\ncapacity = 5 # a\n", "queue.capacity", "77", "[queue]\ncapacity = 77 # a\n"),
        // Inline table, dotted keys, spaces, quotes, CRLF, a byte order mark, no last newline.
        (
            "[resource]\nlatency = { distribution = \"fixed\", mean = \"500ms\" } # slow\n",
            "resource.latency.mean",
            "\"20ms\"",
            "[resource]\nlatency = { distribution = \"fixed\", mean = \"20ms\" } # slow\n",
        ),
        ("consumers.concurrency=1", "consumers.concurrency", "3", "consumers.concurrency=3"),
        (
            " consumers . 'concurrency'\t=\t1\t# c\n",
            "consumers.concurrency",
            "30",
            " consumers . 'concurrency'\t=\t30\t# c\n",
        ),
        (
            "\u{feff}# head\r\n[queue]\r\n  capacity = 1\r\n\r\n# end\r\n",
            "queue.capacity",
            "2",
            "\u{feff}# head\r\n[queue]\r\n  capacity = 2\r\n\r\n# end\r\n",
        ),
        (
            "[server]\nhosts = [\n  \"a\", # one\n  \"b\",\n]\nread_only = false\n",
            "server.hosts",
            "[\"c\"]",
            "[server]\nhosts = [\"c\"]\nread_only = false\n",
        ),
    ] {
        assert_eq!(one(text, key, value), expected, "{key}");
    }
}

#[test]
fn a_key_that_the_file_lacks_is_added_beside_its_siblings() {
    for (text, key, value, expected) in [
        (
            "[queue]\ncapacity = 1   # a bound\n               # for all\n# next\n[data]\nkeep = 1\n",
            "queue.when_full",
            "\"wait\"",
            "[queue]\ncapacity = 1   # a bound\n               # for all\nwhen_full = \"wait\"\n# next\n[data]\nkeep = 1\n",
        ),
        (
            "[resource]\r\n  latency = { mean = \"1s\", } # c\r\n",
            "resource.latency.max",
            "\"9s\"",
            "[resource]\r\n  latency = { mean = \"1s\", max = \"9s\", } # c\r\n",
        ),
        (
            "[resource]\nlatency = {}\n",
            "resource.latency.mean",
            "\"1s\"",
            "[resource]\nlatency = { mean = \"1s\" }\n",
        ),
        (
            "[resource]\nlatency = { mean = \"1s\" } # c\n\n[queue]\n",
            "resource.seed",
            "7",
            "[resource]\nlatency = { mean = \"1s\" } # c\nseed = 7\n\n[queue]\n",
        ),
        (
            "[resource]\nlatency.mean = \"1s\"\n",
            "resource.latency.max",
            "\"9s\"",
            "[resource]\nlatency.mean = \"1s\"\nlatency.max = \"9s\"\n",
        ),
        (
            "[resource.latency]\nmean = \"1s\"\n",
            "resource.seed",
            "2",
            "[resource.latency]\nmean = \"1s\"\n\n[resource]\nseed = 2\n",
        ),
        (
            "consumers.concurrency = 1\nqueue.capacity = 2",
            "consumers.mode",
            "\"workers\"",
            "consumers.concurrency = 1\nconsumers.mode = \"workers\"\nqueue.capacity = 2",
        ),
        (
            "resource.latency.mean = \"1s\"\n\n[queue]\n",
            "resource.seed",
            "2",
            "resource.latency.mean = \"1s\"\nresource.seed = 2\n\n[queue]\n",
        ),
        (
            "consumers = { concurrency = 1 }\n",
            "consumers.recall",
            "false",
            "consumers = { concurrency = 1, recall = false }\n",
        ),
        ("[queue]\n# all defaults", "queue.capacity", "3", "[queue]\ncapacity = 3\n# all defaults"),
        ("# nothing", "queue.capacity", "3", "# nothing\n\n[queue]\ncapacity = 3\n"),
        ("", "resource.latency.mean", "\"1s\"", "[resource]\nlatency.mean = \"1s\"\n"),
    ] {
        assert_eq!(one(text, key, value), expected, "{key}");
    }
}

#[test]
fn what_cannot_be_written_is_named_and_leaves_the_text_alone() {
    // An array of tables has no place for the key, and a broken file no places at all.
    for text in ["[[queue]]\n", "queue = 3\n", "[queue\n"] {
        assert_eq!(rewrite(text, [("queue.capacity", "3")]), Err("queue.capacity".to_owned()), "{text}");
    }
    // No value may bring a second key along.
    assert!(rewrite("", [("queue.capacity", "3\nwhen_full = \"wait\"")]).is_err());
}

/// Comments of a text, without the space around them.
fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.find('#').map(|at| line[at..].trim())).collect()
}

/// Forms in which a file may have the same keys.
const FORMS: [&str; 6] = [
    include_str!("../../../config.toml"),
    "",
    "# all in a line each\nconsumers.concurrency = 4 # four\nresource.latency.mean = '20ms'\nqueue . capacity = 0x10\n",
    "# braces\nresource = { latency = { mean = \"1s\" }, seed = 3 } # inner\nqueue = { capacity = 1_000 }\n",
    "\u{feff}# dos\r\n[resource.latency] # sub\r\n  mean = \"1s\" # m\r\n# free\r\n[consumers]\r\n",
    "[consumers]\n\n  # indented\n  concurrency = 2   # two\n     # goes on\n\n[resource]\n  latency.mean = \"3s\"",
];

/// A key with a value that fits whatever else a form has.
fn change() -> impl Strategy<Value = (&'static str, String)> {
    let quoted = |text: &str| format!("{text:?}");
    prop_oneof![
        (0..1000u32).prop_map(|n| ("consumers.concurrency", n.to_string())),
        any::<bool>().prop_map(|yes| ("consumers.recall", yes.to_string())),
        (1..100_000u32).prop_map(|n| ("queue.capacity", n.to_string())),
        Just(("queue.when_full", quoted("drop_oldest"))),
        (0..5000u32).prop_map(move |n| ("resource.latency.mean", format!("\"{n}ms\""))),
        Just(("resource.latency.sigma", "1.5".to_owned())),
        any::<u64>().prop_map(|n| ("resource.seed", (n >> 1).to_string())),
        Just(("server.hosts", "[\"a.example\", \"b.example\"]".to_owned())),
        (0..50u32).prop_map(|n| ("async.max_in_flight", n.to_string())),
        Just(("data.directory", quoted("else # where"))),
    ]
}

proptest! {
    #[test]
    fn the_written_file_has_the_wanted_settings_and_every_comment(
        form in 0..FORMS.len(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let text = FORMS[form];
        let parse = |text: &str, flags: Vec<String>| -> Settings {
            Sources { file: None, flags }.parse(text).unwrap().settings
        };
        let written = rewrite(text, changes.iter().map(|(key, value)| (*key, value.as_str()))).unwrap();
        let flags = changes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        prop_assert_eq!(parse(&written, Vec::new()), parse(text, flags));
        for comment in comments(text) {
            prop_assert!(written.contains(comment), "{} is missing in {}", comment, written);
        }
        // Lines that no change concerns stay as they are, in their order.
        let names: Vec<&str> = changes.iter().map(|(key, _)| key.rsplit('.').next().unwrap()).collect();
        let mut rest = written.lines();
        let concerned = |line: &str| line.contains('{') || line.contains('=') && names.iter().any(|n| line.contains(n));
        for line in text.lines().filter(|line| !concerned(line)) {
            prop_assert!(rest.any(|now| now == line), "{:?} is missing in {}", line, written);
        }
        prop_assert_eq!(written.contains("\r\n"), text.contains("\r\n"));
    }
}
