//! Exercises in code: the check is compiled together with the answer, and run.
//!
//! `check.rs` is a test of this package that `cargo test` leaves out and that is run
//! by name. It takes `exercise.rs`, or with the feature `solutions` the file that
//! the variable names; so authors' and participants' answers are checked by the same
//! lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use super::Exercise;

/// Says which file `check.rs` takes with the feature `solutions`.
const ANSWER: &str = "WEIR_ANSWER";

/// Why code could not even be compiled.
#[derive(Debug, Error)]
pub enum CodeError {
    /// There is no package around the exercise to compile it with.
    #[error("no Cargo.toml above {}: code is checked within the sources of Weir", .0.display())]
    NoPackage(PathBuf),
    /// There is no cargo.
    #[error("cannot run cargo: {0}")]
    NoCargo(#[from] std::io::Error),
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether everything passed.
    pub passed: bool,
    /// What cargo, the compiler and the check have said, if it was not shown as it
    /// came.
    pub said: String,
}

/// Compiles an answer and checks it: the participant's, or that in `answer`. With
/// `show`, what cargo and the compiler say goes where they would send it.
///
/// # Errors
/// [`CodeError`]. Code that does not compile is no error but has not passed.
pub fn compile_and_check(
    exercise: &Exercise,
    answer: Option<&Path>,
    show: bool,
) -> Result<Checked, CodeError> {
    let folder = std::path::absolute(&exercise.folder)?;
    let package = folder.ancestors().find(|above| above.join("Cargo.toml").exists());
    let package = package.ok_or_else(|| CodeError::NoPackage(folder.clone()))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(package).args(["test", "--quiet", "--test", &exercise.id]);
    if let Some(answer) = answer {
        cargo.args(["--features", "solutions"]).env(ANSWER, std::path::absolute(answer)?);
    }
    cargo.stdin(Stdio::null());
    if show {
        let passed = cargo.status()?.success();
        return Ok(Checked { passed, said: String::new() });
    }
    // Where a check stands in the test harness explains nothing, and buries what failed.
    let output = cargo.env("RUST_BACKTRACE", "0").output()?;
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Ok(Checked { passed: output.status.success(), said })
}
