//! Which running server is meant.

use crate::config::Sources;
use crate::measure::{Peer, Token, local_url};

/// Which server is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// The server; by default where the configuration says it listens
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Server {
    /// The server, to be asked with this token.
    ///
    /// # Errors
    /// When no server is named, and the configuration cannot say either.
    pub(super) fn peer(&self, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Peer> {
        let peer = match &self.url {
            Some(url) => Peer::named(url, token),
            None => Peer::named(&local_url(sources.load()?.settings.server.listen), token),
        };
        peer.uri("/")?;
        Ok(peer)
    }
}
