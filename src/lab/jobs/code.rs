//! The code of the jobs: the file that is watched, the versions, and the code that was
//! rehearsed last and may be swapped in.

mod report;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use weir_job_wasm::code::Code;

pub use report::{Difference, RehearsalReport, Swap};
pub(super) use watch::{CodeFile, Saved};

use super::error::JobsError;

/// The code that runs where there is no file.
pub(super) const BUILT_IN: &str = include_str!("../../../jobs/sum.wat");
/// The name of that code.
const BUILT_IN_NAME: &str = "built-in jobs/sum.wat";
/// Earlier texts that are kept: as many as the engine keeps versions, and the current one.
const KEPT: usize = 17;

/// The bytes of some code, and where they come from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) path: Option<PathBuf>,
    pub(super) bytes: Arc<[u8]>,
}

/// Code that was rehearsed, or read to be swapped in without a rehearsal.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) source: Source,
    pub(super) code: Code,
}

/// A version of the code, as `GET /api/jobs/history` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionRow {
    /// Its number.
    pub version: u32,
    /// Whether new jobs run it.
    pub current: bool,
    /// When it last became current, in milliseconds since the start.
    pub since_ms: u64,
    /// The file it was read from.
    pub name: String,
}

/// The body of `GET /api/jobs/code`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeText {
    /// The version that new jobs run.
    pub version: u32,
    /// Its text. Of a binary module, a line that says so.
    pub text: String,
    /// The text of the file now. Null if there is none.
    pub file_text: Option<String>,
    /// The file that is watched.
    pub file: String,
}

/// Everything about the code except the engine's versions.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) file: CodeFile,
    versions: BTreeMap<u32, Source>,
    /// Why the file cannot run.
    pub(super) problem: Option<String>,
    pub(super) swap: Option<Swap>,
    pub(super) report: Option<RehearsalReport>,
    candidate: Option<Candidate>,
}

impl Desk {
    /// Reads the file, and falls back to the built-in code if there is none or it cannot run.
    pub(super) fn open(path: &str) -> (Self, Code) {
        let mut file = CodeFile::new(path);
        let read = file.read();
        let (source, code, problem) = match read {
            Ok(Some(bytes)) => {
                let source = Source::file(file.path(), bytes);
                match Code::new(&source.bytes) {
                    Ok(code) => (source, code, None),
                    Err(error) => {
                        let (built_in, code) = built_in();
                        (built_in, code, Some(error.to_string()))
                    }
                }
            }
            Ok(None) => {
                let (source, code) = built_in();
                (source, code, None)
            }
            Err(error) => {
                let (source, code) = built_in();
                (source, code, Some(error))
            }
        };
        let versions = BTreeMap::from([(1, source)]);
        (Self { file, versions, problem, swap: None, report: None, candidate: None }, code)
    }

    /// Reads code for a rehearsal: the watched file, or another in its folder.
    ///
    /// # Errors
    /// [`JobsError::File`] if the path is not allowed or cannot be read.
    pub(super) fn source(&self, path: Option<&str>) -> Result<Source, JobsError> {
        let watched = self.file.path();
        let path = match path {
            None => watched.to_owned(),
            Some(path) => beside(watched, path)?,
        };
        match watch::read(&path) {
            Ok(Some(bytes)) => Ok(Source::file(&path, bytes)),
            Ok(None) => Err(JobsError::File(format!("there is no file {}", path.display()))),
            Err(error) => Err(JobsError::File(format!("{}: {error}", path.display()))),
        }
    }

    /// Enters the outcome of a rehearsal.
    pub(super) fn rehearsed(&mut self, report: RehearsalReport, candidate: Option<Candidate>) {
        self.report = Some(report);
        self.candidate = candidate;
    }

    /// Returns the code that was rehearsed, if its file still has it.
    ///
    /// # Errors
    /// [`JobsError::Swap`] with the reason why it cannot be swapped in.
    pub(super) fn candidate(&self) -> Result<Candidate, JobsError> {
        let Some(candidate) = &self.candidate else {
            let refused = self.report.as_ref().and_then(|report| report.refused.as_ref());
            return Err(JobsError::Swap(match refused {
                Some(why) => format!("the rehearsal refused the code: {why}"),
                None => "nothing was rehearsed since the last swap; rehearse first".to_owned(),
            }));
        };
        let path = candidate.source.path.as_deref().unwrap_or_else(|| self.file.path());
        match watch::read(path) {
            Ok(Some(bytes)) if *bytes == *candidate.source.bytes => Ok(candidate.clone()),
            _ => Err(JobsError::Swap(format!(
                "{} has changed since the rehearsal; rehearse it again",
                candidate.source.name
            ))),
        }
    }

    /// Notes that a candidate has become a version.
    pub(super) fn swapped(&mut self, swap: Swap, source: Source) {
        self.versions.insert(swap.to, source);
        while self.versions.len() > KEPT {
            self.versions.pop_first();
        }
        (self.swap, self.candidate, self.problem) = (Some(swap), None, None);
    }

    /// Notes that a former version is current again.
    pub(super) fn went_back(&mut self, swap: Swap) {
        (self.swap, self.candidate) = (Some(swap), None);
    }

    /// The source of a version.
    pub(super) fn version(&self, number: u32) -> Option<&Source> {
        self.versions.get(&number)
    }
}

impl Source {
    fn file(path: &Path, bytes: Vec<u8>) -> Self {
        Self { name: path.display().to_string(), path: Some(path.to_owned()), bytes: bytes.into() }
    }

    /// Whether this is the built-in code.
    pub(super) fn is_built_in(&self) -> bool {
        self.path.is_none()
    }

    /// The text to show.
    pub(super) fn text(&self) -> String {
        text_of(&self.bytes)
    }
}

/// The text of some code; of a binary module, a comment that says what it is.
pub(super) fn text_of(bytes: &[u8]) -> String {
    if bytes.starts_with(b"\0asm") {
        return format!(";; a binary WebAssembly module of {} bytes\n", bytes.len());
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// The built-in code. A test compiles it.
fn built_in() -> (Source, Code) {
    let source = Source { name: BUILT_IN_NAME.to_owned(), path: None, bytes: BUILT_IN.as_bytes().into() };
    let code = Code::new(BUILT_IN.as_bytes());
    let code = code.unwrap_or_else(|error| unreachable!("the built-in code is invalid: {error}"));
    (source, code)
}

/// Returns the path of a file in the folder of the watched one.
fn beside(watched: &Path, path: &str) -> Result<PathBuf, JobsError> {
    let path = PathBuf::from(path);
    if path == watched {
        return Ok(path);
    }
    let folder = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        parent.unwrap_or(Path::new(".")).canonicalize().ok()
    };
    // Of the file itself, so that a symbolic link does not lead out of the folder.
    let found = path.canonicalize().ok().and_then(|path| folder(&path));
    let allowed = folder(watched);
    if found.is_some() && found == allowed {
        return Ok(path);
    }
    if found.is_none() {
        return Err(JobsError::File(format!("there is no file {}", path.display())));
    }
    Err(JobsError::File(format!(
        "{} is not in the folder of jobs.code ({})",
        path.display(),
        watched.display()
    )))
}

#[cfg(test)]
mod tests;
