//! Connects a server to the other nodes, in a build with the feature `nats`.

use std::sync::Arc;

use thiserror::Error;

use super::{Board, Bus, Common};
use crate::config::Settings;

/// The reason why a server cannot join the other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// This build has no client of NATS.
    #[error("{key} needs NATS: build Weir with `--features nats`")]
    NotBuilt {
        /// The key and its value.
        key: String,
    },
    /// NATS does not answer.
    #[error("{key} needs NATS: {why}")]
    Away {
        /// The key and its value.
        key: String,
        /// The reason.
        why: String,
    },
}

/// What connects a server to the other nodes.
#[derive(Debug)]
pub struct Connected {
    /// The board on which nodes describe themselves.
    pub board: Arc<dyn Board>,
    /// The bus of the matches lab.
    pub matches: Arc<dyn Bus>,
    /// What the rooms share, if `rooms.registry` asks for it.
    pub rooms: Option<Common>,
    /// What the names of jobs share, if `jobs.registry` asks for it.
    pub jobs: Option<Common>,
}

/// Connects the node `node` to NATS at `queue.url`. Nodes with the same `queue.stream` know each
/// other. The `key` is the setting that asks for it, for the message.
///
/// # Errors
/// [`ConnectError`]: without the feature `nats`, or if no server answers within two seconds.
#[cfg(not(feature = "nats"))]
pub async fn connect(_settings: &Settings, _node: &str, key: &str) -> Result<Connected, ConnectError> {
    Err(ConnectError::NotBuilt { key: key.to_owned() })
}

/// Connects the node `node` to NATS at `queue.url`. Nodes with the same `queue.stream` know each
/// other. The `key` is the setting that asks for it, for the message.
///
/// # Errors
/// [`ConnectError`]: without the feature `nats`, or if no server answers within two seconds.
#[cfg(feature = "nats")]
pub async fn connect(settings: &Settings, node: &str, key: &str) -> Result<Connected, ConnectError> {
    super::nats::connect(settings, node)
        .await
        .map_err(|why| ConnectError::Away { key: key.to_owned(), why: why.to_string() })
}
