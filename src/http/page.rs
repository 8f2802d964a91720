//! The pages of the bench, of the exercises and of the labs: their HTML, which contains the
//! present state and the page's control. The files that they request are in
//! `page_files.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::access::{Access, PageControl};
use super::page_files::{EXERCISES, File, INDEX, LABS, serve};
use crate::workbench::Workbench;

pub(super) fn routes(access: &Arc<Access>) -> Router<Arc<Workbench>> {
    let (for_index, for_exercises) = (Arc::clone(access), Arc::clone(access));
    let index = async move |State(workbench): State<Arc<Workbench>>, headers: HeaderMap| {
        index(&workbench, &for_index.for_page(&headers))
    };
    let exercises = async move |State(workbench): State<Arc<Workbench>>, headers: HeaderMap| {
        let page = controlled(EXERCISES.text(), &workbench, &for_exercises.for_page(&headers));
        reply(&EXERCISES, page)
    };
    labs(access)
        .route("/", get(index))
        .route("/exercises", get(exercises))
        // Links within the page are relative to its folder.
        .route("/exercises/", get(async || Redirect::permanent("../exercises")))
        .route(
            "/page/{*name}",
            get(async |Path(name): Path<String>, headers: HeaderMap| serve(&name, &headers)),
        )
}

/// Routes each lab's path to its page.
fn labs(access: &Arc<Access>) -> Router<Arc<Workbench>> {
    LABS.iter().fold(Router::new(), |router, (path, file)| {
        let access = Arc::clone(access);
        let page = async move |State(workbench): State<Arc<Workbench>>, headers: HeaderMap| {
            let text = controlled(file.text(), &workbench, &access.for_page(&headers));
            let lab = workbench.labs().iter().find(|lab| lab.name() == &path[1..]);
            let full = lab.map(|lab| with_initial(&text, &lab.page()));
            reply(file, full.unwrap_or(text))
        };
        router.route(path, get(page))
    })
}

/// The placeholder of the initial state.
const INITIAL: &str = "<!-- initial -->";

/// Returns the page with the present state in it, so that it need not wait for its first
/// event.
fn index(workbench: &Workbench, control: &PageControl<'_>) -> Response {
    let state = json!({ "snapshot": workbench.snapshot(), "history": workbench.recent_history() });
    let text = controlled(INDEX.text(), workbench, control);
    reply(&INDEX, with_initial(&text, &state))
}

/// Returns a page with a state in it.
fn with_initial(page: &str, state: &Value) -> String {
    // Inside a script element only the end tag has a meaning.
    let state = state.to_string().replace("</", "<\\/");
    let script = format!("<script type=\"application/json\" id=\"initial\">{state}</script>");
    page.replacen(INITIAL, &script, 1)
}

/// The placeholder of the page's control: how it may change something.
const CONTROL: &str = "<meta name=\"weir-control\" content=\"\">";

/// Returns the page with its control: with the token, with a token that the user has to
/// bring, or without.
fn controlled(page: Cow<'static, str>, workbench: &Workbench, control: &PageControl<'_>) -> String {
    let (how, token) = match control {
        _ if workbench.settings().server.read_only => ("none", ""),
        PageControl::Token(token) => ("token", token.reveal()),
        PageControl::Bring => ("bring", ""),
    };
    let told = format!("<meta name=\"weir-control\" content=\"{how}\" data-token=\"{token}\">");
    page.replacen(CONTROL, &told, 1)
}

/// A page has no `ETag`: it differs each time.
fn reply(file: &File, text: String) -> Response {
    ([(header::CONTENT_TYPE, file.kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

#[cfg(test)]
mod tests {
    use crate::http::page_files::{EXERCISES, FILES, INDEX, LABS};

    /// What stands between `before` and the next `'` or `"`, wherever it occurs.
    fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(['\'', '"']).next())
    }

    fn pages() -> impl Iterator<Item = &'static str> {
        [INDEX.content, EXERCISES.content].into_iter().chain(LABS.iter().map(|(_, file)| file.content))
    }

    fn all() -> impl Iterator<Item = &'static str> {
        pages().chain(FILES.iter().map(|file| file.content))
    }

    #[test]
    fn every_file_that_the_page_asks_for_is_served() {
        let linked = pages()
            .flat_map(|html| ["href=\"page/", "src=\"page/"].map(|link| quoted(html, link)))
            .flatten();
        let imported = FILES.iter().flat_map(|file| {
            let folder =
                file.name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            let links = ["from './", "import('./"];
            let beside = links.into_iter().flat_map(|link| quoted(file.content, link));
            let beside = beside.map(move |name| format!("{folder}{name}"));
            beside.chain(quoted(file.content, "from '../").map(str::to_owned))
        });
        let workers = all().flat_map(|text| quoted(text, "new SharedWorker('page/"));
        // Types are imported in comments.
        let scripts = imported.filter(|name| !name.ends_with(".d.ts"));
        for name in linked.chain(workers).map(str::to_owned).chain(scripts) {
            assert!(FILES.iter().any(|file| file.name == name), "{name} is not served");
        }
    }

    #[test]
    fn every_script_and_style_sheet_of_the_folder_is_served() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page");
        for prefix in ["", "bench/", "labs/", "jobs/", "matches/", "rooms/"] {
            for entry in std::fs::read_dir(folder.join(prefix)).unwrap() {
                let name = format!("{prefix}{}", entry.unwrap().file_name().into_string().unwrap());
                if name.ends_with(".js") || name.ends_with(".css") {
                    assert!(FILES.iter().any(|file| file.name == name), "{name} is not served");
                }
            }
        }
    }

    /// The terms that some files explain on hover.
    fn terms(files: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
        let asks = ["data-term=\"", " term: '", ".dataset.term = '"];
        files.flat_map(|text| asks.into_iter().flat_map(|ask| quoted(text, ask))).collect()
    }

    #[track_caller]
    fn defined_once(terms: &[&str], page: &str) {
        for term in terms {
            let definitions = page.matches(&format!("<dt id=\"term-{term}\">")).count();
            assert_eq!(definitions, 1, "{term}");
        }
    }

    #[test]
    fn every_term_that_a_hover_asks_for_is_defined_once() {
        let is_of_a_lab = |name: &str| LABS.iter().any(|(path, _)| name.starts_with(&path[1..]));
        let own = FILES.iter().filter(|file| !is_of_a_lab(file.name) && !file.name.starts_with("labs/"));
        let bench = terms(own.map(|file| file.content).chain([INDEX.content]));
        assert!(bench.len() > 60, "{bench:?}");
        defined_once(&bench, INDEX.content);
        for (path, page) in &LABS {
            let folder = format!("{}/", &path[1..]);
            let own = FILES.iter().filter(|file| file.name.starts_with(&folder));
            let shared = FILES.iter().filter(|file| file.name.starts_with("labs/"));
            let lab = terms(own.chain(shared).map(|file| file.content).chain([page.content]));
            assert!(lab.len() > 20, "{lab:?}");
            defined_once(&lab, page.content);
        }
    }

    #[test]
    fn nothing_on_the_page_is_inline() {
        for inline in [" style=", "<style", " onclick=", "<script>"] {
            assert!(pages().all(|html| !html.contains(inline)), "{inline} is against the policy");
        }
        for parses in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment"]
        {
            assert!(
                all().all(|text| !text.contains(parses)),
                "{parses}: foreign words would become markup"
            );
        }
        // Its own page, and the texts of exercises, which the server has escaped.
        let parsing = FILES.iter().filter(|file| file.content.contains("DOMParser"));
        assert_eq!(parsing.map(|file| file.name).collect::<Vec<_>>(), ["control.js", "prose.js"]);
    }
}
