//! The texts of all verbs of `weir jobs` but `top`.

use super::top::short;
use crate::clean;
use crate::cli::answers::jobs::{
    Called, Difference, Inspected, Killed, Load, NameRow, Registered, Rehearsal, Submitted, Trace,
    VersionRow,
};
use crate::cli::text::{Table, fit, left, number, right, time, wrap};
use crate::record::Origin;

/// The most differences that are listed.
const LISTED: usize = 20;

pub(super) fn submitted(job: &Submitted, input: &str) -> String {
    let id = job.id.map_or("the job".to_owned(), |id| format!("job {id}"));
    let took = job.took_ms.map_or(String::new(), |ms| format!(" ({} ms)", ms_of(ms)));
    let text = match (job.state.as_deref(), &job.result, &job.why) {
        (Some("done"), Some(result), _) => format!("{result}{took}"),
        (None | Some("running"), ..) => format!("{id} runs with input {input}"),
        (Some(state), _, Some(why)) => format!("{id} with input {input}: {state}, {why}{took}"),
        (Some(state), ..) => format!("{id} with input {input}: {state}{took}"),
    };
    sentence(&text)
}

pub(super) fn registered(name: &Registered) -> String {
    let Registered { name, node, generation } = name;
    format!("{name} is at the node {}, in generation {generation}", clean::line(node))
}

pub(super) fn called(called: &Called, input: &str) -> String {
    let Called { node, generation, calls, job } = called;
    let whose = format!("node {}, generation {generation}, call {calls}", clean::line(node));
    format!("{}\n  {whose}", submitted(job, input).trim_end())
}

pub(super) fn names(names: &[NameRow]) -> String {
    if names.is_empty() {
        return "no job has a name; `weir jobs register NAME` gives it one".to_owned();
    }
    let columns = [left(12), left(16), right(10), right(7), left(22)];
    let mut table = Table::new(columns).header(["name", "node", "generation", "calls", "url"]);
    for NameRow { name, node, url, generation, calls } in names {
        // Another node counts the calls of its own names.
        let calls = calls.map_or("–".to_owned(), |calls| calls.to_string());
        table.row([name, &*clean::line(node), &generation.to_string(), &calls, &*clean::line(url)]);
    }
    fit(&table.to_string())
}

pub(super) fn stack(job: &Inspected) -> String {
    let Inspected { id, input, version, stack, taken_at_slice, .. } = job;
    let title =
        format!("job {id}, input {input}, version {version}: the stack after slice {taken_at_slice}");
    let mut text = sentence(&title);
    if stack.is_empty() {
        text += "  it has not called a function yet\n";
    }
    text.extend(stack.iter().map(|function| wrap(function, 2)));
    text
}

pub(super) fn trace(job: &Inspected) -> String {
    let Some(Trace { calls, asked, took_ms, ended }) = &job.trace else { return stack(job) };
    let why = match ended.as_str() {
        "time" => ", then the time ran out",
        "job" => ", then the job ended",
        _ => "",
    };
    let Inspected { id, input, .. } = job;
    let of = if calls.len() as u64 == *asked { String::new() } else { format!(" of {asked}") };
    let title =
        format!("job {id}, input {input}: {}{of} calls in {} ms{why}", calls.len(), ms_of(*took_ms));
    let mut text = sentence(&title);
    for call in calls {
        if let Some((function, arguments)) = call.split_first() {
            text += &wrap(&format!("{function}({})", arguments.join(", ")), 2);
        }
    }
    text
}

pub(super) fn kill(killed: &Killed) -> String {
    let told = match killed.told_ms {
        Some(ms) => format!("; its submitter had the answer after {} ms", ms_of(ms)),
        None => String::new(),
    };
    sentence(&format!("{}{told}", killed.ended))
}

pub(super) fn load(load: &Load) -> String {
    let Load { workers, rate, target, fail_share } = load;
    if *workers == 0 {
        return "no workers, so no load".to_owned();
    }
    let fails = match *fail_share {
        share if share > 0.0 => format!("; {} % of the jobs get 13", (share * 1e4).round() / 1e2),
        _ => String::new(),
    };
    sentence(&format!("{workers} workers at {rate} jobs/s each, {} jobs/s in total{fails}", short(*target)))
}

pub(super) fn rehearsal(rehearsal: &Rehearsal) -> String {
    let Rehearsal { inputs, same, changed, broken, skipped, took_ms, refused, differences, faster } =
        rehearsal;
    // The lists are cut off at 50 inputs, the counts are not.
    let other_cost = inputs.saturating_sub(same + changed + skipped);
    let title = format!(
        "{inputs} inputs: {same} the same, {changed} with a new answer, {other_cost} with a new cost ({} ms)",
        ms_of(*took_ms)
    );
    let mut text = sentence(&title);
    if *broken > 0 {
        text += &sentence(&format!("{broken} of them had a value and would get a different one, or none"));
    }
    if *skipped > 0 {
        text += &sentence(&format!("{skipped} were not tried: the rehearsal had used up its reductions"));
    }
    let header = ["input", "times", "old answer", "new answer", "reductions", ""];
    let columns = [right(12), right(5), left(18), left(18), right(10), left(9)];
    let mut table = Table::new(columns).indented(2).header(header);
    for Difference { input, old, new, count, old_reductions, new_reductions } in
        differences.iter().chain(faster).take(LISTED)
    {
        let (before, after) = (short(*old_reductions), format!("→ {}", short(*new_reductions)));
        table.row([input, &count.to_string(), old, new, &before, &after]);
    }
    text += &table.section();
    let listed = (differences.len() + faster.len()).min(LISTED) as u64;
    let more = (changed + other_cost).saturating_sub(listed);
    if more > 0 {
        text += &format!("  and {more} more\n");
    }
    if let Some(why) = refused {
        text += &sentence(&format!("cannot be swapped in: {why}"));
    }
    text
}

pub(super) fn history(versions: &[VersionRow]) -> String {
    let mut table =
        Table::new([right(7), left(7), right(9), left(30)]).header(["version", "", "since s", "code"]);
    for VersionRow { version, current, since_ms, name } in versions {
        let current = if *current { "current" } else { "" };
        table.row([&version.to_string(), current, &number(since_ms / 1e3), name]);
    }
    fit(&table.to_string())
}

/// A line, wrapped with an indent, so that no foreign word begins a line.
fn sentence(text: &str) -> String {
    fit(&clean::line(text)) + "\n"
}

fn ms_of(ms: f64) -> String {
    time(ms, Origin::Kept)
}
