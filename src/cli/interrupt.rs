//! Ctrl-C during a climb: it ends the rung, and never leaves the server with the settings of
//! a rung.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Exit;
use crate::shutdown::StopToken;

/// The signals that the process gets: Ctrl-C, or a request to terminate.
///
/// The first one stops the load. The second one stops waiting for anything but the server's
/// confirmation that its settings are restored. The third one ends the process.
#[derive(Debug, Clone)]
pub(super) struct Interrupts {
    stop: StopToken,
    count: Arc<AtomicU32>,
}

impl Interrupts {
    /// Listens from now on.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let interrupts = Self { stop: StopToken::new(), count: Arc::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _inside = runtime.enter();
            [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]
        };
        let heard = interrupts.clone();
        let wait = move || {
            runtime.block_on(async {
                loop {
                    let [interrupt, terminate] = &mut signals;
                    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                    heard.note();
                }
            });
        };
        std::thread::Builder::new().name("weir-interrupt".to_owned()).spawn(wait)?;
        Ok(interrupts)
    }

    fn note(&self) {
        self.stop.cancel();
        if self.count.fetch_add(1, Ordering::Relaxed) >= 2 {
            std::process::exit(Exit::Interrupted as i32);
        }
    }

    /// The token that the first signal cancels.
    pub(super) fn stop(&self) -> &StopToken {
        &self.stop
    }

    /// Whether there was a second signal.
    pub(super) fn is_urgent(&self) -> bool {
        self.count.load(Ordering::Relaxed) >= 2
    }
}
