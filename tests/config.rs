//! The messages about a broken configuration.

use weir::config::{ConfigError, Settings, Sources};

fn parse(text: &str, flags: &[&str]) -> Result<Settings, String> {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    let sources = Sources { file: Some("config.toml".into()), flags };
    sources.parse(text).map(|config| config.settings).map_err(|error| error.to_string())
}

#[test]
fn the_file_in_the_repository_says_what_the_defaults_are() {
    let text = include_str!("../config.toml");
    assert_eq!(parse(text, &[]).unwrap(), Settings::default());
}

#[test]
fn another_mean_moves_a_maximum_that_followed_from_it_and_no_other() {
    let again = |flags: &[&str]| {
        let mut flags = parse("", flags).unwrap().as_flags();
        flags.push("resource.latency.mean=2500ms".to_owned());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        parse("", &flags).map(|settings| settings.resource.latency.max.as_millis())
    };
    assert_eq!(again(&[]), Ok(2500));
    assert_eq!(again(&["resource.latency.distribution=exponential"]), Ok(25_000));
    assert_eq!(again(&["resource.latency.max=9s"]), Ok(9000));
    assert!(again(&["resource.latency.max=2s"]).is_err());
}

#[test]
fn an_error_says_where_what_was_found_and_what_is_allowed() {
    let text = "[consumers]\nconcurrency = \"three\"\n";
    let expected = "config.toml:2:15: consumers.concurrency = \"three\", expected a whole number from 0 to 10000\n\
                    \x20 |\n2 | concurrency = \"three\"\n\x20 |               ^^^^^^^";
    assert_eq!(parse(text, &[]).unwrap_err(), expected);
}

/// A broken file, and what its message must contain.
const BROKEN: &[(&str, &[&str])] = &[
    (
        "[consumers]\nconcurency = 3",
        &["config.toml:2:1", "unknown key consumers.concurency", "did you mean consumers.concurrency?"],
    ),
    (
        "[consumer]\nconcurrency = 3",
        &["config.toml:2:1", "unknown key consumer.concurrency", "did you mean consumers.concurrency?"],
    ),
    ("colour = 1", &["config.toml:1:1", "unknown key colour", "allowed: server.listen"]),
    ("[consumers]\nconcurrency = -1", &["config.toml:2:15", "= -1", "0 to 10000"]),
    ("[consumers]\nconcurrency = 1.5", &["config.toml:2:15", "= 1.5", "a whole number"]),
    ("[consumers]\nconcurrency = 99999999999999999999", &["config.toml:2:15", "0 to 10000"]),
    ("[consumers]\nconcurrency = ", &["config.toml:2:"]),
    ("[consumers]\nconcurrency = 3\nconcurrency = 4", &["config.toml:3:1", "duplicate key"]),
    ("[consumers\nconcurrency = 3", &["config.toml:1:"]),
    ("[[consumers]]\nconcurrency = 3", &["config.toml:", "consumers is a table with the keys concurrency"]),
    ("consumers = 3", &["config.toml:1:1", "consumers is a table with the keys"]),
    ("[consumers]\nmode = \"threads\"", &["config.toml:2:8", "\"workers\", \"per_event\""]),
    (
        "[consumers]\nmax_demand = 8\nmin_demand = 9",
        &["config.toml:3:14", "min_demand = 9 must be below consumers.max_demand = 8"],
    ),
    ("[queue]\ncapacity = 0", &["config.toml:2:12", "1 to 100000000"]),
    (
        "[queue]\nwhen_full = \"panic\"",
        &["config.toml:2:13", "\"reject\", \"wait\", \"drop_newest\", \"drop_oldest\""],
    ),
    ("[queue]\nwait_timeout = 5", &["config.toml:2:16", "a duration from 0ms to 1h", "\"500ms\""]),
    (
        "[resource]\nlatency = \"500ms\"",
        &["config.toml:2:1", "resource.latency is a table with the keys distribution, mean"],
    ),
    ("[resource]\nlatency = { mean = \"-5ms\" }", &["config.toml:2:20", "= \"-5ms\"", "a duration"]),
    ("[resource]\nlatency = { mean = \"2h\" }", &["config.toml:2:20", "1h"]),
    (
        "[resource]\nlatency = { distribution = \"normal\" }",
        &["\"fixed\", \"uniform\", \"exponential\", \"lognormal\""],
    ),
    (
        "[resource]\nlatency = { mean = \"5ms\", min = \"10ms\" }",
        &["config.toml:2:33", "min = 10ms is above resource.latency.mean = 5ms"],
    ),
    (
        "[resource]\nlatency = { mean = \"5ms\", min = \"10ms\", max = \"20ms\" }",
        &["mean = 5ms is not between min = 10ms and max = 20ms"],
    ),
    ("[resource]\nfailure_rate = 1.5", &["config.toml:2:16", "a number from 0 to 1"]),
    ("[resource]\nfailure_rate = nan", &["config.toml:2:16", "a number from 0 to 1"]),
    ("[resource]\nreject_status = 200", &["config.toml:2:17", "400 to 599"]),
    ("[resource]\nseed = 2026-11-20", &["config.toml:2:8", "a date"]),
    ("[server]\nlisten = \"localhost\"", &["config.toml:2:10", "\"127.0.0.1:4000\""]),
    ("[rooms]\nbackup = \"later\"", &["config.toml:2:10", "\"before\", \"after\", \"none\""]),
    ("[rooms]\nbackup_every = \"2m\"", &["config.toml:2:16", "0ms to 1m"]),
    ("[rooms]\nidle_stop = \"500ms\"", &["config.toml:2:13", "1s to 24h"]),
    ("[rooms]\nmax_rooms = 0", &["config.toml:2:13", "1 to 1000000"]),
    (
        "[rooms]\nregistry = \"redis\"",
        &["config.toml:2:12", "= \"redis\"", "one of \"local\", \"jetstream\""],
    ),
    ("[server]\nlisten = 4000", &["config.toml:2:10", "an address and a port"]),
];

#[test]
fn every_kind_of_mistake_gets_a_place_and_a_way_out() {
    for (text, parts) in BROKEN {
        let message = parse(text, &[]).expect_err(text);
        for part in *parts {
            assert!(message.contains(part), "{text:?}\n  says   {message}\n  not    {part}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = "[queue]\ncapacity = 0\n[consumers]\nmode = 1\nworkers = 2\n";
    let sources = Sources { file: Some("config.toml".into()), flags: vec!["nonsense".to_owned()] };
    let Err(ConfigError::Invalid(problems)) = sources.parse(text) else { panic!("it is invalid") };
    let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["config.toml:2:12", "config.toml:4:8", "config.toml:5:1", "--set nonsense"]);
}

#[test]
fn what_is_left_open_is_one_problem_and_not_one_in_each_line_behind_it() {
    let rest = "max_demand = 5\nmin_demand = 2\n[queue]\ncapacity = 7\nwhen_full = \"wait\"\nwait_timeout = \"1s\"\n";
    for open in [
        "mode = \"workers",
        "mode = workers\"",
        "mode = \"\"\"workers",
        "mode = [1, ",
        "mode = { a = 1",
        "mode",
    ] {
        let text = format!("[consumers]\n{open}\n{rest}");
        let sources = Sources { file: Some("config.toml".into()), flags: Vec::new() };
        let Err(ConfigError::Invalid(problems)) = sources.parse(&text) else { panic!("{open} is invalid") };
        let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert!(matches!(places[..], [one] if one.starts_with("config.toml:")), "{open}: {places:?}");
    }
}

#[test]
fn flags_win_over_the_file_and_take_toml_or_bare_text() {
    let text = "[consumers]\nconcurrency = 1\n[queue]\nwhen_full = \"wait\"";
    let flags = [
        "consumers.concurrency=3",
        "resource.latency.mean=20ms",
        "resource.latency = { distribution = \"uniform\", max = \"30ms\" }",
        "queue.when_full=drop_oldest",
        "consumers.concurrency = 4",
    ];
    let settings = parse(text, &flags).unwrap();
    assert_eq!(settings.consumers.concurrency, 4);
    assert_eq!(settings.resource.latency.mean.as_millis(), 20);
    assert_eq!(settings.resource.latency.max.as_millis(), 30);
    let json = serde_json::to_value(&settings).unwrap();
    assert_eq!(json["queue"]["when_full"], "drop_oldest");
    assert_eq!(json["resource"]["latency"]["distribution"], "uniform");
}

#[test]
fn a_broken_flag_is_told_as_it_was_given() {
    for (flag, part) in [
        (
            "consumers.concurrency=many",
            "--set consumers.concurrency=many: consumers.concurrency = \"many\"",
        ),
        ("consumers.concurency=3", "did you mean consumers.concurrency?"),
        ("concurrency", "expected key=value"),
        ("=3", "unknown key"),
    ] {
        let message = parse("", &[flag]).unwrap_err();
        assert!(message.contains(part), "{flag}: {message}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_at_all_makes_it_panic(text in ".{0,200}", flag in ".{0,40}") {
        let _ = parse(&text, &[&flag]);
    }

    #[test]
    fn nor_does_a_mutilated_file(cut in 0usize..4000, length in 0usize..40, with in "[\\[\\]{}=\"',.#0-9a-z\n ]{0,6}") {
        let text = include_str!("../config.toml");
        let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let mutilated = format!("{}{with}{}", &text[..floor(cut)], &text[floor(cut + length)..]);
        if let Err(message) = parse(&mutilated, &[]) {
            proptest::prop_assert!(message.starts_with("config.toml:"), "{}", message);
        }
    }
}
