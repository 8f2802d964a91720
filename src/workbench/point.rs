//! One moment of the bench: the history keeps these points, and each snapshot has the newest.

use serde::{Deserialize, Serialize};

use crate::record::ByMode;
use crate::record::by_mode::in_order;

/// One moment of the bench. In JSON, an array of three has one entry per mode: serial,
/// async, pipelined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Uptime in seconds, in whole milliseconds.
    pub t: f64,
    /// Requests that arrived since the start, regardless of resets.
    #[serde(default, with = "in_order")]
    pub arrived: ByMode<u64>,
    /// Responses sent since the start, regardless of resets.
    #[serde(with = "in_order")]
    pub requests: ByMode<u64>,
    /// Events done or failed since the start, regardless of resets.
    #[serde(with = "in_order")]
    pub finished: ByMode<u64>,
    /// Events in the queue or at its gate.
    pub depth: usize,
    /// Events in the resource.
    pub in_use: usize,
    /// Events that consumers are handling.
    pub busy: usize,
    /// Events that consumers hold and have not started.
    pub held: usize,
    /// The number of events that consumers may handle at once.
    pub concurrency: u64,
    /// The p50 and p99 of the wait, in milliseconds, of events done since the previous
    /// point; `None` if there were none.
    #[serde(with = "in_order")]
    pub wait_ms: ByMode<Option<[f64; 2]>>,
    /// The p50 and p99 of the response, likewise.
    #[serde(with = "in_order")]
    pub response_ms: ByMode<Option<[f64; 2]>>,
    /// Events done in the second that has just ended, in all modes: pairs of a step of the
    /// response time and a number of events. Each factor of ten has ten steps; step 0 begins at
    /// 0.1 ms.
    /// Empty in points that do not follow the end of a second.
    #[serde(default)]
    pub heat: Vec<(usize, u64)>,
}
