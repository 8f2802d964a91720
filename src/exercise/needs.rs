//! What an exercise needs besides Weir, and whether it is here.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::clean;

/// The client of NATS, which is compiled in with a feature only.
const NATS_BUILD: &str = "a build of Weir with a client of NATS (`cargo build --release --features nats`)";
/// The server of NATS.
const NATS_SERVER: &str = "the program `nats-server` on the PATH (Debian's package `nats-server`)";

/// A condition of an exercise. Without it, the exercise can be read, and is not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Its name. `NATS` is looked for; any other one is missing on every machine.
    pub what: String,
    /// What the exercise needs, and what a participant can do without it. In an exercise that was
    /// read, it ends with the list of what is missing.
    pub sentence: String,
    /// What is missing here, each with the way to get it.
    #[serde(default, skip_deserializing)]
    pub missing: Vec<String>,
}

impl Need {
    /// Returns the need with what is missing; `None` if nothing is.
    pub(super) fn unmet(self) -> Option<Self> {
        self.among(&std::env::var_os("PATH").unwrap_or_default(), cfg!(feature = "nats"))
    }

    /// Like [`unmet`](Self::unmet), with these folders of programs and this build.
    fn among(self, path: &std::ffi::OsStr, has_nats: bool) -> Option<Self> {
        let what = clean::line(&self.what).into_owned();
        let mut sentence = clean::line(&self.sentence).into_owned();
        let mut missing = Vec::new();
        if what == "NATS" {
            let has_server = std::env::split_paths(path).any(|folder| is_program(&folder.join(SERVER)));
            missing.extend((!has_nats).then(|| NATS_BUILD.to_owned()));
            missing.extend((!has_server).then(|| NATS_SERVER.to_owned()));
            if missing.is_empty() {
                return None;
            }
            sentence += &format!(" Missing here: {}.", missing.join("; "));
        }
        Some(Self { what, sentence, missing })
    }
}

/// The name of the program.
const SERVER: &str = "nats-server";

/// Whether a file can be run.
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(what: &str) -> Need {
        toml::from_str(&format!("what = \"{what}\"\nsentence = \"It needs that.\"")).unwrap()
    }

    #[test]
    fn the_need_of_nats_is_met_by_the_build_and_the_program_and_names_what_is_missing() {
        let folder = std::env::temp_dir().join(format!("weir-needs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let among = |has_nats| need("NATS").among(folder.as_os_str(), has_nats).map(|need| need.sentence);
        let build = "a build of Weir with a client of NATS (`cargo build --release --features nats`)";
        let program = "the program `nats-server` on the PATH (Debian's package `nats-server`)";
        let says = |missing: &str| Some(format!("It needs that. Missing here: {missing}."));
        assert_eq!(among(false), says(&format!("{build}; {program}")));
        assert_eq!(among(true), says(program));
        // A file that cannot be run is no program.
        std::fs::write(folder.join("nats-server"), "").unwrap();
        assert_eq!(among(true), says(program));
        let may_run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.join("nats-server"), may_run).unwrap();
        assert_eq!((among(true), among(false)), (None, says(build)));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn another_need_is_never_met_and_its_sentence_stays() {
        let moon = need("a moon").unmet().unwrap();
        assert_eq!((moon.sentence.as_str(), moon.missing.len()), ("It needs that.", 0));
    }
}
