//! The workshop over HTTP: `weir exercise` for the page. The server merges these routes with
//! the bench's, which know nothing of exercises.
//!
//! Page and command line share one progress file. Answers and explanations leave the server
//! only once a participant has earned them or asks for them.

mod check;
mod refusal;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{self, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value as Object, json};

use super::markdown::{Block, blocks, html, inline_html, inlines};
use super::{
    EngineRun, Exercise, JobsRun, Load, Progress, Question, RoomsRun, Set, SetError, State, Value, WatchRun,
};
use crate::duration;
use crate::http::{Access, guarded};
use crate::workbench::{Edit, Workbench};
use check::Checks;
use refusal::Refusal;

/// A set of exercises, and the checks that the page has started.
#[derive(Debug)]
struct Workshop {
    workbench: Arc<Workbench>,
    folder: PathBuf,
    checks: Checks,
}

/// The routes for the exercises in `folder`, behind the access guard: a check compiles and
/// runs code.
pub fn routes(workbench: &Arc<Workbench>, folder: &Path, access: &Arc<Access>) -> Router {
    let workshop =
        Workshop { workbench: Arc::clone(workbench), folder: folder.to_owned(), checks: Checks::default() };
    let routes = Router::new()
        .route("/api/exercises", get(list))
        .route("/api/exercises/{id}", get(show))
        .route("/api/exercises/{id}/predict", post(predict))
        .route("/api/exercises/{id}/check", get(look).post(check))
        .route("/api/exercises/{id}/check/stop", post(stop))
        .route("/api/exercises/{id}/hint", post(hint))
        .route("/api/exercises/{id}/solution", post(solution))
        .route("/api/exercises/{id}/reset", post(reset))
        .with_state(Arc::new(workshop));
    guarded(routes, workbench, access)
}

type This = extract::State<Arc<Workshop>>;
type Id = extract::Path<String>;

/// Runs `work` on a thread that may block on files.
async fn with<T: IntoResponse>(
    workshop: Arc<Workshop>,
    work: impl FnOnce(&Arc<Workshop>) -> Result<T, Refusal> + Send + 'static,
) -> Response {
    let work = move || work(&workshop).into_response();
    match tokio::task::spawn_blocking(work).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn list(extract::State(workshop): This) -> Response {
    with(workshop, |workshop| {
        let set = workshop.set()?;
        let progress = workshop.progress()?;
        let exercises = set.exercises.iter().map(|exercise| {
            let state = progress.of(&exercise.id);
            json!({
                "id": exercise.id,
                "title": exercise.title,
                "part": exercise.part,
                "minutes": exercise.minutes,
                "hard": exercise.hard,
                "code": exercise.code.is_some(),
                "questions": exercise.questions.len(),
                "predicted": state.predictions.len(),
                "checks": state.checks,
                "finished": state.finished,
                "needs": exercise.needs,
            })
        });
        let exercises: Vec<Object> = exercises.collect();
        Ok(Json(json!({ "title": set.title, "parts": set.parts, "exercises": exercises })))
    })
    .await
}

async fn show(extract::State(workshop): This, extract::Path(id): Id) -> Response {
    with(workshop, move |workshop| {
        let set = workshop.set()?;
        let exercise = set.find(&id).map_err(Refusal::Set)?;
        let text = exercise.text().map_err(|error| Refusal::File(format!("{id}/README.md"), error))?;
        let state = workshop.progress()?.of(&exercise.id);
        let next = set.after(exercise);
        let part = (exercise.part as usize).checked_sub(1).and_then(|part| set.parts.get(part));
        let explanation = state.is_explained().then(|| exercise.explained());
        let shown = json!({
            "id": exercise.id,
            "title": exercise.title,
            "part": exercise.part,
            "part_title": part,
            "minutes": exercise.minutes,
            "hard": exercise.hard,
            "text": text,
            "html": {
                "text": untitled(&text),
                "explanation": explanation.as_deref().map(page_html),
                "hints": hints(exercise, &state).into_iter().map(line_html).collect::<Vec<_>>(),
            },
            "needs": exercise.needs,
            "config": exercise.config,
            "loads": exercise.measured_loads().map(load).chain(exercise.jobs.iter().map(jobs_run))
                .chain(exercise.watch.iter().map(watch_run))
                .chain(exercise.rooms.iter().map(rooms_run))
                .chain(exercise.engine.iter().map(engine_run)).collect::<Vec<_>>(),
            "questions": questions(exercise),
            "code": exercise.code.as_ref().map(|code| json!({
                "task": code.task,
                "file": exercise.folder.join("exercise.rs"),
                "html": { "task": line_html(&code.task) },
            })),
            "state": done(&state),
            "hints": hints(exercise, &state),
            "hints_in_all": exercise.hints.len(),
            "explanation": explanation,
            "next": next.map(|next| json!({ "id": next.id, "title": next.title })),
        });
        Ok(Json(shown))
    })
    .await
}

/// A text as HTML for the page.
fn page_html(text: &str) -> String {
    html(&blocks(text))
}

/// A README as HTML, without the first heading, which the page has already.
fn untitled(text: &str) -> String {
    let blocks = blocks(text);
    match blocks.split_first() {
        Some((Block::Heading(1, _), rest)) => html(rest),
        _ => html(&blocks),
    }
}

/// A text of one paragraph as HTML.
fn line_html(text: &str) -> String {
    inline_html(&inlines(text))
}

/// An answer in words as HTML; nothing for a number.
fn words_html(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(line_html(text)),
        Value::Number(_) => None,
    }
}

/// A participant's progress without the findings, which contain the answers.
fn done(state: &State) -> Object {
    let State { predictions, hints, checks, finished, first, findings } = state;
    json!({ "predictions": predictions, "hints": hints, "checks": checks, "finished": finished,
        "score": first, "measured": findings.is_some() })
}

/// The questions without their answers.
fn questions(exercise: &Exercise) -> Vec<Object> {
    let one = |question: &Question| {
        json!({
            "name": question.name,
            "ask": question.ask,
            "unit": question.unit,
            "choices": question.choices,
            "html": {
                "ask": line_html(&question.ask),
                "choices": question.choices.iter().map(|choice| line_html(choice)).collect::<Vec<_>>(),
            },
        })
    };
    exercise.questions.iter().map(one).collect()
}

fn load(load: &Load) -> Object {
    let edit = |Edit { after, key, value }: &Edit| json!({ "after": duration::format(*after), "set": format!("{key}={value}") });
    json!({
        "name": load.name,
        "run": load.run,
        "command": format!("weir load {}", load.run),
        "config": load.config,
        "faster": load.faster,
        "edits": load.edits.iter().map(edit).collect::<Vec<_>>(),
    })
}

fn jobs_run(run: &JobsRun) -> Object {
    lab_run("jobs", &run.name, &run.in_words(), &run.config)
}

fn watch_run(run: &WatchRun) -> Object {
    lab_run("watch", &run.name, &run.in_words(), &run.config)
}

fn rooms_run(run: &RoomsRun) -> Object {
    lab_run("rooms", &run.name, &run.in_words(), &run.config)
}

fn engine_run(run: &EngineRun) -> Object {
    lab_run("engine", &run.name, &run.in_words(), &run.config)
}

/// A run in a lab, in the place of a load.
fn lab_run(lab: &str, name: &str, words: &str, config: &[String]) -> Object {
    json!({
        "name": name,
        "run": words,
        "command": format!("{lab}: {words}"),
        "config": config,
        "faster": 1,
        "edits": [],
    })
}

/// The hints that the participant has asked for.
fn hints<'a>(exercise: &'a Exercise, state: &State) -> Vec<&'a str> {
    exercise.hints.iter().take(state.hints).map(|hint| hint.trim()).collect()
}

/// Stores answers. An empty one deletes the stored answer.
async fn predict(
    extract::State(workshop): This,
    extract::Path(id): Id,
    Query(answers): Query<Vec<(String, String)>>,
) -> Response {
    with(workshop, move |workshop| {
        let set = workshop.set()?;
        let exercise = set.find(&id).map_err(Refusal::Set)?;
        let mut read = Vec::new();
        for (name, answer) in &answers {
            let question = exercise.question(name).map_err(Refusal::Answer)?;
            let value = match answer.trim() {
                "" => None,
                written => Some(question.read(written).map_err(Refusal::Answer)?),
            };
            read.push((name.clone(), value));
        }
        let state = workshop.change(&exercise.id, |state| {
            for (name, value) in read {
                match value {
                    Some(value) => drop(state.predictions.insert(name, value)),
                    None => drop(state.predictions.remove(&name)),
                }
            }
        })?;
        Ok(Json(json!({ "predictions": state.predictions })))
    })
    .await
}

async fn hint(extract::State(workshop): This, extract::Path(id): Id) -> Response {
    with(workshop, move |workshop| {
        let set = workshop.set()?;
        let exercise = set.find(&id).map_err(Refusal::Set)?;
        let most = exercise.hints.len();
        let state = workshop.change(&exercise.id, |state| state.hints = (state.hints + 1).min(most))?;
        let hints = hints(exercise, &state);
        let html: Vec<String> = hints.iter().map(|hint| line_html(hint)).collect();
        Ok(Json(json!({ "hints": hints, "hints_in_all": most, "html": { "hints": html } })))
    })
    .await
}

/// The answers, the explanation, and the solution in code.
async fn solution(extract::State(workshop): This, extract::Path(id): Id) -> Response {
    with(workshop, move |workshop| {
        let set = workshop.set()?;
        let exercise = set.find(&id).map_err(Refusal::Set)?;
        let answers = exercise.questions.iter().map(|Question { name, ask, unit, answer, .. }| {
            let html = json!({ "ask": line_html(ask), "answer": words_html(answer) });
            json!({ "name": name, "ask": ask, "unit": unit, "answer": answer, "html": html })
        });
        let answers: Vec<Object> = answers.collect();
        let code = exercise.code.as_ref().map(|_| {
            let file = exercise.folder.join("solution.rs");
            exercise.solution().map_err(|error| Refusal::File(file.display().to_string(), error))
        });
        let code = code.transpose()?;
        let explanation = exercise.explained();
        let html = json!({ "explanation": page_html(&explanation) });
        Ok(Json(json!({ "answers": answers, "explanation": explanation, "code": code, "html": html })))
    })
    .await
}

async fn reset(extract::State(workshop): This, extract::Path(id): Id) -> Response {
    with(workshop, move |workshop| {
        let set = workshop.set()?;
        let exercise = set.find(&id).map_err(Refusal::Set)?;
        workshop.checks.forget(&exercise.id)?;
        workshop.progress()?.reset(Some(&exercise.id))?;
        Ok("OK")
    })
    .await
}

#[derive(Debug, Deserialize)]
struct How {
    /// Measure again instead of judging by the last measurement.
    #[serde(default)]
    again: bool,
}

async fn check(
    extract::State(workshop): This,
    extract::Path(id): Id,
    Query(How { again }): Query<How>,
) -> Response {
    with(workshop, move |workshop| {
        let set = workshop.set()?;
        let exercise = set.find(&id).map_err(Refusal::Set)?;
        if let Some(need) = &exercise.needs {
            return Err(Refusal::Needs(need.sentence.clone()));
        }
        check::begin(workshop, exercise.clone(), again)?;
        Ok((StatusCode::ACCEPTED, "OK"))
    })
    .await
}

async fn look(extract::State(workshop): This, extract::Path(id): Id) -> Response {
    Json(workshop.checks.look(&id)).into_response()
}

/// Stops the check of this exercise, if it is running.
async fn stop(extract::State(workshop): This, extract::Path(id): Id) -> &'static str {
    workshop.checks.stop(&id);
    "OK"
}

impl Workshop {
    fn set(&self) -> Result<Set, Refusal> {
        Set::read(&self.folder).map_err(|error| match error {
            SetError::None { .. } if !self.folder.is_dir() => {
                let folder = std::path::absolute(&self.folder).unwrap_or_else(|_| self.folder.clone());
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let place = folder.parent().unwrap_or(&folder).display().to_string();
                Refusal::NoSet { name, place }
            }
            other => Refusal::Set(other),
        })
    }

    fn progress(&self) -> Result<Progress, Refusal> {
        Ok(Progress::read(&self.workbench.settings().data.progress())?)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut State)) -> Result<State, Refusal> {
        Ok(self.progress()?.change(id, change)?)
    }
}
