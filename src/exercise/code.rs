//! Checks exercises in code: compiles the check together with the answer, and runs it for
//! at most the time that the exercise allows.
//!
//! `check.rs` is a test of the package in `exercises/`, which `cargo test` leaves out
//! and `weir exercise check` runs by name. It takes `exercise.rs`, or with the feature
//! `solutions` the file that the variable names, so the same lines check the answers of
//! authors and participants.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use thiserror::Error;

use super::Exercise;
use super::format::LARGEST_TEXT;
use super::within::run_within;
use crate::clean;
use crate::files;

/// Says which file `check.rs` takes with the feature `solutions`.
const ANSWER: &str = "WEIR_ANSWER";

/// Why code was not compiled.
#[derive(Debug, Error)]
pub enum CodeError {
    /// No package encloses the exercise.
    #[error("no Cargo.toml above {}: code is checked within the sources of Weir", clean::path(.0))]
    NoPackage(PathBuf),
    /// Cargo cannot be run.
    #[error("cannot run cargo: {0}")]
    NoCargo(std::io::Error),
}

impl From<std::io::Error> for CodeError {
    fn from(error: std::io::Error) -> Self {
        Self::NoCargo(error)
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether everything passed.
    pub passed: bool,
    /// The output of cargo, the compiler and the check.
    pub said: String,
}

/// The panic message of `todo!()`.
const UNWRITTEN: &str = "not yet implemented";
/// The beginning of `todo!()` in source code.
const TO_WRITE: &str = "todo!(";

impl Checked {
    /// The lines of the participant's code that are still `todo!()`, in a sentence, if nothing
    /// else failed.
    pub fn unwritten(&self, exercise: &Exercise) -> Option<String> {
        let mut failures = self.said.split("\n---- ").skip(1).peekable();
        failures.peek()?;
        if !failures.all(|failure| failure.contains(UNWRITTEN)) {
            return None;
        }
        let file = exercise.folder.join("exercise.rs");
        let text = files::read_text(&file, LARGEST_TEXT).unwrap_or_default();
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains(TO_WRITE));
        let lines: Vec<String> = lines.map(|(n, _)| (n + 1).to_string()).collect();
        Some(format!("{}: still `todo!()`: line {}", clean::path(&file), lines.join(", ")))
    }

    /// The idea behind the mistake, if it is a known one. Nothing while the code does not
    /// compile or is not written.
    pub fn reveals<'a>(&self, exercise: &'a Exercise) -> Option<&'a str> {
        let not_begun = ["could not compile", UNWRITTEN];
        if self.passed || not_begun.iter().any(|it| self.said.contains(it)) {
            return None;
        }
        let mut known = exercise.code.iter().flat_map(|code| &code.wrong);
        known.find(|wrong| self.said.contains(&wrong.fails)).map(|wrong| wrong.reveals.as_str())
    }
}

/// Compiles an answer and checks it: the participant's, or that in `answer`. With
/// `colours`, what is said is coloured as on a terminal.
///
/// # Errors
/// [`CodeError`]. Code that does not compile, or runs for too long, is no error but has
/// not passed.
pub fn compile_and_check(
    exercise: &Exercise,
    answer: Option<&Path>,
    colours: bool,
) -> Result<Checked, CodeError> {
    let folder = std::path::absolute(&exercise.folder)?;
    let package = folder.ancestors().find(|above| above.join("Cargo.toml").exists());
    let package = package.ok_or_else(|| CodeError::NoPackage(folder.clone()))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(package).args(["test", "--quiet", "--no-run", "--test", &exercise.id]);
    // Artifacts go to standard output, diagnostics to standard error.
    cargo.arg("--message-format=json-render-diagnostics");
    if let Some(answer) = answer {
        cargo.args(["--features", "solutions"]).env(ANSWER, std::path::absolute(answer)?);
    }
    cargo.env("CARGO_TERM_COLOR", if colours { "always" } else { "never" });
    let compiled = cargo.stdin(Stdio::null()).output()?;
    let mut said = String::from_utf8_lossy(&compiled.stderr).into_owned();
    let built = compiled.stdout.split(|byte| *byte == b'\n').find_map(|line| check_in(line, &exercise.id));
    let Some(check) = built.filter(|_| compiled.status.success()) else {
        return Ok(Checked { passed: false, said });
    };
    let limit_s = exercise.code.as_ref().map_or(0, |code| code.limit_s);
    let args = ["--quiet", "--color", if colours { "always" } else { "never" }];
    let ended = run_within(Duration::from_secs(limit_s), &check, &args, package)?;
    said += &ended.said;
    if ended.status.is_none() {
        said += &format!("\nstopped after {limit_s} s, the limit of this check: does a loop never end?\n");
    }
    Ok(Checked { passed: ended.status.is_some_and(|status| status.success()), said })
}

/// The compiled check of an exercise, if a line of cargo's output reports it.
fn check_in(line: &[u8], id: &str) -> Option<PathBuf> {
    let told: serde_json::Value = serde_json::from_slice(line).ok()?;
    let is_check = told["target"]["name"] == id && told["profile"]["test"] == true;
    told["executable"].as_str().filter(|_| is_check).map(PathBuf::from)
}
