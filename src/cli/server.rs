//! Which running server is meant.

use anyhow::Context;
use hyper::Uri;

use crate::config::Sources;

/// Which server is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// The server; by default where the configuration says it listens
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Server {
    /// Where something of this server is.
    ///
    /// # Errors
    /// When no server is named, and the configuration cannot say either.
    pub(super) fn at(&self, path: &str, sources: &Sources) -> anyhow::Result<Uri> {
        let base = self.base(sources)?;
        format!("{}{path}", base.trim_end_matches(path)).parse().context("not a URL")
    }

    /// Where the server is, without a path.
    ///
    /// # Errors
    /// As above.
    pub(super) fn base(&self, sources: &Sources) -> anyhow::Result<String> {
        let base = match &self.url {
            Some(url) if url.contains("://") => url.clone(),
            Some(host) => format!("http://{host}"),
            None => format!("http://{}", sources.load()?.settings.server.listen),
        };
        Ok(base.trim_end_matches('/').to_owned())
    }
}
