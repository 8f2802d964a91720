//! Refuses a `--set` that the command would not read: to ignore it silently would
//! have its author believe that it is in force.

use super::Command;
use crate::config::Sources;

/// What a command reads of the configuration, where that is not all of it.
struct Reads {
    /// Keys, or beginnings of keys that end in a dot.
    keys: &'static [&'static str],
    /// Why it does not read the others, and what to do instead.
    because: &'static str,
}

const RUNNING: &str = "the bench is running already, with its own configuration; edit its config.toml, \
                       or start it with this flag";
const OF_THE_RUN: &str = "a run is compared under the configuration that it keeps";
const KEPT: &str = "it only reads where runs are kept (data.directory)";
const OF_THE_EXERCISE: &str = "an exercise sets the configuration of its bench itself";

/// Why a flag has no effect on a command, if one has none. A configuration that is
/// invalid is left to the command, which says what is wrong with it.
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
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Purge(_)
        | Command::Reset(_) => (&["server.listen"], RUNNING),
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
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Purge(_) => "purge",
            Self::Reset(_) => "reset",
            Self::Completions { .. } => "completions",
        }
    }
}
