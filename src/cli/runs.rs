//! `weir runs`: the stored runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use clap::{Subcommand, ValueEnum};

use super::help::runs as help;
use super::output::{complain, say};
use super::report::{origin, report};
use super::text::{NONE, Table, WIDTH, cut, left, number, right, time};
use super::{Exit, compare};
use crate::clean;
use crate::files;
use crate::record::{Origin, Run, Validity, Verdict, now};
use crate::runs::{
    Document, DocumentError, ImportError, InProgress, Listing, Store, StoreError, Table as CsvTable, Tool,
    ToolOutput, check_name, import, to_json, without_first,
};

/// Stands for the id of a run that has none yet.
const IN_PROGRESS: &str = "(in progress)";
/// The most columns of an id in a list.
const WIDEST_ID: usize = 39;
/// Stands for standard input in place of a file.
const STDIN: &str = "-";
/// The largest result of a tool, in bytes.
const LARGEST: u64 = 64 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// A RUN is an id, a name, the beginning of one, last, last~1 for the run before it,
/// or the path of a .json file.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the stored runs, oldest first
    #[command(after_help = help::LIST)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one run in full
    #[command(after_help = help::SHOW)]
    Show {
        /// Id, name, the beginning of one, last, last~1, or a file
        #[arg(value_name = "RUN")]
        run: String,
        /// Leave the first TIME of the run out of the figures, such as 5s
        #[arg(long, value_name = "TIME", value_parser = compare::skip)]
        skip: Option<Duration>,
        /// Print its file
        #[arg(long)]
        json: bool,
    },
    /// Compare runs, like `weir compare`
    #[command(after_help = super::help::COMPARE)]
    Compare(compare::Args),
    /// Export runs as a report, a picture, CSV or JSON
    #[command(after_help = help::EXPORT)]
    Export(Export),
    /// Name a run; an empty name removes it
    #[command(after_help = help::RENAME)]
    Rename {
        /// Id, name, the beginning of one, last, or last~1
        #[arg(value_name = "RUN")]
        run: String,
        /// New name
        name: String,
    },
    /// Delete runs permanently
    #[command(after_help = help::DELETE)]
    Delete {
        /// Ids, names, the beginnings of them, last, or last~1
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<String>,
    },
    /// Store a result of ab, bombardier, hey, oha or wrk as a run
    ///
    /// The output of ab and the file that it writes with -e make one run. A file
    /// named - is standard input: wrk --latency URL | weir runs import -
    #[command(after_help = help::IMPORT)]
    Import {
        /// Output of the tool, or a file that it wrote
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Name of the run
        #[arg(long)]
        name: Option<String>,
        /// Tool that made the file, if the file does not show it
        #[arg(long, value_enum)]
        from: Option<Maker>,
    },
}

#[derive(Debug, clap::Args)]
struct Export {
    /// Ids, names, the beginnings of them, last, last~1, or files. A report or a
    /// picture takes up to three runs; CSV and JSON take one
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    #[command(flatten)]
    format: Format,
    /// Table to export as CSV
    #[arg(long, value_enum, default_value = "series", conflicts_with_all = ["html", "svg", "json"])]
    what: What,
    /// Leave the first TIME of each run out of the figures, such as 5s
    #[arg(long, value_name = "TIME", value_parser = compare::skip)]
    skip: Option<Duration>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::Args)]
#[group(required = true, multiple = false)]
struct Format {
    /// One self-contained HTML report, to send or to print
    #[arg(long)]
    html: bool,
    /// The charts as SVG
    #[arg(long)]
    svg: bool,
    /// A table as CSV
    #[arg(long)]
    csv: bool,
    /// The whole run as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Counts and rates, one row per second
    Series,
    /// Time at each percentile
    Percentiles,
    /// Number of answers for each time
    Histogram,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Maker {
    /// ApacheBench
    Ab,
    /// bombardier
    Bombardier,
    /// hey
    Hey,
    /// oha
    Oha,
    /// wrk
    Wrk,
}

/// Runs a command on the runs of a store.
///
/// # Errors
/// Errors of the disk. A missing run and a file of the wrong kind are mistakes in the
/// arguments, which are printed.
pub(super) fn run(args: &Args, store: &Store) -> anyhow::Result<Exit> {
    let done = match &args.command {
        Command::Compare(args) => return compare::run(args, store),
        Command::List { json } => list(*json, store),
        Command::Show { run, skip, json } => show(run, *skip, *json, store),
        Command::Export(args) => export(args, store),
        Command::Rename { run, name } => rename(run, name, store),
        Command::Delete { runs } => delete(runs, store),
        Command::Import { files, name, from } => take_in(files, name.as_deref(), *from, store),
    };
    match done {
        Ok(()) => Ok(Exit::Success),
        Err(error) if is_usage(&error) => {
            complain(format_args!("{error:#}"));
            Ok(Exit::Usage)
        }
        Err(error) => Err(error),
    }
}

fn is_usage(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(StoreError::is_request)
        || error.is::<ImportError>()
        || error.is::<DocumentError>()
}

fn list(json: bool, store: &Store) -> anyhow::Result<()> {
    let listing = store.list()?;
    if json {
        say(serde_json::to_string_pretty(&listing)?);
        return Ok(());
    }
    if listing.runs.is_empty() && listing.in_progress.is_none() {
        say(format_args!("no runs in {}", clean::path(store.directory())));
    } else {
        say(table(&listing).trim_end());
    }
    for skipped in &listing.skipped {
        let file = clean::path(&store.directory().join(&skipped.file));
        complain(format_args!("{file}: {}", clean::line(&skipped.why)));
    }
    Ok(())
}

/// Two lines a run: its id and its figures, then its name and its load. The beginning of
/// an id is enough to name a run, so a long one may be cut.
fn table(listing: &Listing) -> String {
    let columns = [left(0), left(9), right(7), right(7), right(7)];
    let mut table = Table::new(columns).header(["id", "from", "rate/s", "p50 ms", "p99 ms"]);
    let mut below = Vec::new();
    for run in &listing.runs {
        let known = |shown: Option<String>| shown.unwrap_or_else(|| NONE.to_owned());
        let times = [run.p50_ms, run.p99_ms].map(|ms| known(ms.map(|ms| time(ms, run.origin))));
        let [p50, p99] = times;
        let id = cut(&run.id, WIDEST_ID);
        table.row([id, origin(run.origin).to_owned(), known(run.rate.map(number)), p50, p99]);
        let trust = (run.verdict != Validity::Valid).then_some(run.verdict.word());
        let words = [trust, run.name.as_deref(), run.load.as_deref()].into_iter().flatten();
        below.push(words.collect::<Vec<_>>().join("; "));
    }
    if let Some(run) = &listing.in_progress {
        table.row([IN_PROGRESS, origin(Origin::Recorded), NONE, NONE, NONE]);
        below.push(progress(run));
    }
    let rows = table.to_string();
    let mut rows = rows.lines();
    let mut text = format!("{}\n", rows.next().unwrap_or_default());
    for (row, below) in rows.zip(below) {
        text += &format!("{row}\n");
        if !below.is_empty() {
            text += &format!("    {}\n", cut(&below, WIDTH - 4));
        }
    }
    text
}

/// The requests so far of the run in progress, and the events that the bench holds.
fn progress(run: &InProgress) -> String {
    let of = |(mode, requests): (&String, &u64)| match requests {
        1 => format!("{mode}, 1 request"),
        _ => format!("{mode}, {requests} requests"),
    };
    let modes: Vec<String> = run.requests.iter().map(of).collect();
    let modes = if modes.is_empty() { "no request yet".to_owned() } else { modes.join("; ") };
    format!("{modes} in {:.0} s; the bench holds {} events", run.seconds, run.held)
}

fn show(reference: &str, skip: Option<Duration>, json: bool, store: &Store) -> anyhow::Result<()> {
    let run = without_first(&store.open(reference)?, skip.unwrap_or_default());
    let text = if json { to_json(&run)? } else { report(&run) };
    say(text.trim_end());
    Ok(())
}

fn export(args: &Export, store: &Store) -> anyhow::Result<()> {
    let skip = args.skip.unwrap_or_default();
    let opened = args.runs.iter().map(|run| Ok(without_first(&store.open(run)?, skip)));
    let runs: Vec<Run> = opened.collect::<Result<_, StoreError>>()?;
    let document = match args.format {
        Format { html: true, .. } => Document::Html,
        Format { svg: true, .. } => Document::Svg,
        Format { json: true, .. } => Document::Json,
        Format { .. } => Document::Csv(match args.what {
            What::Series => CsvTable::Series,
            What::Percentiles => CsvTable::Percentiles,
            What::Histogram => CsvTable::Histogram,
        }),
    };
    let text = document.write(&runs)?;
    match &args.output {
        None => say(text.trim_end()),
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", clean::path(path)))?;
        }
    }
    Ok(())
}

fn rename(reference: &str, name: &str, store: &Store) -> anyhow::Result<()> {
    let name = Some(name).filter(|name| !name.is_empty());
    let id = store.rename(reference, name)?;
    match name {
        Some(name) => say(format_args!("{id} is now named {}", clean::line(name))),
        None => say(format_args!("{id} no longer has a name")),
    }
    Ok(())
}

/// Finds all runs before it deletes the first: `last last~1` means two.
fn delete(references: &[String], store: &Store) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    for reference in references {
        let id = store.find(reference)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    for id in ids {
        say(format_args!("deleted {}", store.delete(&id)?));
    }
    Ok(())
}

fn take_in(
    files: &[PathBuf],
    name: Option<&str>,
    from: Option<Maker>,
    store: &Store,
) -> anyhow::Result<()> {
    name.map_or(Ok(()), check_name)?;
    let mut told = Vec::new();
    let mut ended = None;
    for file in files {
        let (text, written) = read(file).with_context(|| format!("cannot read {}", clean::path(file)))?;
        ended = ended.max(written);
        told.push(ToolOutput { name: file.display().to_string(), text });
    }
    let tool = from.map(|from| match from {
        Maker::Ab => Tool::Ab,
        Maker::Bombardier => Tool::Bombardier,
        Maker::Hey => Tool::Hey,
        Maker::Oha => Tool::Oha,
        Maker::Wrk => Tool::Wrk,
    });
    let mut run = import(&told, tool, ended.unwrap_or_else(now))?;
    run.id = store.free_id(&run.id);
    run.name = name.map(ToOwned::to_owned);
    store.save(&run)?;
    say(format_args!("stored as {}", run.id));
    for check in run.audit.remarks() {
        let word = match check.verdict {
            Verdict::Failed => "INVALID: ",
            Verdict::Disturbed => "disturbed: ",
            Verdict::Note | Verdict::Passed => "",
        };
        complain(format_args!("{word}{}", clean::line(&check.says)));
    }
    Ok(())
}

/// The content of a file, and the time of its last write, which is when the tool ended.
fn read(file: &Path) -> std::io::Result<(Vec<u8>, Option<SystemTime>)> {
    if file == Path::new(STDIN) {
        return Ok((files::read_from(std::io::stdin(), LARGEST)?, Some(now())));
    }
    let text = files::read(file, LARGEST)?;
    Ok((text, std::fs::metadata(file)?.modified().ok()))
}

#[cfg(test)]
mod tests;
