//! Completes the words that only Weir knows: names of runs and exercises, load targets,
//! configuration keys.
//!
//! The scripts of `weir completions` know the commands and their options. For other words
//! they run the hidden command `weir complete -- WORDS`, whose last word is the one under
//! the cursor. It prints one candidate per line, or nothing.

use std::path::{Path, PathBuf};

use clap_complete::Shell;

use super::output::say;
use super::{CONFIG_FILE, EXERCISES, Exit};
use crate::config::{Settings, Sources};
use crate::exercise::Set;
use crate::record::Mode;
use crate::runs::Store;

/// The addition to the static script of a shell. Other shells have only the static part.
/// Tested with bash 5.2, zsh 5.9 and fish 3.6.
const BASH: &str = r#"
_weir_dynamic() {
    local IFS=$'\n' words=("${COMP_WORDS[@]:1:COMP_CWORD}") found
    found=($("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null))
    IFS=$' \t\n'
    if [ "${#found[@]}" -eq 0 ]; then _weir "$@"; return; fi
    COMPREPLY=("${found[@]}")
    if [[ ${found[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _weir_dynamic -o bashdefault -o default weir
"#;
const ZSH: &str = r#"
_weir_dynamic() {
    local -a found
    found=("${(@f)$(${words[1]} complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    found=(${found:#})
    if (( ! $#found )); then _weir "$@"; return; fi
    if [[ $found[1] == *= ]]; then compadd -S '' -a found; else compadd -a found; fi
}
if [ "$funcstack[1]" = "_weir" ]; then
    _weir_dynamic "$@"
fi
compdef _weir_dynamic weir
"#;
/// The end of clap's script for zsh, which completes at once if zsh has just loaded it.
/// Our addition does the same with the dynamic words.
const ZSH_END: &str = r#"
if [ "$funcstack[1]" = "_weir" ]; then
    _weir "$@"
else
    compdef _weir weir
fi
"#;
const FISH: &str = r#"
complete -c weir -f -a '(weir complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"#;

/// The whole script of a shell, from its static part.
pub(super) fn script(shell: Shell, fixed: &str) -> String {
    match shell {
        Shell::Bash => format!("{fixed}{BASH}"),
        Shell::Zsh => format!("{}{ZSH}", fixed.replacen(ZSH_END, "", 1)),
        Shell::Fish => format!("{fixed}{FISH}"),
        _ => fixed.to_owned(),
    }
}

/// The words to complete, if the process was started to complete.
pub(super) fn asked() -> Option<Vec<String>> {
    let mut args = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    (args.next()? == "complete" && args.next()? == "--").then(|| args.collect())
}

/// Prints the candidates for the last of the words.
pub(super) fn run(words: &[String]) -> Exit {
    let found = Line::read(words).candidates();
    if !found.is_empty() {
        say(found.join("\n"));
    }
    Exit::Success
}

/// An unfinished command line.
struct Line<'a> {
    /// The word under the cursor.
    last: &'a str,
    /// The option before it, if that option takes a value.
    option: Option<&'a str>,
    /// Commands and arguments before it, without options.
    before: Vec<&'a str>,
    sources: Sources,
    exercises: PathBuf,
}

/// Options with a value that may precede an argument.
const WITH_VALUE: [&str; 20] = [
    "--config",
    "--set",
    "--listen",
    "--token",
    "--url",
    "--match",
    "--dir",
    "--exercises",
    "--name",
    "--rate",
    "--clients",
    "--requests",
    "--duration",
    "-c",
    "-n",
    "-d",
    "--drain",
    "--file",
    "--after",
    "--most",
];

impl<'a> Line<'a> {
    fn read(words: &'a [String]) -> Self {
        let (last, earlier) = words.split_last().map_or(("", words), |(last, rest)| (last.as_str(), rest));
        let mut line = Self {
            last,
            option: None,
            before: Vec::new(),
            sources: Sources::default(),
            exercises: EXERCISES.into(),
        };
        for word in earlier.iter().map(String::as_str) {
            match (line.option.take(), word.split_once('=')) {
                (Some(option), _) => line.value(option, word),
                (None, Some((option, value))) if option.starts_with("--") => line.value(option, value),
                (None, _) if WITH_VALUE.contains(&word) => line.option = Some(word),
                (None, _) if word.starts_with('-') => {}
                (None, _) => line.before.push(word),
            }
        }
        if line.sources.file.is_none() && Path::new(CONFIG_FILE).exists() {
            line.sources.file = Some(CONFIG_FILE.into());
        }
        line
    }

    fn value(&mut self, option: &str, value: &str) {
        match option {
            "--config" => self.sources.file = Some(value.into()),
            "--set" => self.sources.flags.push(value.to_owned()),
            "--dir" => self.exercises = value.into(),
            _ => {}
        }
    }

    fn candidates(&self) -> Vec<String> {
        let all = match (self.option, self.last.split_once('=')) {
            (Some("--set"), None) => keys(),
            (Some(_), _) => return Vec::new(),
            (None, _) if self.last.starts_with('-') => return Vec::new(),
            (None, _) => match self.before[..] {
                ["load"] => modes().chain(["watch", "rooms"].map(str::to_owned)).collect(),
                ["simulate"] => modes().chain(["jobs".to_owned()]).collect(),
                ["predict"] => modes().chain(["jobs", "watch", "rooms"].map(str::to_owned)).collect(),
                ["kill" | "restart"] => ["queue", "consumers"].map(str::to_owned).to_vec(),
                ["match", "crash"] => ["dispatcher", "shard-0"].map(str::to_owned).to_vec(),
                ["set", ..] => keys(),
                ["compare", ..]
                | ["runs", "compare" | "delete", ..]
                | ["runs", "show" | "export" | "rename"] => self.runs(),
                ["exercise", "start" | "predict" | "check" | "hint" | "solution" | "reset" | "watch"]
                | ["exercise", "verify", ..] => self.ids(),
                ["exercise", "predict", id, ..] => self.questions(id),
                _ => return Vec::new(),
            },
        };
        // A space would end the word in some shells; a run also has an id.
        let fits = |word: &String| word.starts_with(self.last) && !word.contains(char::is_whitespace);
        all.into_iter().filter(fits).collect()
    }

    fn runs(&self) -> Vec<String> {
        let Ok(config) = self.sources.load() else { return Vec::new() };
        let runs = Store::new(config.settings.data.runs()).list().unwrap_or_default().runs;
        let mut all: Vec<String> = if runs.is_empty() { Vec::new() } else { vec!["last".to_owned()] };
        all.extend(runs.iter().filter_map(|run| run.name.clone()));
        // Newest first.
        all.extend(runs.into_iter().rev().map(|run| run.id));
        all
    }

    fn ids(&self) -> Vec<String> {
        let set = Set::read(&self.exercises);
        set.map(|set| set.exercises.into_iter().map(|one| one.id).collect()).unwrap_or_default()
    }

    fn questions(&self, id: &str) -> Vec<String> {
        let Ok(set) = Set::read(&self.exercises) else { return Vec::new() };
        let Ok(exercise) = set.find(id) else { return Vec::new() };
        exercise.questions.iter().map(|question| format!("{}=", question.name)).collect()
    }
}

fn modes() -> impl Iterator<Item = String> {
    Mode::ALL.into_iter().map(|mode| mode.name().to_owned())
}

fn keys() -> Vec<String> {
    Settings::default().flat().into_iter().map(|(key, _)| format!("{key}=")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Run;
    use crate::runs::sample;

    fn candidates(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Line::read(&words).candidates()
    }

    #[test]
    fn targets_keys_and_exercises_are_completed_where_they_belong() {
        assert_eq!(candidates(&["load", ""]), ["serial", "async", "pipelined", "watch", "rooms"]);
        assert_eq!(candidates(&["predict", "j"]), ["jobs"]);
        assert_eq!(candidates(&["--config", "x.toml", "simulate", "-c", "5", "p"]), ["pipelined"]);
        assert_eq!(candidates(&["--set", "consumers.c"]), ["consumers.concurrency="]);
        assert_eq!(candidates(&["kill", ""]), ["queue", "consumers"]);
        assert_eq!(candidates(&["match", "crash", "--match", "x", "d"]), ["dispatcher"]);
        assert_eq!(candidates(&["restart", "--url", "x", "c"]), ["consumers"]);
        assert_eq!(candidates(&["set", "queue.capacity=5", "consumers.c"]), ["consumers.concurrency="]);
        assert_eq!(candidates(&["exercise", "start", "kn"]), ["knee"]);
        assert_eq!(candidates(&["exercise", "predict", "enqueue-1000", "peak"]), ["peak_depth="]);
        for nothing in [
            &["lo"][..],
            &["load", "serial", ""],
            &["load", "--ra"],
            &["load", "-n", ""],
            &[],
            &["runs", "list", ""],
        ] {
            assert_eq!(candidates(nothing), Vec::<String>::new(), "{nothing:?}");
        }
    }

    #[test]
    fn runs_are_completed_by_name_and_by_id() {
        let folder = std::env::temp_dir().join(format!("weir-complete-{}", std::process::id()));
        let data = format!("data.directory={}", folder.display());
        let store = Store::new(folder.join("runs"));
        store.save(&sample()).unwrap();
        store
            .save(&Run { id: "2026-x".to_owned(), name: Some("two words".to_owned()), ..sample() })
            .unwrap();
        let found = |words: &[&str]| candidates(&[&["--set", data.as_str()], words].concat());
        assert_eq!(found(&["compare", "be"]), ["before"]);
        assert_eq!(found(&["runs", "show", "2026-"]), ["2026-x", &sample().id]);
        assert_eq!(found(&["runs", "delete", "before", "la"]), ["last"]);
        assert_eq!(found(&["compare", "two"]), Vec::<String>::new());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
