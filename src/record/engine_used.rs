//! The engine that kept the queue during a run, and what its 202 promised.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The engine that kept the queue during a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineUsed {
    /// `memory`, `disk` or `jetstream`.
    pub engine: String,
    /// What an accepted event survives: `memory` (nothing), `process` (a kill) or `power_loss`.
    pub safety: String,
    /// With `disk`, when the file is synced: `always`, or an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<String>,
    /// With `disk`, the largest number of events in one transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u64>,
}

impl EngineUsed {
    /// The engine of a simulation, and of runs of older versions, which had no other.
    pub fn memory() -> Self {
        Self { engine: "memory".to_owned(), safety: "memory".to_owned(), sync: None, group: None }
    }

    /// Returns the engine that a configuration in force names. Without the key, it is `memory`: older
    /// versions had no other.
    pub fn of_config(config: &Value) -> Self {
        let queue = &config["queue"];
        let word = |key: &str| queue[key].as_str().map(str::to_owned);
        match word("engine").as_deref() {
            None | Some("memory") => Self::memory(),
            Some("disk") => {
                let sync = word("sync").unwrap_or_else(|| "always".to_owned());
                // With an interval, an event is in memory until the next sync.
                let safety = if sync == "always" { "power_loss" } else { "memory" };
                Self {
                    engine: "disk".to_owned(),
                    safety: safety.to_owned(),
                    sync: Some(sync),
                    group: queue["group"].as_u64(),
                }
            }
            // JetStream answers before it syncs.
            Some(other) => {
                let (engine, safety) = (other.to_owned(), "process".to_owned());
                Self { engine, safety, sync: None, group: None }
            }
        }
    }

    /// Returns what a 202 of this engine promises, as the end of a sentence.
    pub fn promise(&self) -> String {
        match (self.safety.as_str(), &self.sync) {
            ("power_loss", _) => "accepted events survive a power cut".to_owned(),
            ("process", _) => {
                "accepted events survive a kill of the server, but not every power cut".to_owned()
            }
            (_, Some(every)) => format!("a kill of the server loses the events of the last {every}"),
            (_, None) => "accepted events are lost with the server".to_owned(),
        }
    }
}

impl fmt::Display for EngineUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.engine)?;
        if let Some(sync) = &self.sync {
            write!(f, ", sync {sync}")?;
        }
        if let Some(group) = &self.group {
            write!(f, ", at most {group} events a sync")?;
        }
        write!(f, ": {}", self.promise())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_engine_is_that_of_the_configuration_and_memory_without_one() {
        for (config, says) in [
            (json!({}), "memory: accepted events are lost with the server"),
            (
                json!({ "queue": { "engine": "memory", "group": 512 } }),
                "memory: accepted events are lost with the server",
            ),
            (
                json!({ "queue": { "engine": "disk", "sync": "always", "group": 64 } }),
                "disk, sync always, at most 64 events a sync: accepted events survive a power cut",
            ),
            (
                json!({ "queue": { "engine": "disk", "sync": "50ms" } }),
                "disk, sync 50ms: a kill of the server loses the events of the last 50ms",
            ),
            (
                json!({ "queue": { "engine": "jetstream", "group": 64 } }),
                "jetstream: accepted events survive a kill of the server, but not every power cut",
            ),
        ] {
            let used = EngineUsed::of_config(&config);
            assert_eq!(used.to_string(), says);
            let text = serde_json::to_string(&used).unwrap();
            assert_eq!(serde_json::from_str::<EngineUsed>(&text).unwrap(), used);
        }
    }
}
