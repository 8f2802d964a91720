use std::task::{Context, Poll, Waker};

use weir_job_wasm::{Ending, Isolation, Jobs, Outcome, Refusal, Settings};

use crate::support::{SUM, jobs, start, with};

#[tokio::test]
async fn of_a_thousand_rogues_each_is_killed_and_told_and_the_others_run_on() {
    let jobs = with(SUM, Settings { slice: 1_000, ..Settings::default() });
    let mut rogues: Vec<_> = (0..1_000).map(|_| start(&jobs, -1)).collect();
    assert_eq!(jobs.run(100).await, Outcome::Value(5050), "a good job beside a thousand rogues");
    assert_eq!(jobs.totals().live, 1_000);
    let (last, of_last) = rogues.pop().unwrap();
    assert_eq!(jobs.kill(last).await, Ok(Ending::Killed));
    assert_eq!(of_last.await.unwrap().outcome.ending(), Ending::Killed);
    assert_eq!(jobs.totals().live, 999);
    for (id, rogue) in rogues {
        assert_eq!(jobs.kill(id).await, Ok(Ending::Killed));
        assert_eq!(rogue.await.unwrap().outcome.ending(), Ending::Killed);
    }
    assert_eq!((jobs.totals().killed, jobs.totals().live), (1_000, 0));
}

#[tokio::test]
async fn a_job_that_ends_by_itself_before_the_kill_is_not_killed() {
    let jobs = jobs(SUM);
    let job = jobs.submit(3);
    let id = job.id();
    // The job runs first and ends in its first slice.
    let (finished, killed) = tokio::join!(job, jobs.kill(id));
    assert_eq!(finished.outcome, Outcome::Value(6));
    assert_eq!(killed, Err(Refusal::Ended { id }));
}

#[tokio::test]
async fn a_kill_before_the_first_slice_leaves_nothing_burnt() {
    let jobs = jobs(SUM);
    let job = jobs.submit(-1);
    let (killed, finished) = tokio::join!(jobs.kill(job.id()), job);
    assert_eq!(killed, Ok(Ending::Killed));
    assert_eq!((finished.outcome.ending(), finished.reductions), (Ending::Killed, 0));
}

#[tokio::test]
async fn two_kills_of_one_job_get_the_same_answer() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    let (one, two) = tokio::join!(jobs.kill(id), jobs.kill(id));
    assert_eq!((one, two), (Ok(Ending::Killed), Ok(Ending::Killed)));
    running.await.unwrap();
    assert_eq!(jobs.kill(id).await, Err(Refusal::Ended { id }));
    assert_eq!(jobs.kill(99).await, Err(Refusal::NoSuchJob { id: 99 }));
    assert_eq!(jobs.stack(0).await, Err(Refusal::NoSuchJob { id: 0 }));
}

#[tokio::test]
async fn a_dropped_job_is_cancelled_and_those_who_asked_are_answered() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    jobs.stack(id).await.unwrap();
    let asking = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.stack(id).await }
    });
    let never_awaited = jobs.submit(5);
    let idle = never_awaited.id();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    // It was answered in the last slice, or the job was gone.
    assert!(matches!(asking.await.unwrap(), Ok(_) | Err(Refusal::Ended { .. })));
    drop(never_awaited);
    assert_eq!(jobs.kill(idle).await, Err(Refusal::Ended { id: idle }));
    assert_eq!((jobs.totals().cancelled, jobs.totals().live), (2, 0));
}

fn isolated(isolation: Isolation, max_reductions: Option<u64>) -> Jobs {
    with(SUM, Settings { isolation, max_reductions, ..Settings::default() })
}

#[tokio::test]
async fn the_three_isolations_compute_the_same_for_the_same_reductions() {
    let mut reductions = Vec::new();
    for isolation in [Isolation::Fuel, Isolation::Task, Isolation::Thread] {
        let jobs = isolated(isolation, None);
        let finished = jobs.submit(50_000).await;
        assert_eq!(finished.outcome, Outcome::Value(1_250_025_000), "{isolation}");
        assert_eq!(jobs.run(13).await.ending().to_string(), "trap: unreachable");
        reductions.push(finished.reductions);
    }
    assert!(reductions.iter().all(|each| *each == reductions[0]), "{reductions:?}");
}

#[tokio::test]
async fn in_a_task_a_rogue_holds_all_others_up_until_its_limit() {
    let jobs = isolated(Isolation::Task, Some(1_000_000));
    let mut rogue = jobs.submit(-1);
    let id = rogue.id();
    for answer in [jobs.kill(id).await.map(drop), jobs.stack(id).await.map(drop)] {
        let refused = answer.unwrap_err();
        assert_eq!(refused, Refusal::NotInterruptible { id, isolation: Isolation::Task });
    }
    // One poll runs it to its end: nothing else on this thread could run meanwhile.
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(finished) = std::pin::pin!(&mut rogue).poll(&mut context) else {
        panic!("a job in a task yielded")
    };
    assert_eq!(finished.outcome.ending(), Ending::OutOfReductions);
    assert!(finished.reductions <= 1_000_000 && finished.slices == 1, "{finished:?}");
}

#[tokio::test]
async fn on_a_thread_a_rogue_outlives_its_submitter_and_a_kill() {
    let jobs = isolated(Isolation::Thread, Some(30_000_000));
    let (id, running) = start(&jobs, -1);
    let refused = jobs.kill(id).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("job {id} runs with isolation `thread`, which cannot be interrupted; use `fuel`")
    );
    // Let it reach its thread, then go away.
    tokio::task::yield_now().await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    // Whether it runs still or has reached its limit by now, it was never cancelled.
    while jobs.totals().live > 0 {
        assert!(jobs.top().iter().all(|row| (row.id, row.isolation) == (id, Isolation::Thread)));
        tokio::task::yield_now().await;
    }
    assert_eq!((jobs.totals().out_of_reductions, jobs.totals().cancelled), (1, 0));
}
