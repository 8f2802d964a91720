//! Refuses a `--set` that the command would not read, instead of ignoring it silently.

use super::Command;
use crate::config::Sources;

/// The part of the configuration that a command reads.
struct Reads {
    /// Keys, or prefixes that end with a dot.
    keys: &'static [&'static str],
    /// Why it ignores the others, and what to do instead.
    because: &'static str,
}

const RUNNING: &str = "the running bench has its own configuration; edit its config.toml, or restart it \
                       with this flag";
const OF_THE_RUN: &str = "a run is compared under its stored configuration";
const KEPT: &str = "it reads only data.directory";
const OF_THE_EXERCISE: &str = "an exercise sets its own configuration";

/// Names a flag that has no effect on a command, if there is one. Leaves an invalid
/// configuration to the command, which prints the problems.
pub(super) fn without_effect(command: &Command, sources: &Sources) -> Option<String> {
    let Reads { keys, because } = reads(command)?;
    let is_read = |key: &str| {
        keys.iter().any(|read| if read.ends_with('.') { key.starts_with(read) } else { key == *read })
    };
    let config = sources.load().ok()?;
    let ignored = config.by_flag.iter().find(|flag| !is_read(&flag.key))?;
    Some(format!("{} has no effect on `weir {}`: {because}", ignored.key, command.name()))
}

fn reads(command: &Command) -> Option<Reads> {
    let (keys, because): (&[&str], &str) = match command {
        Command::Load(_) => (&["server.listen", "data."], RUNNING),
        Command::Snapshot(_)
        | Command::Components(_)
        | Command::Kill(_)
        | Command::Jobs(_)
        | Command::Room(_)
        | Command::Restart(_)
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Purge(_)
        | Command::Set(_)
        | Command::Reset(_) => (&["server.listen"], RUNNING),
        // The ladder stores its runs.
        Command::Match(_) => (&["server.listen", "data."], RUNNING),
        // The file of the engine disk is in the data folder.
        Command::Queue(_) => (&["server.listen", "data."], RUNNING),
        Command::Compare(_) => (&["server.listen", "data."], OF_THE_RUN),
        Command::Runs(_) => (&["server.listen", "data."], KEPT),
        Command::Exercise(_) => (&["server.listen", "data."], OF_THE_EXERCISE),
        _ => return None,
    };
    Some(Reads { keys, because })
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::CheckConfig { .. } => "check-config",
            Self::Load(_) => "load",
            Self::Simulate(_) => "simulate",
            Self::Predict(_) => "predict",
            Self::Compare(_) => "compare",
            Self::Runs(_) => "runs",
            Self::Exercise(_) => "exercise",
            Self::Snapshot(_) => "snapshot",
            Self::Components(_) => "components",
            Self::Kill(_) => "kill",
            Self::Jobs(_) => "jobs",
            Self::Match(_) => "match",
            Self::Room(_) => "room",
            Self::Restart(_) => "restart",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Purge(_) => "purge",
            Self::Queue(_) => "queue",
            Self::Set(_) => "set",
            Self::Reset(_) => "reset",
            Self::Completions { .. } => "completions",
        }
    }
}
