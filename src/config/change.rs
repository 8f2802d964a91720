//! A change of some keys of the configuration in force, written in TOML.
//!
//! ```text
//! consumers.concurrency = 3
//! resource.latency.mean = "20ms"
//! ```
//!
//! The text is read like a file: its problems have lines and columns. Keys that are not in
//! it keep their values.

use toml::de::DeValue;

use super::reader::Reader;
use super::{Config, ConfigError, Settings};

/// The name of the text in messages.
const NAME: &str = "change";

/// A valid change.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The configuration after the change.
    pub config: Config,
    /// The changed keys, each with its value as written, in the order of the text.
    pub keys: Vec<(String, String)>,
}

impl Config {
    /// Returns this configuration with the keys of `text` changed.
    ///
    /// # Errors
    /// With all problems of the text. A key that a flag has set cannot be changed.
    pub fn changed(&self, text: &str) -> Result<Changed, ConfigError> {
        let mut reader = Reader::default();
        reader.in_force(&self.settings.as_flags());
        reader.file(text);
        let written = reader.written_in_text();
        for (key, _) in written.iter().filter(|(key, _)| self.by_flag.iter().any(|flag| flag.key == *key)) {
            let message =
                format!("{key} is set by a flag, which wins over the file: restart without the flag");
            reader.refuse(key, message);
        }
        let settings = Settings::read(&mut reader);
        reader.finish(NAME, text)?;
        let keys = written.into_iter().map(|(key, span)| (key, text[span].to_owned())).collect();
        Ok(Changed { config: Self { settings, by_flag: self.by_flag.clone() }, keys })
    }
}

/// Returns `key=value`, whose value is TOML or bare text, as a line of TOML. Returns
/// `None` without a key or a value.
pub fn assignment(setting: &str) -> Option<String> {
    let (key, value) = setting.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_toml = !value.contains('\n') && DeValue::parse(value).is_ok();
    let quoted = || serde_json::Value::from(value).to_string();
    (!key.is_empty()).then(|| format!("{key} = {}", if is_toml { value.to_owned() } else { quoted() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn config(flags: &[&str]) -> Config {
        let flags = flags.iter().map(ToString::to_string).collect();
        Sources { file: None, flags }.load().unwrap()
    }

    #[test]
    fn keys_of_the_text_change_and_the_others_stay() {
        let text = "[queue]\ncapacity = 1_000 # now\n[consumers]\nmode = 'per_event'\n";
        let Changed { config, keys } = config(&["consumers.concurrency=7"]).changed(text).unwrap();
        assert_eq!((config.settings.queue.capacity, config.settings.consumers.concurrency), (1000, 7));
        let keys: Vec<_> = keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(keys, [("queue.capacity", "1_000"), ("consumers.mode", "'per_event'")]);
        assert_eq!(config.by_flag[0].key, "consumers.concurrency");
    }

    #[test]
    fn problems_have_the_place_of_the_line_that_is_wrong() {
        let config = config(&["queue.capacity=5"]);
        let position = |text: &str| match config.changed(text) {
            Err(ConfigError::Invalid(problems)) => {
                problems.into_iter().map(|one| (one.position, one.message)).collect::<Vec<_>>()
            }
            other => panic!("{text}: {other:?}"),
        };
        let found =
            position("consumers.mode = \"workers\"\nconsumers.concurrency = \"three\"\nqueue.capacity = 6");
        assert_eq!(found[0].0, Some((2, 25)));
        assert_eq!(
            found[0].1,
            "consumers.concurrency = \"three\", expected a whole number from 0 to 10000"
        );
        assert!(found[1].0 == Some((3, 18)) && found[1].1.contains("set by a flag"), "{found:?}");
        // The other half of a broken rule is in force, not in the text.
        let found = position("consumers.recall = true\nconsumers.max_demand = 0\nconsumers.min_demand = 4");
        assert_eq!(found.iter().map(|one| one.0).collect::<Vec<_>>(), [Some((2, 24)), Some((3, 24))]);
        let found = position("consumers.concurency = 3");
        assert!(found[0].1.contains("did you mean consumers.concurrency?"), "{found:?}");
        assert_eq!(position("consumers.concurrency = ")[0].0.unwrap().0, 1);
    }

    #[test]
    fn a_maximum_that_follows_the_mean_follows_a_changed_one() {
        let changed = config(&[]).changed("resource.latency.mean = \"2s\"").unwrap();
        assert_eq!(changed.config.settings.resource.latency.max.as_secs(), 2);
    }

    #[test]
    fn bare_text_becomes_a_line_of_toml() {
        for (setting, line) in [
            ("consumers.concurrency=3", Some("consumers.concurrency = 3")),
            ("resource.latency.mean = 20ms", Some("resource.latency.mean = \"20ms\"")),
            ("queue.when_full=\"wait\"", Some("queue.when_full = \"wait\"")),
            ("server.hosts=[\"a\"]", Some("server.hosts = [\"a\"]")),
            ("data.directory=a\nb", Some("data.directory = \"a\\nb\"")),
            ("data.directory=1\n2", Some("data.directory = \"1\\n2\"")),
            ("consumers.concurrency", None),
            ("=3", None),
        ] {
            assert_eq!(assignment(setting).as_deref(), line, "{setting}");
        }
    }
}
