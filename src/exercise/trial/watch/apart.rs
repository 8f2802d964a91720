//! A run in a process of its own: its figure of memory would otherwise count what earlier runs
//! in this process have given back and the allocator has kept.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{NAMES, measure};
use crate::config::Sources;
use crate::exercise::Value;
use crate::exercise::format::WatchRun;
use crate::exercise::trial::lab::Found;
use crate::exercise::trial::{TrialError, engine};
use crate::exercise::within::run_within;
use crate::shutdown::StopToken;

/// The command of this program that measures a run.
pub const MEASURE_RUN: [&str; 2] = ["exercise", "measure-run"];

/// The time limit of a run: the bounds of `[[watch]]` allow less.
const LIMIT: Duration = Duration::from_secs(120);

/// The file of this program, if it has that command.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program whose command [`MEASURE_RUN`] calls [`measure_told_run`]. Without
/// it, runs are measured in this process.
pub fn set_program(file: PathBuf) {
    let _ = PROGRAM.set(file);
}

/// Returns the program whose command it is, if it was named.
pub(in crate::exercise::trial) fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path)
}

/// What this process sends the other one.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// Keys of the configuration, such as `matches.writer=task`.
    config: Vec<String>,
    run: WatchRun,
}

/// Measures a run that another process has described, and returns its figures as a line of JSON. A
/// life that the other process may kill has no figures, and reports by itself.
///
/// # Errors
/// When the description is not one, and as a trial fails.
pub fn measure_told_run(description: &str) -> anyhow::Result<String> {
    if let Some(lived) = engine::live(description) {
        return lived.map(|()| String::new());
    }
    let Told { config, run } = serde_json::from_str(description)?;
    let config = Sources { file: None, flags: config }.load()?;
    let found = measure(config, &run, &StopToken::new())?;
    Ok(serde_json::to_string(&found)?)
}

/// Measures a run, in a process of its own where the program is known.
pub(in crate::exercise::trial) fn measure_apart(
    config: Vec<String>,
    run: &WatchRun,
    stop: &StopToken,
) -> Result<Found, TrialError> {
    match program() {
        Some(program) => elsewhere(program, Told { config, run: run.clone() }),
        None => measure(Sources { file: None, flags: config }.load()?, run, stop),
    }
}

fn elsewhere(program: &Path, told: Told) -> Result<Found, TrialError> {
    let name = told.run.name.clone();
    let failed = |why: String| TrialError::Apart { run: name.clone(), why };
    let description = serde_json::to_string(&told).map_err(|error| failed(error.to_string()))?;
    let [first, second] = MEASURE_RUN;
    let args = [first, second, description.as_str()];
    let ended = run_within(LIMIT, program, &args, Path::new(".")).map_err(TrialError::NoBench)?;
    match ended.status {
        None => Err(failed(format!("stopped after {} s", LIMIT.as_secs()))),
        Some(status) if status.success() => {
            parse(&ended.said).ok_or_else(|| failed(format!("it printed no figures: {}", ended.said)))
        }
        Some(_) => Err(failed(ended.said.trim().to_owned())),
    }
}

/// Reads the line with the figures.
fn parse(said: &str) -> Option<Found> {
    let line = said.lines().find(|line| line.starts_with('{'))?;
    let values: std::collections::BTreeMap<String, Value> = serde_json::from_str(line).ok()?;
    let value = |name: &'static str| Some((name, values.get(name)?.clone()));
    Some(NAMES.into_iter().filter_map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_another_process_are_those_of_the_run() {
        let run: WatchRun =
            toml::from_str("name = \"r\"\nwatchers = 5\nseconds = 0.2\ntransport = \"sse\"").unwrap();
        let told = Told { config: vec!["matches.shards=1".to_owned()], run };
        let description = serde_json::to_string(&told).unwrap();
        let figures = measure_told_run(&description).unwrap();
        let found = parse(&format!("a line of the log\n{figures}\n")).unwrap();
        assert_eq!(found["watchers"], Value::Number(5.0), "{found:?}");
        assert_eq!(found["closed"], Value::Text("no".to_owned()));
        assert!(measure_told_run("{}").is_err() && parse("nothing").is_none());
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let run: WatchRun = toml::from_str("name = \"r\"\nwatchers = 5").unwrap();
        let told = Told { config: Vec::new(), run };
        let why = elsewhere(Path::new("/bin/false"), told).unwrap_err().to_string();
        assert!(why.starts_with("run r was not measured"), "{why}");
    }
}
