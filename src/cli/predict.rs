//! A prediction, for people: what theory says, as far as it can be believed.

use std::fmt::Write;

use super::Exit;
use super::output::{complain, say};
use crate::config::Sources;
use crate::measure::PlanArgs;
use crate::record::{Exactness, Prediction, Times};
use crate::theory::predict;

/// Lines are no longer than this.
const COLUMNS: usize = 80;

/// How long the longest bar of a chart is.
const BAR: usize = 40;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let prepared = args.plan.on_bench("predict").and_then(|(mode, plan)| {
        let prediction = predict(&sources.load()?.settings, mode, &plan)?;
        Ok((mode, plan, prediction))
    });
    match prepared {
        Ok((_, _, prediction)) if args.json => say(serde_json::to_string_pretty(&prediction)?),
        Ok((mode, plan, prediction)) => {
            say(table(&prediction, &format!("{}: {plan}", mode.name())).trim_end());
        }
        Err(error) => {
            complain(format_args!("{error:#}"));
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Success)
}

/// A prediction of `what`, in at most 80 columns.
fn table(prediction: &Prediction, what: &str) -> String {
    let exactness = match prediction.exactness {
        Exactness::Exact => "exact, if the assumptions hold",
        Exactness::Steady => "exact in a steady state, which a run only comes near",
        Exactness::Fluid => "right on average over many events",
    };
    let mut text = wrapped("", what);
    text += &wrapped("  model         ", &prediction.model);
    text += &wrapped("                ", exactness);
    text.push('\n');
    text += &figures_of(prediction);
    text += &times_of(prediction);
    text += &depth_over_time(&prediction.depth_over_time);
    for (title, lines) in [("assumes", &prediction.assumptions), ("sources", &prediction.sources)] {
        if !lines.is_empty() {
            text += &format!("\n{title}\n");
            text.extend(lines.iter().map(|line| wrapped("  - ", line)));
        }
    }
    text
}

fn figures_of(prediction: &Prediction) -> String {
    let percent = |share: Option<f64>| share.map(|share| share * 100.0);
    let rows = [
        ("answers", prediction.rate, "a second"),
        ("done", prediction.done_rate, "events a second"),
        ("utilisation", percent(prediction.utilisation), "%"),
        ("in use", prediction.in_use, "events in the resource, on average"),
        ("peak in use", prediction.peak_in_use, "events in the resource"),
        ("waiting", prediction.depth, "events, on average"),
        ("peak waiting", prediction.peak_depth, "events"),
        ("refused", percent(prediction.refused_share), "% of the requests"),
        ("dropped", percent(prediction.dropped_share), "% of the requests"),
        ("load", prediction.load_s, "s, from the first request to the last answer"),
        ("drain", prediction.drain_s, "s, from the last request to the last event done"),
    ];
    let known = rows.into_iter().filter_map(|(name, value, unit)| Some((name, value?, unit)));
    known.map(|(name, value, unit)| format!("  {name:<14}{:>10} {unit}\n", figures(value))).collect()
}

fn times_of(prediction: &Prediction) -> String {
    let Prediction { answer, wait, service, response, .. } = prediction;
    let rows = [("answer", answer), ("wait", wait), ("service", service), ("response", response)];
    let cell = |ms: Option<f64>| ms.map_or("-".to_owned(), figures);
    let row = |name: &str, times: &Times| {
        let [mean, p50, p90, p99] = [times.mean_ms, times.p50_ms, times.p90_ms, times.p99_ms].map(cell);
        format!("  {name:<14}{mean:>10}{p50:>12}{p90:>12}{p99:>12}\n")
    };
    let known: String =
        rows.into_iter().filter_map(|(name, times)| Some(row(name, times.as_ref()?))).collect();
    if known.is_empty() {
        return known;
    }
    format!("\n  {:<14}{:>10}{:>12}{:>12}{:>12}\n{known}", "in ms", "mean", "p50", "p90", "p99")
}

/// A bar for at most nine of the points.
fn depth_over_time(points: &[[f64; 2]]) -> String {
    let most = points.iter().map(|[_, depth]| *depth).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let (last, bars) = (points.len() - 1, (points.len() - 1).clamp(1, 8));
    let mut text = format!("\n  {:>9} {:>10}\n", "after s", "waiting");
    for [seconds, depth] in (0..=bars).filter_map(|bar| points.get(bar * last / bars)) {
        let bar = "#".repeat((depth / most * BAR as f64).round() as usize);
        // Writing to a string cannot fail.
        let line = format!("  {:>9} {:>10} {bar}", figures(*seconds), figures(*depth));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Words on as many lines as they need, the first behind `lead` and the others
/// below its end.
pub(super) fn wrapped(lead: &str, words: &str) -> String {
    let indent = " ".repeat(lead.chars().count());
    let (mut text, mut line, mut fresh) = (String::new(), lead.to_owned(), true);
    for word in words.split_whitespace() {
        let needed = line.chars().count() + word.chars().count() + usize::from(!fresh);
        if needed > COLUMNS && !fresh {
            text += &line;
            text.push('\n');
            (line, fresh) = (indent.clone(), true);
        }
        if !fresh {
            line.push(' ');
        }
        line += word;
        fresh = false;
    }
    text + &line + "\n"
}

/// Three significant figures or more, without an exponent.
fn figures(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 || v == 0.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::record::{Mode, Model, Plan, Profile, RequestPlan};
    use crate::theory::predict;

    #[test]
    fn a_prediction_fits_and_says_what_it_knows() {
        let model = Model::Closed { clients: Profile::constant(50.0, None) };
        let plan = Plan { model, requests: Some(1000), request: RequestPlan::default() };
        let prediction = predict(&Settings::default(), Mode::Pipelined, &plan).unwrap();
        let text = table(&prediction, "pipelined under closed, 50 clients, 1000 requests");
        for says in
            ["burst of 1000 on 1", "exact", "drain", "500 s", "250250", "assumes", "####", "Counting"]
        {
            assert!(text.contains(says), "no {says:?} in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    }

    #[test]
    fn nothing_known_is_no_table() {
        let text = table(&Prediction::default(), "nothing");
        assert!(!text.contains("in ms") && !text.contains("assumes"), "{text}");
    }

    #[test]
    fn words_wrap_below_each_other() {
        let text = wrapped("  - ", &"word ".repeat(40));
        assert!(text.lines().skip(1).all(|line| line.starts_with("    word")));
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
    }
}
