//! `weir check-config`: validates the configuration and prints the effective settings.

use serde_json::json;

use super::Exit;
use super::output::{complain, say};
use super::queue::engine_of;
use super::text::hang;
use crate::clean;
use crate::config::{Config, ConfigError, Sources};

pub(super) fn run(sources: &Sources, as_json: bool) -> Exit {
    let loaded = sources.load();
    let exit = if loaded.is_ok() { Exit::Success } else { Exit::Usage };
    if as_json {
        say(format!("{:#}", in_json(sources, &loaded)));
        return exit;
    }
    match loaded {
        Ok(config) => {
            let from = sources.file.as_ref().map_or("no file, defaults".to_owned(), |f| clean::path(f));
            say(format_args!("{from}: valid. Effective settings:"));
            for (key, value) in config.settings.flat() {
                let by_flag = config.by_flag.iter().any(|flag| flag.key == key);
                let value = clean::line(&value);
                say(format_args!("  {key} = {value}{}", if by_flag { "   (set by flag)" } else { "" }));
            }
            if let Some(engine) = engine_of(&config.settings) {
                say(hang("queue: ", &engine).trim_end());
            }
        }
        Err(error) => complain(error),
    }
    exit
}

/// The effective settings, or the problems, as JSON.
fn in_json(sources: &Sources, loaded: &Result<Config, ConfigError>) -> serde_json::Value {
    let file = sources.file.as_ref().map(|file| file.display().to_string());
    match loaded {
        Ok(config) => {
            let by_flag: Vec<&str> = config.by_flag.iter().map(|flag| flag.key.as_str()).collect();
            json!({ "file": file, "valid": true, "effective": config.settings, "by_flag": by_flag,
                "problems": [] })
        }
        Err(ConfigError::Invalid(problems)) => {
            let problems = problems
                .iter()
                .map(|problem| json!({ "place": problem.place, "message": problem.message }));
            json!({ "file": file, "valid": false, "problems": problems.collect::<Vec<_>>() })
        }
        Err(error) => {
            let problem = json!({ "place": file, "message": error.to_string() });
            json!({ "file": file, "valid": false, "problems": [problem] })
        }
    }
}
