//! Jobs as the work of the pipeline's resource (`resource.kind = "jobs"`).

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::snapshot::{By, KillState};
use super::submit::{Answer, AnswerState};
use super::{Inner, JobsLab};
use crate::resource::{Failed, Work};

impl Work for JobsLab {
    /// Submits a job, and waits until it has ended. If the future is dropped, as when its
    /// worker is killed, the job is killed.
    fn work(&self, input: i64) -> BoxFuture<'static, Result<(), Failed>> {
        let inner = Arc::clone(&self.inner);
        // Made with the job, so that it is killed even if the future is dropped before it is polled.
        let submitted = self.submit(input, By::Resource).map(|submission| {
            let abandoned = KillOnDrop { id: Some(submission.id), inner };
            (submission, abandoned)
        });
        async move {
            let (submission, mut abandoned) =
                submitted.map_err(|error| Failed::Work(error.to_string().into()))?;
            let answer = submission.await;
            abandoned.id = None;
            match answer {
                Answer { state: AnswerState::Done, .. } => Ok(()),
                Answer { id, why, .. } => {
                    let why = why.unwrap_or_else(|| "it has no result".to_owned());
                    Err(Failed::Work(format!("job {id} with input {input}: {why}").into()))
                }
            }
        }
        .boxed()
    }
}

/// Kills a job whose event no longer waits for it.
struct KillOnDrop {
    id: Option<u64>,
    inner: Arc<Inner>,
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            drop(self.inner.users.kill(id, KillState::Asked));
            // The first poll leaves the order with the job. The effect needs no wait.
            let _ = self.inner.core.jobs.kill(id).now_or_never();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::super::tests::{lab, until};
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn work_is_done_or_fails_as_its_job_does() {
        let lab = lab(&[]);
        assert_eq!(timeout(LIMIT, lab.work(100)).await.unwrap(), Ok(()));
        let failed = timeout(LIMIT, lab.work(13)).await.unwrap().unwrap_err().to_string();
        assert!(failed.starts_with("the work failed: job ") && failed.contains("trap"), "{failed}");
        let ledger = lab.ledger();
        assert_eq!((ledger.accepted, ledger.done, ledger.failed), (2, 1, 1));
    }

    #[tokio::test]
    async fn work_that_is_dropped_before_it_is_polled_ends_its_job() {
        let lab = lab(&[]);
        drop(lab.work(-1));
        until(&lab, "the job has ended", |snapshot| snapshot.ledger.running == 0).await;
        assert_eq!(lab.ledger().killed, 1);
    }

    #[tokio::test]
    async fn work_that_is_abandoned_ends_its_job() {
        let lab = lab(&[]);
        let endless = tokio::spawn(lab.work(-1));
        until(&lab, "the job runs", |snapshot| {
            snapshot.top.iter().any(|row| row.by == By::Resource && row.slices > 0)
        })
        .await;
        endless.abort();
        until(&lab, "the job has ended", |snapshot| snapshot.ledger.running == 0).await;
        assert_eq!(lab.ledger().killed, 1);
    }
}
