//! The files that the pages request: embedded in the binary, compressed once, and
//! revalidated by `ETag`.
//!
//! A debug build reads them from the source tree, so that an edit shows without a rebuild.
//! Scripts are sent without comment lines, which are a quarter of the page's weight. Empty
//! lines take their place, so line numbers match the source.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;

use super::encoding::{accepts_gzip, gzip};

/// A file of the folder `page`.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) content: &'static str,
    encoded: Mutex<Option<Arc<Encoded>>>,
}

/// The bytes of a file as sent.
#[derive(Debug)]
struct Encoded {
    /// The file as written.
    source: Cow<'static, str>,
    /// The file without comments, if it is a script.
    plain: Bytes,
    gzip: Bytes,
    /// A hash of the plain bytes.
    tag: u64,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Returns the file with this name in the folder `page`.
macro_rules! file {
    ($name:literal) => {
        File {
            name: $name,
            kind: kind_of($name),
            content: include_str!(concat!("page/", $name)),
            encoded: Mutex::new(None),
        }
    };
}

/// Declares the files of these names.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// The files that the pages request.
        pub(super) static FILES: [File; [$($name),*].len()] = [$(file!($name)),*];
    };
}

pub(super) static INDEX: File = file!("index.html");
pub(super) static EXERCISES: File = file!("exercises.html");
/// The pages of the labs, with their paths.
pub(super) static LABS: [(&str, File); 3] =
    [("/jobs", file!("jobs.html")), ("/matches", file!("matches.html")), ("/rooms", file!("rooms.html"))];

files![
    "actions.js",
    "app.js",
    "axes.js",
    "banner.js",
    "bench.css",
    "bench/bands.js",
    "bench/basin.js",
    "bench/bench.js",
    "bench/brush.js",
    "bench/heat.js",
    "bench/keep.js",
    "bench/labels.js",
    "bench/layer.js",
    "bench/layout.js",
    "bench/particles.js",
    "bench/pen.js",
    "bench/picture.js",
    "bench/pointer.js",
    "bench/rates.js",
    "bench/reading.js",
    "bench/resource.js",
    "bench/response.js",
    "bench/say.js",
    "bench/score-rows.js",
    "bench/score.js",
    "bench/side.js",
    "bench/sluices.js",
    "bench/verdict.js",
    "bench/words-stacked.js",
    "bench/words.js",
    "bindings.js",
    "board.js",
    "chart.js",
    "check-loads.js",
    "check-progress.js",
    "check.js",
    "choice.js",
    "clocks.js",
    "commands.js",
    "compare.js",
    "components.css",
    "components.js",
    "concurrency.js",
    "config-bar.js",
    "config-field.js",
    "config-value.js",
    "config.css",
    "configuration.js",
    "control.js",
    "curves.js",
    "dead-bar.js",
    "dead.js",
    "distribution.js",
    "dom.js",
    "exercise-list.js",
    "exercise.js",
    "exercises.css",
    "exercises.js",
    "expected.js",
    "figures-tab.js",
    "figures.js",
    "format.js",
    "glossary.js",
    "history.js",
    "ink.js",
    "jobs/ask.js",
    "jobs/code-sheet.js",
    "jobs/code.js",
    "jobs/compare.js",
    "jobs/controls.js",
    "jobs/core.js",
    "jobs/figures.js",
    "jobs/job-sheet.js",
    "jobs/jobs.css",
    "jobs/jobs.js",
    "jobs/names.js",
    "jobs/panels.js",
    "jobs/rehearsal.js",
    "jobs/top.js",
    "jobs/turn-words.js",
    "jobs/ways.js",
    "jobs/words.js",
    "keys.js",
    "lab-list.js",
    "labs/axis.js",
    "labs/figure.js",
    "labs/labs.css",
    "labs/limit.js",
    "labs/link.js",
    "labs/score.js",
    "labs/series.js",
    "labs/settings.js",
    "labs/sheet.js",
    "labs/socket.js",
    "labs/spark.js",
    "labs/surface.js",
    "labs/verdict.js",
    "later.js",
    "ledger.js",
    "live-charts.js",
    "live-worker.js",
    "load-bar.js",
    "load.js",
    "matches/callout.js",
    "matches/controls.js",
    "matches/curve.js",
    "matches/field.js",
    "matches/figures.js",
    "matches/grid.js",
    "matches/ladder.js",
    "matches/matches.css",
    "matches/matches.js",
    "matches/panels.js",
    "matches/replay.js",
    "matches/rungs.js",
    "matches/scoreboard.js",
    "matches/settings.js",
    "matches/times.js",
    "modes-table.js",
    "modes.js",
    "nodes.js",
    "palette.js",
    "predict.js",
    "prose.js",
    "readout.js",
    "remembered.js",
    "rooms/board.js",
    "rooms/compare.js",
    "rooms/controls.js",
    "rooms/crowd.js",
    "rooms/drawing.js",
    "rooms/ear.js",
    "rooms/far.js",
    "rooms/figures.js",
    "rooms/house.js",
    "rooms/moves.js",
    "rooms/panels.js",
    "rooms/position.js",
    "rooms/records.js",
    "rooms/rooms.css",
    "rooms/rooms.js",
    "rooms/seat-words.js",
    "rooms/seat.js",
    "rooms/thread.js",
    "rooms/tree.js",
    "rooms/verdict.js",
    "rooms/village.js",
    "rooms/ways.js",
    "rove.js",
    "run-address.js",
    "run-card.js",
    "run-charts.js",
    "run-row.js",
    "run-view.js",
    "runs-tab.js",
    "runs.css",
    "runs.js",
    "scales.js",
    "server.js",
    "sight.js",
    "stage-row.js",
    "stream.js",
    "stuck.js",
    "style.css",
    "tabs.js",
    "theme.js",
    "timeline.js",
    "verdict.js",
    "worker-rows.js",
];

/// Returns the content type of a file by its extension.
const fn kind_of(name: &str) -> &'static str {
    match name.as_bytes() {
        [.., b'h', b't', b'm', b'l'] => HTML,
        [.., b'c', b's', b's'] => CSS,
        _ => SCRIPT,
    }
}

impl File {
    /// Returns the text of the file.
    pub(super) fn text(&self) -> Cow<'static, str> {
        if cfg!(debug_assertions) {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/page/");
            if let Ok(text) = std::fs::read_to_string(format!("{path}{}", self.name)) {
                return text.into();
            }
        }
        self.content.into()
    }

    /// Compresses the file, unless that has been done. In a debug build the text may have
    /// changed since.
    fn encoded(&self) -> Arc<Encoded> {
        let text = self.text();
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*encoded {
            Some(known) if known.source == text => Arc::clone(known),
            _ => Arc::clone(encoded.insert(Arc::new(Encoded::of(text, self.kind)))),
        }
    }
}

impl Encoded {
    fn of(source: Cow<'static, str>, kind: &str) -> Self {
        let plain = if kind == SCRIPT { without_comments(&source) } else { source.to_string() };
        let mut hasher = DefaultHasher::new();
        plain.hash(&mut hasher);
        let gzip = gzip(plain.as_bytes(), Compression::best()).into();
        Self { source, plain: plain.into(), gzip, tag: hasher.finish() }
    }
}

/// Blanks the lines of a script that contain only a comment: `//`, or `/** … */` that begins
/// a line. None of them may be inside a template literal.
fn without_comments(script: &str) -> String {
    let mut is_inside = false;
    let mut code = String::with_capacity(script.len());
    for line in script.lines() {
        let text = line.trim();
        let begins = !is_inside && text.starts_with("/**");
        let is_comment = is_inside || text.starts_with("//") || begins && text.ends_with("*/");
        is_inside = is_inside && !text.ends_with("*/") || begins && !text.contains("*/");
        if !is_comment && !is_inside {
            code.push_str(line);
        }
        code.push('\n');
    }
    code
}

/// Shorter than the policy of a page, because only a shared worker enforces a policy of its
/// own: it may load scripts from this server and connect to it.
const POLICY: &str = "default-src 'self'";

/// Returns a file in an encoding that the client accepts, or 304 if the client already has
/// it.
pub(super) fn serve(name: &str, request: &HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return (StatusCode::NOT_FOUND, "the page has no such file\n").into_response();
    };
    let encoded = file.encoded();
    let takes_gzip = accepts_gzip(request);
    // The two encodings have different bytes, so each has a strong tag of its own.
    let tag = format!("\"{:016x}{}\"", encoded.tag, if takes_gzip { "-gzip" } else { "" });
    let known = is_known(request, &tag);
    let headers = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "Accept-Encoding"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.kind)];
    if takes_gzip {
        (headers, kind, [(header::CONTENT_ENCODING, "gzip")], encoded.gzip.clone()).into_response()
    } else {
        (headers, kind, encoded.plain.clone()).into_response()
    }
}

/// Returns whether `If-None-Match` names the tag. As for every GET, a weak tag counts
/// (RFC 9110, section 13.1.2).
fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = values.flat_map(|value| value.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_loses_its_comments_and_keeps_its_code_and_its_line_numbers() {
        let script = "// @ts-check\n\n/** One line. */\nconst a = 'http://x'; // stays\n\
                      \u{20} /**\n   * @param {number} b\n   */\n  f(b) {\n\
                      \u{20}   return /** @type {number} */ (b);\n\
                      /** @type {X} */ (b).c();\n  }\n";
        let code = "\n\n\nconst a = 'http://x'; // stays\n\n\n\n  f(b) {\n\
                    \u{20}   return /** @type {number} */ (b);\n\
                    /** @type {X} */ (b).c();\n  }\n";
        assert_eq!(without_comments(script), code);
    }

    #[test]
    fn no_line_that_is_removed_stands_within_a_template() {
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            let code = without_comments(file.content);
            let mut marks = 0;
            for (number, (line, kept)) in file.content.lines().zip(code.lines()).enumerate() {
                assert!(line == kept || marks % 2 == 0, "{}:{}: {line}", file.name, number + 1);
                marks += kept.matches('`').count() - kept.matches("\\`").count();
            }
            assert_eq!(marks % 2, 0, "{}", file.name);
        }
    }
}
