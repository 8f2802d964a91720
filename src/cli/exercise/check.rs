//! One check: the measurement, new or from an earlier check, and the code.

use super::bar::Bar;
use super::markdown::words;
use super::outcome::{CodeChecked, Outcome};
use crate::cli::output::{complain, say, say_coloured};
use crate::cli::paint;
use crate::cli::text::wrap;
use crate::exercise::{
    Exercise, Findings, Progress, State, Trial, TrialBench, compile_and_check, doubts, finishes, judge,
};
use crate::measure::Peer;
use crate::shutdown::StopToken;

/// Judges the answers by the findings, and records the check in the progress. `keep` stores
/// the findings for the next check; they must be from the exercise's own bench.
pub(super) fn conclude(
    progress: &mut Progress,
    exercise: &Exercise,
    findings: &Findings,
    keep: bool,
    code: Option<CodeChecked>,
) -> anyhow::Result<Outcome> {
    let passed_code = code.map(|code| code.passed);
    let (mut judgements, mut measured_at) = (Vec::new(), None);
    let state = progress.change(&exercise.id, |state| {
        judgements = judge(exercise, state, findings);
        state.checked(&judgements, passed_code, code.map(|code| code.written));
        if !findings.fresh && exercise.is_measured() {
            measured_at = Some(findings.at.clone());
        }
        if keep && !exercise.questions.is_empty() {
            state.findings = Some(findings.to_keep());
        }
    })?;
    let passed = finishes(&judgements, passed_code);
    let doubts = doubts(&judgements, findings);
    // It says what questions ask.
    let observed = if state.is_explained() { findings.observed.clone() } else { Vec::new() };
    Ok(Outcome { judgements, code, doubts, observed, measured_at, passed, state })
}

/// The findings of an exercise: those of an earlier check, or new ones if there are none, if
/// `again` is set, or at a running bench.
pub(super) fn find_out(
    exercise: &Exercise,
    state: &State,
    running: Option<Peer>,
    again: bool,
) -> anyhow::Result<Findings> {
    if exercise.questions.is_empty() {
        return Ok(Findings::of(exercise, &[]));
    }
    if let Some(kept) = state.findings_of(exercise).filter(|_| running.is_none() && !again) {
        return Ok(kept.clone());
    }
    let place = running.map_or(TrialBench::Own, TrialBench::Running);
    let mut bar = Bar::new(exercise);
    let trial = Trial { exercise, place, stop: StopToken::new() };
    let measured = trial.run(&mut |load, phase| bar.show(load, phase))?;
    bar.clear();
    Ok(Findings::of(exercise, &measured))
}

/// Compiles and checks the participant's code, and shows the output.
pub(super) fn check_code(exercise: &Exercise, show: bool) -> anyhow::Result<CodeChecked> {
    complain("compiling and running your code; the first time takes a minute or three");
    let checked = compile_and_check(exercise, None, show && paint::is_wanted(&std::io::stdout()))?;
    let unwritten = checked.unwritten(exercise);
    let written = unwritten.is_none() && !checked.said.contains("could not compile");
    if let Some(unwritten) = unwritten.filter(|_| show) {
        say(wrap(&unwritten, 0).trim_end());
    } else if show {
        say_coloured(checked.said.trim_end());
        if let Some(reveals) = checked.reveals(exercise) {
            say(format_args!("\n{}", wrap(&words(reveals), 0).trim_end()));
        }
    }
    Ok(CodeChecked { passed: checked.passed, written })
}
