//! The three endpoints, next to each other.
//!
//! A success is the two bytes `OK`: `ab` counts bodies of varying length as
//! failures. The event's id is in the header `weir-event`. A refusal is a status and one line that names the limit.
//!
//! From a pipelined request to the resource a reader passes six files:
//! 1. this one;
//! 2. `src/workbench/modes.rs`: `enqueue` accepts the event;
//! 3. `crates/weir-parts/src/queue/memory.rs`: the queue, where it waits;
//! 4. `crates/weir-parts/src/pipeline/source.rs`: the producer, which gives it a ticket;
//! 5. `crates/weir-stage/src/pool/worker.rs`: the worker, which calls the handler
//!    (`ResourceHandler` in `modes.rs`);
//! 6. `crates/weir-parts/src/resource/mock.rs`: the resource.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::headers::worded;
use crate::config::Settings;
use crate::engine::Refused;
use crate::record::Mode;
use crate::workbench::{Arrival, PayloadError, Refusal, Request, Workbench};

/// The id of the event that a request has become, as the log and the report of a drain
/// name it. Ids are unique over all modes.
const EVENT: HeaderName = HeaderName::from_static("weir-event");

/// Returns the routes, each under its own name and the workshop's.
pub(super) fn routes(workbench: &Arc<Workbench>) -> Router {
    let serial = get_and_post(workbench, serial);
    let spawned = get_and_post(workbench, spawned);
    let pipelined = {
        let workbench = Arc::clone(workbench);
        let handler = move |query, body: Bytes| pipelined(workbench, query, body);
        get(handler.clone()).post(handler)
    };
    let routes = Router::new()
        .route("/serial", serial.clone())
        .route("/part1/serial", serial)
        .route("/async", spawned.clone())
        .route("/part1/async", spawned)
        .route("/pipelined", pipelined.clone())
        .route("/part2/genstage", pipelined);
    worded(routes)
}

/// Passes the workbench to an endpoint by capture. Axum's state is cloned twice per
/// request, and cores that count the same references slow each other down.
fn get_and_post<F, Fut>(workbench: &Arc<Workbench>, endpoint: F) -> MethodRouter
where
    F: FnOnce(Arc<Workbench>, RawQuery) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let workbench = Arc::clone(workbench);
    let handler = move |query| endpoint(workbench, query);
    get(handler.clone()).post(handler)
}

/// Uses the resource inside the request: 200 when the work is done.
async fn serial(workbench: Arc<Workbench>, query: RawQuery) -> Response {
    let request = workbench.request(Mode::Serial);
    let result = match arrival(&workbench, &request, &query) {
        Ok(arrival) => workbench.serial(arrival).await,
        Err(refusal) => Err(refusal),
    };
    answer(&workbench, request, result, StatusCode::OK)
}

/// Spawns the work: 202 at once.
async fn spawned(workbench: Arc<Workbench>, query: RawQuery) -> Response {
    let request = workbench.request(Mode::Async);
    let result = match arrival(&workbench, &request, &query) {
        Ok(arrival) => workbench.spawn(arrival),
        Err(refusal) => Err(refusal),
    };
    answer(&workbench, request, result, StatusCode::ACCEPTED)
}

/// Pushes an event into the queue, with the body as its payload: 202 once it has a place, and once a
/// durable engine has stored it.
async fn pipelined(workbench: Arc<Workbench>, query: RawQuery, body: Bytes) -> Response {
    let request = workbench.request(Mode::Pipelined);
    let result = match arrival(&workbench, &request, &query) {
        Ok(arrival) => workbench.enqueue_with(arrival, body.into()).await,
        Err(refusal) => Err(refusal),
    };
    match result {
        Ok(accepted) => {
            request.answered_at(accepted.at, true);
            success(StatusCode::ACCEPTED, accepted.id)
        }
        Err(refusal) => answer(&workbench, request, Err(refusal), StatusCode::ACCEPTED),
    }
}

/// Returns the arrival of a request. Where jobs do the work, `?n=` is their input.
fn arrival(workbench: &Workbench, request: &Request<'_>, query: &RawQuery) -> Result<Arrival, Refusal> {
    let input = if workbench.works_by_jobs() {
        let pairs = query.0.iter().flat_map(|query| query.split('&'));
        let n = pairs.filter_map(|pair| pair.strip_prefix("n=")).next_back();
        workbench.input(request, n)?
    } else {
        None
    };
    Ok(Arrival { at: request.arrived(), input })
}

fn answer(
    workbench: &Workbench,
    request: Request<'_>,
    result: Result<u64, Refusal>,
    status: StatusCode,
) -> Response {
    request.answered(result.is_ok());
    match result {
        Ok(event) => success(status, event),
        Err(refusal) => refused(workbench, refusal),
    }
}

fn success(status: StatusCode, event: u64) -> Response {
    let mut response = (status, "OK").into_response();
    response.headers_mut().insert(EVENT, HeaderValue::from(event));
    response
}

/// The status that answers a refusal. `simulate` answers with the same ones.
fn status_of(refusal: &Refusal, settings: &Settings) -> StatusCode {
    match refusal {
        Refusal::ResourceFull(_) => {
            StatusCode::from_u16(settings.resource.reject_status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
        }
        Refusal::TooMany(_)
        | Refusal::Queue(_)
        | Refusal::Stopping
        | Refusal::Payload(PayloadError::Full { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Payload(PayloadError::TooLong { .. }) | Refusal::Stored(Refused::TooLong { .. }) => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Refusal::Stored(Refused::DiskFull { .. } | Refused::NotStored(_)) => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        Refusal::Stored(_) => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Input(_) => StatusCode::BAD_REQUEST,
        Refusal::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn refused(workbench: &Workbench, refusal: Refusal) -> Response {
    let status = status_of(&refusal, &workbench.settings());
    let mut response = (status, format!("{refusal}\n")).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = workbench.retry_after(&refusal);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn what_an_engine_cannot_take_has_a_status_that_says_why() {
        let settings = Sources::default().load().unwrap().settings;
        let status = |refused: Refused| status_of(&refused.into(), &settings).as_u16();
        assert_eq!(status(Refused::DiskFull { free: 1, reserve: 2 }), 507);
        assert_eq!(status(Refused::NotStored("no space left on the device".to_owned())), 507);
        assert_eq!(status(Refused::TooLong { bytes: 2, max: 1 }), 413);
        assert_eq!(status(Refused::Away { why: "no server".to_owned() }), 503);
        assert_eq!(status(Refused::Closed), 503);
    }
}
