//! A run of the jobs lab as text.

use super::{marks, percentiles, put, times};
use crate::cli::text::number;
use crate::record::{JobsSide, Origin};

/// The figures that matter most.
pub(super) fn result(text: &mut String, jobs: &JobsSide) {
    let mut figures = vec![format!("{} jobs done/s", number(jobs.done_rate))];
    let late = percentiles(&jobs.lateness, Origin::Recorded).join(", ");
    if !late.is_empty() {
        figures.push(format!("late by {late}"));
    }
    put(text, "result", figures.join(", "));
    if !jobs.yours.is_empty() {
        put(text, "users' jobs", percentiles(&jobs.yours, Origin::Recorded).join(", "));
    }
}

/// The load in words.
pub(super) fn load(jobs: &JobsSide) -> String {
    match jobs.workers {
        0 => "jobs of users only".to_owned(),
        workers => format!("{workers} workers, {} jobs/s each", number(jobs.rate)),
    }
}

/// Everything that the lab measured.
pub(super) fn side(text: &mut String, jobs: &JobsSide) {
    text.push('\n');
    let JobsSide { seconds, threads, isolation, slice, .. } = jobs;
    let of_threads = if *threads == 1 {
        "1 scheduler thread".to_owned()
    } else {
        format!("{threads} scheduler threads")
    };
    put(
        text,
        "jobs",
        format!(
            "{} s on {of_threads}, isolation {isolation}, slices of {slice} reductions",
            number(*seconds)
        ),
    );
    put(
        text,
        "",
        format!("{} cores in use on average; {} restarts of workers", number(jobs.cores), jobs.restarts),
    );
    put(text, "ledger", jobs.ledger.to_string());
    let rows =
        [("lateness".to_owned(), Some(&jobs.lateness)), ("users' jobs".to_owned(), Some(&jobs.yours))];
    times(text, &rows, Origin::Recorded);
    marks(text, &jobs.marks);
}
