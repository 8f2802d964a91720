//! The page, and that of the exercises: a handful of files, inside the binary.
//!
//! A debug build reads them from the source tree, so that an edit shows without
//! a rebuild.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::json;

use super::access::{Access, PageControl};
use crate::workbench::Workbench;

struct File {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const FILES: [File; 31] = [
    File { name: "index.html", kind: HTML, content: include_str!("page/index.html") },
    File { name: "exercises.html", kind: HTML, content: include_str!("page/exercises.html") },
    File { name: "style.css", kind: CSS, content: include_str!("page/style.css") },
    File { name: "runs.css", kind: CSS, content: include_str!("page/runs.css") },
    File { name: "exercises.css", kind: CSS, content: include_str!("page/exercises.css") },
    File { name: "app.js", kind: SCRIPT, content: include_str!("page/app.js") },
    File { name: "charts.js", kind: SCRIPT, content: include_str!("page/charts.js") },
    File { name: "exercises.js", kind: SCRIPT, content: include_str!("page/exercises.js") },
    File { name: "exercise.js", kind: SCRIPT, content: include_str!("page/exercise.js") },
    File { name: "check.js", kind: SCRIPT, content: include_str!("page/check.js") },
    File { name: "commands.js", kind: SCRIPT, content: include_str!("page/commands.js") },
    File { name: "predict.js", kind: SCRIPT, content: include_str!("page/predict.js") },
    File { name: "verdict.js", kind: SCRIPT, content: include_str!("page/verdict.js") },
    File { name: "markdown.js", kind: SCRIPT, content: include_str!("page/markdown.js") },
    File { name: "flow.js", kind: SCRIPT, content: include_str!("page/flow.js") },
    File { name: "panels.js", kind: SCRIPT, content: include_str!("page/panels.js") },
    File { name: "components.js", kind: SCRIPT, content: include_str!("page/components.js") },
    File { name: "axes.js", kind: SCRIPT, content: include_str!("page/axes.js") },
    File { name: "compare.js", kind: SCRIPT, content: include_str!("page/compare.js") },
    File { name: "control.js", kind: SCRIPT, content: include_str!("page/control.js") },
    File { name: "curves.js", kind: SCRIPT, content: include_str!("page/curves.js") },
    File { name: "distribution.js", kind: SCRIPT, content: include_str!("page/distribution.js") },
    File { name: "glossary.js", kind: SCRIPT, content: include_str!("page/glossary.js") },
    File { name: "live-worker.js", kind: SCRIPT, content: include_str!("page/live-worker.js") },
    File { name: "load.js", kind: SCRIPT, content: include_str!("page/load.js") },
    File { name: "palette.js", kind: SCRIPT, content: include_str!("page/palette.js") },
    File { name: "readout.js", kind: SCRIPT, content: include_str!("page/readout.js") },
    File { name: "remembered.js", kind: SCRIPT, content: include_str!("page/remembered.js") },
    File { name: "runs.js", kind: SCRIPT, content: include_str!("page/runs.js") },
    File { name: "server.js", kind: SCRIPT, content: include_str!("page/server.js") },
    File { name: "stream.js", kind: SCRIPT, content: include_str!("page/stream.js") },
];

pub(super) fn routes(access: &Arc<Access>) -> Router<Arc<Workbench>> {
    let (for_index, for_exercises) = (Arc::clone(access), Arc::clone(access));
    let index = async move |State(workbench): State<Arc<Workbench>>, headers: HeaderMap| {
        index(&workbench, &for_index.for_page(&headers))
    };
    let exercises = async move |State(workbench): State<Arc<Workbench>>, headers: HeaderMap| {
        let page = &FILES[1];
        reply(page, controlled(content(page), &workbench, &for_exercises.for_page(&headers)).into())
    };
    Router::new()
        .route("/", get(index))
        .route("/exercises", get(exercises))
        // Links within the page are relative, and mean its folder.
        .route("/exercises/", get(async || Redirect::permanent("../exercises")))
        .route("/page/{name}", get(async |Path(name): Path<String>| file(&name)))
}

/// Where the page takes what is known already.
const INITIAL: &str = "<!-- initial -->";

/// The page, with the present state written into it: it is full at once, and does
/// not wait for its first event.
fn index(workbench: &Workbench, control: &PageControl<'_>) -> Response {
    let state = json!({ "snapshot": workbench.snapshot(), "history": workbench.recent_history() });
    // Inside a script element only its end tag means anything.
    let state = state.to_string().replace("</", "<\\/");
    let script = format!("<script type=\"application/json\" id=\"initial\">{state}</script>");
    let [page, ..] = &FILES;
    let text = controlled(content(page), workbench, control);
    reply(page, text.replacen(INITIAL, &script, 1).into())
}

/// Where a page takes how it may change something.
const CONTROL: &str = "<meta name=\"weir-control\" content=\"\">";

/// The page, told how it may change something: with the token that stands in it, with
/// one that it has to bring, or not at all.
fn controlled(page: Cow<'static, str>, workbench: &Workbench, control: &PageControl<'_>) -> String {
    let (how, token) = match control {
        _ if workbench.settings().server.read_only => ("none", ""),
        PageControl::Token(token) => ("token", token.reveal()),
        PageControl::Bring => ("bring", ""),
    };
    let told = format!("<meta name=\"weir-control\" content=\"{how}\" data-token=\"{token}\">");
    page.replacen(CONTROL, &told, 1)
}

fn file(name: &str) -> Response {
    match FILES.iter().find(|file| file.name == name) {
        Some(file) => reply(file, content(file)),
        None => (StatusCode::NOT_FOUND, "the page has no such file\n").into_response(),
    }
}

fn reply(file: &File, content: Cow<'static, str>) -> Response {
    let headers = [(header::CONTENT_TYPE, file.kind), (header::CACHE_CONTROL, "no-cache")];
    (headers, content).into_response()
}

fn content(file: &File) -> Cow<'static, str> {
    if cfg!(debug_assertions) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/page/");
        if let Ok(text) = std::fs::read_to_string(format!("{path}{}", file.name)) {
            return text.into();
        }
    }
    file.content.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between `before` and the next `'` or `"`, wherever it occurs.
    fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(['\'', '"']).next())
    }

    fn all() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|file| file.content)
    }

    fn pages() -> impl Iterator<Item = &'static str> {
        FILES.iter().filter(|file| file.kind == HTML).map(|file| file.content)
    }

    #[test]
    fn every_file_that_the_page_asks_for_is_served() {
        let linked = pages()
            .flat_map(|html| ["href=\"page/", "src=\"page/"].map(|link| quoted(html, link)))
            .flatten();
        let imported = all().flat_map(|text| quoted(text, "from './"));
        let workers = all().flat_map(|text| quoted(text, "new SharedWorker('page/"));
        for name in linked.chain(imported).chain(workers) {
            assert!(FILES.iter().any(|file| file.name == name), "{name} is not served");
        }
    }

    #[test]
    fn every_term_that_a_hover_asks_for_is_defined() {
        let [html, ..] = &FILES;
        for term in all()
            .flat_map(|text| ["data-term=\"", " term: '"].into_iter().flat_map(|ask| quoted(text, ask)))
        {
            assert!(html.content.contains(&format!("id=\"term-{term}\"")), "{term} is not defined");
        }
    }

    #[test]
    fn nothing_on_the_page_is_inline() {
        for inline in [" style=", "<style", " onclick=", "<script>"] {
            assert!(pages().all(|html| !html.contains(inline)), "{inline} is against the policy");
        }
        assert!(
            all().all(|text| !text.contains("innerHTML")),
            "what others have named would become markup"
        );
    }
}
