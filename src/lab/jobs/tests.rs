use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tokio::time::timeout;

use super::*;
use crate::config::Sources;

const LIMIT: Duration = Duration::from_secs(30);

/// Reductions that keep a thread for some seconds: a job that cannot be killed ends by itself
/// soon after its test.
const SECONDS: &str =
    if cfg!(debug_assertions) { "jobs.max_reductions=300000000" } else { "jobs.max_reductions=5000000000" };

fn settings(flags: &[&str]) -> Settings {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Sources { file: None, flags }.load().unwrap().settings
}

pub(super) fn lab(flags: &[&str]) -> Arc<JobsLab> {
    // The file of the repository, wherever the test runs.
    let code = concat!("jobs.code=", env!("CARGO_MANIFEST_DIR"), "/jobs/sum.wat");
    let flags: Vec<&str> = std::iter::once(code).chain(flags.iter().copied()).collect();
    JobsLab::start(&settings(&flags), &Registry::new()).unwrap()
}

/// Waits for a sample that shows something.
pub(super) async fn until(lab: &JobsLab, what: &str, shows: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut ticks = lab.ticks();
    let shown = async {
        loop {
            let snapshot = lab.snapshot_since(u64::MAX);
            assert!(snapshot.ledger.balances(), "{:?}", snapshot.ledger);
            if shows(&snapshot) {
                return snapshot;
            }
            ticks.changed().await.unwrap();
        }
    };
    match timeout(LIMIT, shown).await {
        Ok(snapshot) => snapshot,
        Err(_) => panic!("{what}: {:#?}", lab.snapshot_since(u64::MAX)),
    }
}

/// Kills a job, however long a busy machine takes.
async fn kill(lab: &JobsLab, id: u64) -> Result<Killed, JobsError> {
    loop {
        match lab.kill(id).await {
            Err(JobsError::NoAnswer { .. }) => {}
            killed => return killed,
        }
    }
}

async fn answer(lab: &JobsLab, input: i64) -> Answer {
    timeout(LIMIT, lab.submit(input, By::You).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_job_answers_with_its_value_or_with_the_stack_of_its_failure() {
    let lab = lab(&[]);
    let done = answer(&lab, 100).await;
    assert_eq!((done.state, done.result.as_deref()), (AnswerState::Done, Some("5050")));
    let failed = answer(&lab, 13).await;
    assert_eq!(failed.state, AnswerState::Failed);
    assert!(failed.why.unwrap().starts_with("trap: unreachable in "));
    assert_eq!(failed.stack.last().unwrap(), "sum");
    let ledger = lab.ledger();
    assert_eq!((ledger.accepted, ledger.done, ledger.failed, ledger.running), (2, 1, 1, 0));
}

#[tokio::test]
async fn an_input_that_is_not_a_64_bit_integer_is_refused_and_starts_no_job() {
    let lab = lab(&[]);
    let far = format!("1{}", "0".repeat(30));
    for text in ["", " ", "12abc", "1.5", "0x10", "1e3", &far, "−", "\u{202e}7"] {
        let refused = lab.read_input(text).unwrap_err().to_string();
        assert!(refused.starts_with("invalid input: ") && refused.len() < 120, "{refused}");
    }
    assert_eq!((lab.ledger().accepted, lab.ledger().refused), (0, 9));
    assert_eq!([" 7 ", "-1", "\u{2212}1"].map(|text| lab.read_input(text).unwrap()), [7, -1, -1]);
}

#[tokio::test]
async fn an_endless_job_is_listed_inspected_and_killed_and_its_submitter_is_answered() {
    let lab = lab(&[]);
    let endless = lab.submit(-1, By::You).unwrap();
    let shown = until(&lab, "a rogue", |snapshot| snapshot.verdict.word == "ONE ROGUE").await;
    let row = &shown.top[0];
    assert_eq!((row.id, row.input.as_str(), row.by), (endless.id, "-1", By::You));
    assert!(shown.slice.us.is_some() && row.reductions_s.unwrap() > 0.0);
    let seen = lab.inspect(endless.id, 5, Duration::from_secs(1)).await.unwrap();
    assert_eq!(seen.stack, ["calc_sum", "sum"]);
    let trace = seen.trace.unwrap();
    assert_eq!((trace.calls.len(), trace.ended), (5, TraceEnd::Calls));
    assert!(trace.calls.iter().all(|call| call[0] == "calc_sum" && call[2] == "-1"));
    let killed = lab.kill(endless.id).await.unwrap();
    assert_eq!(killed.ended, "killed in calc_sum < sum");
    let told = timeout(LIMIT, endless).await.unwrap();
    assert_eq!(told.state, AnswerState::Killed);
    assert!(told.told_ms.is_some_and(|ms| ms < 1_000.0), "{told:?}");
    let gone = lab.kill(told.id).await.unwrap_err().to_string();
    assert_eq!(gone, "job 1 has ended");
    assert_eq!(lab.kill(99).await.unwrap_err().to_string(), "there is no job 99");
}

#[tokio::test]
async fn workers_come_and_go_and_those_that_fail_are_restarted() {
    let lab = lab(&["jobs.load.workers=20", "jobs.load.rate=3", "jobs.load.fail_share=0.3"]);
    let busy = until(&lab, "restarts", |s| s.now.restarts > 10 && s.ledger.done > 30).await;
    assert!(busy.now.lateness_ms.is_some());
    assert!(busy.now.restarts <= busy.ledger.failed, "each restart follows a failure");
    lab.apply(&settings(&["jobs.load.workers=60", "jobs.load.rate=3"]));
    // More jobs a second than 20 workers could do.
    until(&lab, "the rate of 60 workers", |s| s.now.rate > 80.0).await;
    lab.apply(&settings(&[]));
    let quiet = until(&lab, "quiet", |s| s.ledger.running == 0 && s.now.rate == 0.0).await;
    assert_eq!(quiet.ledger.killed, 0, "a worker that is stopped lets its job finish");
    let totals = lab.inner.core.jobs.totals();
    assert_eq!((totals.live, totals.submitted), (0, quiet.ledger.accepted));
    assert_eq!(totals.values, quiet.ledger.done);
    lab.reset();
    assert_eq!(lab.ledger(), JobsLedger::default());
    let idle = &lab.components()[1];
    assert_eq!((&*idle.state, &*idle.says), ("idle", "0 workers, 0 restarts"));
}

#[tokio::test]
async fn ordinary_jobs_have_their_reductions_beside_a_rogue_also_right_after_a_sample() {
    let lab = lab(&["jobs.load.workers=200", "jobs.load.rate=10"]);
    let rogue = lab.submit(-1, By::You).unwrap();
    until(&lab, "both", |s| s.verdict.word == "ONE ROGUE" && s.now.rate > 100.0).await;
    // A second sample at once: no job may have ended since the first.
    lab.inner.sample();
    lab.inner.sample();
    let others = lab.snapshot_since(0).others;
    // At most 2,000 jobs/s with at most 19,000 reductions each; the smallest has more than ten.
    assert!((10.0 * 100.0..2_000.0 * 19_000.0).contains(&others.reductions_s), "{others:?}");
    let marks = lab.snapshot_since(0).marks;
    assert!(marks.iter().any(|mark| mark.word == "#1 took over 1 s"), "{marks:?}");
    lab.kill(rogue.id).await.unwrap();
}

#[tokio::test]
async fn a_task_keeps_its_thread_until_the_lab_replaces_it() {
    let lab = lab(&["jobs.isolation=task", SECONDS, "jobs.load.workers=10"]);
    let rogue = lab.submit(-1, By::You).unwrap();
    let waiting = lab.submit(100, By::You).unwrap();
    let stalled = until(&lab, "a stall", |s| s.verdict.word == "STALLED" && s.cores[0].lost).await;
    assert_eq!(stalled.cores[0].turns, [(0.0, 2_000.0, rogue.id)]);
    assert!(stalled.now.late > 0 && stalled.now.stalled_ms >= 500);
    let shown = lab.components();
    let kept = "kept by job 1; 10 workers, 2 submitted jobs";
    assert_eq!((&*shown[0].state, &*shown[0].says), ("lost", kept), "{shown:?}");
    let refused = lab.kill(rogue.id).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be interrupted"), "{refused}");
    assert_eq!(lab.snapshot_since(0).top[0].kill, Some(KillState::NoEffect));

    lab.apply(&settings(&["jobs.load.workers=10"]));
    let answer = timeout(LIMIT, waiting).await.unwrap();
    assert_eq!(answer.result.as_deref(), Some("5050"), "it moved to the fresh thread");
    let replaced = until(&lab, "the load on the fresh thread", |s| s.now.rate > 1.0).await;
    assert!(replaced.cores.len() == 2 && replaced.cores[1].lost, "{:?}", replaced.cores);
    let shown = lab.components();
    let states: Vec<_> = shown.iter().map(|part| [&*part.name, &*part.state]).collect();
    assert_eq!(states, [["weir-jobs-0", "running"], ["weir-jobs-0", "lost"], ["workers", "running"]]);
    assert_eq!(shown[1].says, "kept by job 1; replaced");
    let marks = lab.snapshot_since(0).marks;
    assert!(marks.iter().any(|mark| mark.word == "thread 0 lost to #1, replaced"), "{marks:?}");
}

#[tokio::test]
async fn a_job_on_a_thread_of_its_own_spares_the_others_and_cannot_be_killed() {
    let lab = lab(&["jobs.isolation=thread", SECONDS]);
    let rogue = lab.submit(-1, By::You).unwrap();
    assert_eq!(answer(&lab, 100).await.result.as_deref(), Some("5050"));
    let lost = until(&lab, "a lost core", |s| s.verdict.word == "LOST CORE").await;
    assert!(lost.cores.len() == 2 && lost.cores[1].lost);
    assert!(lab.kill(rogue.id).await.is_err());
    assert_eq!(lost.now.stalled_ms, 0);
}

#[tokio::test]
async fn jobs_move_when_the_number_of_threads_changes() {
    let lab = lab(&["jobs.workers=3"]);
    let rogues: Vec<Submission> = (0..6).map(|_| lab.submit(-1, By::You).unwrap()).collect();
    until(&lab, "three threads", |s| s.cores.len() == 3 && s.top.len() == 6).await;
    lab.apply(&settings(&["jobs.workers=1"]));
    until(&lab, "one thread", |s| s.cores.len() == 1).await;
    for rogue in rogues {
        lab.kill(rogue.id).await.unwrap();
        assert_eq!(timeout(LIMIT, rogue).await.unwrap().state, AnswerState::Killed);
    }
    assert_eq!(lab.ledger().killed, 6);
}

/// Code in a folder of its own, removed at the end.
struct Code(PathBuf);

impl Code {
    fn new(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("weir-jobs-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let code = Self(folder.join("sum.wat"));
        code.write(text);
        code
    }

    fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }

    fn flag(&self) -> String {
        format!("jobs.code={}", self.0.display())
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(self.0.parent().unwrap()));
    }
}

const REPAIRED: &str = include_str!("../../../crates/weir-job-wasm/examples/sum_repaired.wat");

#[tokio::test]
async fn a_save_is_rehearsed_a_swap_runs_it_and_back_undoes_the_swap() {
    let code = Code::new("swap", code::BUILT_IN);
    let lab = JobsLab::start(&settings(&[&code.flag()]), &Registry::new()).unwrap();
    assert_eq!(
        lab.swap().unwrap_err().to_string(),
        "nothing was rehearsed since the last swap; rehearse first"
    );
    for input in [5, 13, 10_000] {
        answer(&lab, input).await;
    }
    let endless = lab.submit(-1, By::You).unwrap();
    code.write(REPAIRED);
    let rehearsed = until(&lab, "a rehearsal", |s| s.rehearsal.is_some()).await;
    let report = rehearsed.rehearsal.unwrap();
    assert_eq!((report.inputs, report.same, report.changed, report.broken), (4, 1, 2, 0));
    assert!(
        report.differences.iter().any(|d| d.input == "13" && d.new == "91" && d.old.starts_with("trap"))
    );
    assert!(report.differences.iter().any(|d| d.input == "-1" && d.old == "no end"));
    assert_eq!(report.faster[0].input, "10000");
    assert_eq!(rehearsed.code.version, 1, "a save does not swap");

    assert_eq!(lab.swap().unwrap(), 2);
    assert_eq!(answer(&lab, 13).await.result.as_deref(), Some("91"));
    assert_eq!(answer(&lab, -1).await.state, AnswerState::Failed);
    let swapped = lab.snapshot_since(0);
    assert_eq!((swapped.verdict.word.as_str(), swapped.code.running.get(&1)), ("SWAPPED", Some(&1)));
    assert_eq!(swapped.code.history, [2, 1]);
    assert_eq!(lab.code().text, REPAIRED);
    lab.kill(endless.id).await.unwrap();

    assert_eq!(lab.back().unwrap(), 1);
    assert_eq!(answer(&lab, 13).await.state, AnswerState::Failed);
    let none = lab.back().unwrap_err().to_string();
    assert_eq!(none, "there is no version of the code before the current one");
    assert_eq!(lab.versions().len(), 1);
}

#[tokio::test]
async fn code_that_cannot_run_is_reported_with_its_place_and_changes_nothing() {
    let code = Code::new("broken", code::BUILT_IN);
    let lab = JobsLab::start(&settings(&[&code.flag()]), &Registry::new()).unwrap();
    code.write("(module\n  (func $f (export \"run\")\n    i32.add drop))");
    let shown = until(&lab, "a problem", |s| s.code.problem.is_some()).await;
    let problem = shown.code.problem.unwrap();
    assert!(problem.starts_with("function `f`, line 3, column 5: "), "{problem}");
    let refused = lab.swap().unwrap_err().to_string();
    assert!(refused.contains("the rehearsal refused the code: function `f`"), "{refused}");
    assert_eq!(answer(&lab, 100).await.result.as_deref(), Some("5050"));
    code.write(code::BUILT_IN);
    until(&lab, "no problem", |s| s.code.problem.is_none()).await;
}

#[tokio::test]
async fn the_drain_ends_jobs_that_still_run_and_names_them() {
    let lab = lab(&["jobs.load.workers=20"]);
    let rogues = [-1, -2].map(|input| lab.submit(input, By::You).unwrap());
    until(&lab, "both rogues", |s| s.top.len() == 2).await;
    let ids = [rogues[0].id, rogues[1].id];
    let report = lab.drain(Duration::from_secs(2)).await.unwrap();
    assert_eq!(report, format!("jobs: 2 jobs were still running and were ended: #{}, #{}", ids[0], ids[1]));
    for rogue in rogues {
        assert_eq!(timeout(LIMIT, rogue).await.unwrap().state, AnswerState::Killed);
    }
    assert_eq!(lab.submit(1, By::You).unwrap_err().to_string(), "refused: the server is shutting down");
    assert!(lab.ledger().balances() && lab.ledger().running == 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn every_job_is_accounted_for_in_any_order_of_orders_under_load(
        steps in prop::collection::vec((0_u8..8, 0_usize..100), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lab = lab(&["jobs.slice=5000", "jobs.load.workers=50", "jobs.load.rate=20",
                "jobs.load.fail_share=0.05"]);
            let mut rogues: Vec<Submission> = Vec::new();
            let mut threads = 1;
            for (step, pick) in steps {
                match step {
                    0 | 1 => rogues.push(lab.submit(-1, By::You).unwrap()),
                    2 => drop(answer(&lab, pick as i64 + 1).await),
                    3 if !rogues.is_empty() => {
                        let rogue = rogues.swap_remove(pick % rogues.len());
                        timeout(LIMIT, kill(&lab, rogue.id)).await.unwrap().unwrap();
                        assert_eq!(timeout(LIMIT, rogue).await.unwrap().state, AnswerState::Killed);
                    }
                    4 => {
                        threads = 1 + pick as u64 % 3;
                        let load = format!("jobs.load.workers={}", pick);
                        lab.apply(&settings(&[&format!("jobs.workers={threads}"), "jobs.slice=5000", &load]));
                    }
                    5 => lab.reset(),
                    6 if !rogues.is_empty() => {
                        drop(lab.inspect(rogues[pick % rogues.len()].id, 3, Duration::from_millis(5)).await);
                    }
                    // Dropping a submission does not end its job.
                    7 => drop(rogues.pop()),
                    _ => {}
                }
                let ledger = lab.ledger();
                assert!(ledger.balances(), "{ledger:?}");
            }
            lab.apply(&settings(&[&format!("jobs.workers={threads}"), "jobs.slice=5000"]));
            let live: Vec<u64> = lab.inner.core.jobs.top().into_iter().map(|row| row.id).collect();
            for id in live {
                // The load's jobs end by themselves.
                drop(kill(&lab, id).await);
            }
            let quiet = until(&lab, "quiet", |snapshot| snapshot.ledger.running == 0).await;
            let (counts, totals) = (lab.inner.core.ledger.counts(), lab.inner.core.jobs.totals());
            assert_eq!((counts.accepted, counts.done, counts.failed), (totals.submitted, totals.values, totals.traps));
            assert_eq!(counts.killed, totals.killed + totals.cancelled);
            assert_eq!(quiet.ledger.running, totals.live);
        });
    }
}

#[tokio::test]
async fn a_load_is_a_run_with_its_account_its_times_and_a_mark_for_each_change() {
    let lab = lab(&["jobs.load.workers=50", "jobs.load.rate=10"]);
    answer(&lab, 5).await;
    until(&lab, "the load", |s| s.ledger.done > 100).await;
    lab.apply(&settings(&["jobs.load.workers=80", "jobs.load.rate=10"]));
    until(&lab, "more load", |s| s.ledger.done > 400).await;
    lab.apply(&settings(&[]));
    let run = timeout(LIMIT, async {
        let mut ticks = lab.ticks();
        loop {
            if let Some(run) = lab.take_runs().pop() {
                return run;
            }
            ticks.changed().await.unwrap();
        }
    });
    let run = run.await.unwrap();
    let jobs = run.jobs.as_ref().unwrap();
    assert!(jobs.ledger.balances() && jobs.ledger.running == 0, "{:?}", jobs.ledger);
    assert_eq!(jobs.ledger.accepted, lab.ledger().accepted);
    assert_eq!(jobs.lateness.count(), Some(jobs.ledger.accepted - 1), "all but the user's job");
    assert_eq!((jobs.yours.count(), jobs.workers, jobs.rate), (Some(1), 80, 10.0));
    assert!(jobs.marks.iter().any(|mark| mark.text == "80 workers"), "{:?}", jobs.marks);
    assert!(!run.audit.is_invalid() && run.target == "jobs");
    let text = crate::runs::to_json(&run).unwrap();
    assert_eq!(crate::runs::from_json(text.as_bytes()).unwrap(), run);
}

#[tokio::test]
async fn a_few_jobs_without_a_load_are_not_kept_as_a_run() {
    let lab = lab(&[]);
    answer(&lab, 5).await;
    lab.drain(Duration::from_millis(10)).await;
    assert!(lab.take_runs().is_empty());
}
