//! The options that name a running server.

use crate::config::Sources;
use crate::measure::{Peer, Token, local_url};

/// A running server.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// URL of the server [default: the configured listen address]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Server {
    /// The server at a URL, or at the configured address.
    pub(super) fn at(url: Option<String>) -> Self {
        Self { url }
    }

    /// The server, with this token for changes.
    ///
    /// # Errors
    /// If the URL is not one, or without a URL the configuration is invalid.
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        let peer = match &self.url {
            Some(url) => Peer::named(url, token),
            None => Peer::named(&local_url(sources.load()?.settings.server.listen), token),
        };
        peer.uri("/")?;
        Ok(peer)
    }
}
