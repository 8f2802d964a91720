//! What the processes of one room share: its name, its counters and its audience.

use std::sync::Arc;

use super::Room;
use super::audience::Audience;
use super::counts::Counts;
use super::terms::Terms;
use crate::hub::Sink;

pub(super) struct Common<R: Room, S: Sink> {
    pub(super) name: Arc<str>,
    pub(super) terms: Arc<Terms<R>>,
    pub(super) counts: Arc<Counts>,
    pub(super) audience: Audience<R, S>,
}
