//! The start-up message of a server: the address of its page, what a 202 of its queue promises, and
//! who may change it.

use std::net::SocketAddr;

use super::queue::engine_of;
use super::text;
use crate::clean;
use crate::config::{Settings, Sources};
use crate::http::{Access, reachable};

/// The start-up message, with addresses that a user can copy.
pub(super) fn banner(
    address: SocketAddr,
    access: &Access,
    settings: &Settings,
    sources: &Sources,
    recovered: u64,
) -> String {
    let config = match &sources.file {
        Some(path) => format!("{}   (edits apply while load is running)", clean::path(path)),
        None => "defaults; create config.toml here to change them".to_owned(),
    };
    let address = reachable(address);
    let recovered = match recovered {
        0 => String::new(),
        1 => "; 1 event recovered".to_owned(),
        n => format!("; {n} events recovered"),
    };
    let queue = engine_of(settings).map_or(String::new(), |engine| {
        let said = text::hang("  queue     ", &format!("{engine}{recovered}"));
        format!("\n{}", said.trim_end())
    });
    let (mut fragment, mut control) = (String::new(), "");
    if settings.server.read_only {
        control = "\n  control   off: this server is read-only";
    } else if let (true, Some(token)) = (access.is_shared(), &access.token) {
        fragment = format!("#token={}", token.reveal());
        control = "\n  control   other machines can reach this server, so a change needs the token\n            \
                   above: set WEIR_TOKEN in a terminal";
    }
    format!(
        "\n  Weir {version}\n\n  \
           page      http://{address}/{fragment}\n  \
           config    {config}{queue}{control}\n\n  \
           Try, in another terminal:\n\n    \
             ab -n 3000 -c 50 http://{address}/part1/serial\n    \
             ab -n 3000 -c 50 http://{address}/part1/async\n    \
             ab -n 1000 -c 50 http://{address}/part2/genstage\n\n  \
           Ctrl-C finishes the accepted events and stops.\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}
