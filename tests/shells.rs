//! The completions in the shells themselves; bash is tested in `commands.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::Folder;

/// The words that a shell prints in the folder of the exercises, with `weir` to be found.
fn words(shell: &str, args: &[&str]) -> Vec<String> {
    let weir = Path::new(env!("CARGO_BIN_EXE_weir")).parent().unwrap();
    let path = format!("{}:{}", weir.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(shell);
    command.args(args).env("PATH", path).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap_or_else(|error| panic!("{shell}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).split_whitespace().map(str::to_owned).collect()
}

fn script(folder: &Folder, shell: &str, file: &str) -> PathBuf {
    let path = folder.0.join(file);
    std::fs::write(&path, folder.run(&["completions", shell]).stdout).unwrap();
    path
}

#[test]
#[ignore = "needs fish"]
fn fish_completes_what_only_weir_knows_and_the_commands_as_before() {
    let folder = Folder::new("fish");
    let script = script(&folder, "fish", "weir.fish");
    let complete = |line: &str| {
        let run = format!("source {}; complete -C '{line}'", script.display());
        words("fish", &["--no-config", "-c", &run])
    };
    assert_eq!(complete("weir exercise start kn"), ["knee"]);
    assert_eq!(complete("weir load ser"), ["serial"]);
    assert_eq!(complete("weir --set consumers.conc"), ["consumers.concurrency="]);
    assert_eq!(complete("weir check-c")[0], "check-config", "the static part goes on");
}

/// Types a line and a tab in an interactive zsh on a pseudoterminal, and writes what the
/// line is then to a file.
const TYPE: &str = r#"
zmodload zsh/zpty
export TERM=dumb LINE SETUP OUT
zpty z zsh -f -i
zpty -w z 'show() { print -rn -- "$BUFFER" > $OUT; print sho""wn }; zle -N show; bindkey "^X" show; eval $SETUP; print rea""dy'
zpty -r -m z part '*ready*'
zpty -w -n z "$LINE"$'	'
zpty -r -m z part '*shown*'
"#;

#[test]
#[ignore = "needs zsh"]
fn zsh_completes_what_only_weir_knows_from_the_first_tab_on_however_it_is_loaded() {
    let folder = Folder::new("zsh");
    let script = script(&folder, "zsh", "_weir");
    let out = folder.0.join("out");
    let begin = "autoload -U compinit; compinit -u -D";
    let sourced = format!("{begin}; source {}", script.display());
    let loaded = format!("fpath=({} $fpath); {begin}", folder.0.display());
    for setup in [sourced, loaded] {
        for (line, expected) in [
            ("weir exercise start kn", "weir exercise start knee "),
            ("weir --set consumers.conc", "weir --set consumers.concurrency="),
            ("weir check-c", "weir check-config "),
        ] {
            let given = format!("LINE='{line}'\nSETUP='{setup}'\nOUT='{}'\n{TYPE}", out.display());
            let said = words("zsh", &["-f", "-c", &given]);
            let typed = std::fs::read_to_string(&out).unwrap_or_else(|_| panic!("{said:?}"));
            assert_eq!(typed, expected, "{setup}");
            std::fs::remove_file(&out).unwrap();
        }
    }
}
