//! What a server prints when it has started: where its page is, and who may change it.

use std::net::SocketAddr;

use crate::clean;
use crate::config::{Settings, Sources};
use crate::http::{Access, reachable};

/// The lines of the start-up, with addresses that work as they stand.
pub(super) fn banner(
    address: SocketAddr,
    access: &Access,
    settings: &Settings,
    sources: &Sources,
) -> String {
    let config = match &sources.file {
        Some(path) => format!("{}   (edit it while load is running)", clean::path(path)),
        None => "the defaults; put a config.toml here to change them".to_owned(),
    };
    let address = reachable(address);
    let (mut fragment, mut control) = (String::new(), "");
    if settings.server.read_only {
        control = "\n  control   off: this server is read-only";
    } else if let (true, Some(token)) = (access.is_shared(), &access.token) {
        fragment = format!("#token={}", token.reveal());
        control = "\n  control   other machines can reach this server: a change needs the token above, as\n            \
                   WEIR_TOKEN or --token in a terminal";
    }
    format!(
        "\n  Weir {version}\n\n  \
           page      http://{address}/{fragment}\n  \
           config    {config}{control}\n\n  \
           Try, in another terminal:\n\n    \
             ab -n 3000 -c 50 http://{address}/part1/serial\n    \
             ab -n 3000 -c 50 http://{address}/part1/async\n    \
             ab -n 1000 -c 50 http://{address}/part2/genstage\n\n  \
           Ctrl-C finishes what was accepted and stops.\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}
