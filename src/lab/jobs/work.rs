//! The lab as the pipeline's resource (`resource.kind = "jobs"`): the work of an event is a
//! job.

use futures::future::BoxFuture;

use super::JobsLab;
use super::snapshot::By;
use super::submit::AnswerState;
use crate::resource::{Failed, Work};

impl Work for JobsLab {
    fn work(&self, input: i64) -> BoxFuture<'static, Result<(), Failed>> {
        let submitted = self.submit(input, By::Resource);
        Box::pin(async move {
            let answer = submitted.map_err(|error| Failed::Work(error.to_string().into()))?.await;
            match answer.state {
                AnswerState::Done => Ok(()),
                _ => Err(Failed::Work(answer.why.unwrap_or_default().into())),
            }
        })
    }
}
