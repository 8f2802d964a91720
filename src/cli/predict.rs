//! `weir predict`: what queueing theory says of a load, and how exact that is.

mod rooms;
mod watch;

use super::Exit;
use super::jobs::lateness;
use super::output::{complain, say};
use super::text::{NONE, Table, hang, left, number, right, wrap};
use crate::config::Sources;
use crate::measure::PlanArgs;
use crate::record::{Mode, Plan, PredictedTimes, Prediction};
use crate::theory::predict;

/// The longest bar of the chart, in characters.
const BAR: usize = 40;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    lab: Option<Lab>,
    #[command(flatten)]
    plan: Option<PlanArgs>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A lab beside the bench.
#[derive(Debug, clap::Subcommand)]
enum Lab {
    /// Predict how late jobs are beside endless ones, in the jobs lab
    #[command(after_help = super::help::PREDICT_JOBS)]
    Jobs(lateness::BenchArgs),
    /// Predict when watchers have an event, and how long newcomers wait, in the matches lab
    #[command(after_help = super::help::PREDICT_WATCH)]
    Watch(watch::Args),
    /// Predict what a kill of a room loses, in the rooms lab
    #[command(after_help = super::help::PREDICT_ROOMS)]
    Rooms(rooms::Args),
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let plan = match (&args.lab, &args.plan) {
        (Some(Lab::Jobs(bench)), _) => return Ok(lateness::predicted(bench)),
        (Some(Lab::Watch(args)), _) => return watch::run(args, sources),
        (Some(Lab::Rooms(args)), _) => return rooms::run(args, sources),
        (None, Some(plan)) => plan,
        // Clap requires one of the two.
        (None, None) => return Ok(Exit::Usage),
    };
    match prepare(plan, sources) {
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

/// The load and its prediction.
fn prepare(plan: &PlanArgs, sources: &Sources) -> anyhow::Result<(Mode, Plan, Prediction)> {
    let (mode, plan) = plan.on_bench("predict")?;
    let prediction = predict(&sources.load()?.settings, mode, &plan)?;
    Ok((mode, plan, prediction))
}

/// A prediction of `what` as text.
fn table(prediction: &Prediction, what: &str) -> String {
    let mut text = wrap(what, 0);
    text += &hang("  model         ", &prediction.model);
    text += &wrap(&prediction.exactness.to_string(), 16);
    text.push('\n');
    text += &figures(prediction);
    text += &times(prediction);
    text += &depth_over_time(&prediction.depth_over_time);
    for (title, lines) in [("assumes", &prediction.assumptions), ("sources", &prediction.sources)] {
        if !lines.is_empty() {
            text += &format!("\n{title}\n");
            text.extend(lines.iter().map(|line| hang("  - ", line)));
        }
    }
    text
}

/// A row for each single figure that the model gives.
fn figures(prediction: &Prediction) -> String {
    let percent = |share: Option<f64>| share.map(|share| share * 100.0);
    let rows = [
        ("answers", prediction.rate, "per second"),
        ("done", prediction.done_rate, "events per second"),
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
    let mut table = Table::new([left(14), right(8), left(0)]).indented(2);
    for (name, value, unit) in rows {
        if let Some(value) = value {
            table.row([name, &number(value), unit]);
        }
    }
    table.to_string()
}

/// A row for each kind of time that the model gives.
fn times(prediction: &Prediction) -> String {
    let Prediction { answer, wait, service, response, .. } = prediction;
    let rows = [("answer", answer), ("wait", wait), ("service", service), ("response", response)];
    let mut table = Table::new([left(14), right(8), right(10), right(10), right(10)]);
    table = table.indented(2).header(["in ms", "mean", "p50", "p90", "p99"]);
    let cell = |ms: Option<f64>| ms.map_or(NONE.to_owned(), number);
    let known = rows.into_iter().filter_map(|(name, times)| Some((name, times.as_ref()?)));
    for (name, PredictedTimes { mean_ms, p50_ms, p90_ms, p99_ms }) in known {
        let times = [mean_ms, p50_ms, p90_ms, p99_ms].map(|ms| cell(*ms));
        table.row([name.to_owned()].into_iter().chain(times));
    }
    table.section()
}

/// A chart of at most nine of the points.
fn depth_over_time(points: &[[f64; 2]]) -> String {
    let most = points.iter().map(|[_, depth]| *depth).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let (last, bars) = (points.len() - 1, (points.len() - 1).clamp(1, 8));
    let mut table = Table::new([right(9), right(9), left(0)]).indented(2);
    table = table.header(["after s", "waiting", ""]);
    for [seconds, depth] in (0..=bars).filter_map(|bar| points.get(bar * last / bars)) {
        let bar = "#".repeat((depth / most * BAR as f64).round() as usize);
        table.row([number(*seconds), number(*depth), bar]);
    }
    table.section()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::assert_fits;
    use crate::config::Settings;
    use crate::record::{Model, Profile, RequestPlan};
    use crate::theory::predict;

    #[test]
    fn a_prediction_fits_and_says_what_it_knows() {
        let model = Model::Closed { clients: Profile::constant(50.0, None) };
        let plan = Plan { model, requests: Some(1000), request: RequestPlan::default() };
        let prediction = predict(&Settings::default(), Mode::Pipelined, &plan).unwrap();
        let text = table(&prediction, "pipelined under closed, 50 clients, 1000 requests");
        for says in
            ["burst of 1000 on 1", "exact", "drain", "500  s", "250250", "assumes", "####", "Counting"]
        {
            assert!(text.contains(says), "no {says:?} in\n{text}");
        }
        assert_fits(&text);
    }

    #[test]
    fn an_empty_prediction_has_no_table_of_times() {
        let text = table(&Prediction::default(), "nothing");
        assert!(!text.contains("in ms") && !text.contains("assumes"), "{text}");
    }
}
