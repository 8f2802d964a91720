//! The first owner, in a process of its own: it owns a name, is paused between a check and a write,
//! and goes on.

use std::io;

use weir_nats::{AppendError, Nats, Registry};

use super::super::life::{Fate, Post, Said};
use super::plain::PlainLog;
use super::{NAME, options};

/// Owns the name in this process, and says what became of the write after the pause.
pub(in crate::exercise::trial::engine) fn own(post: &Post) -> anyhow::Result<()> {
    // A process that is stopped does not notice the end of its input.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(write(post))
}

async fn write(Post { url, run }: &Post) -> anyhow::Result<()> {
    let nats = Nats::connect(url, "first").await?;
    let registry = Registry::open(&nats, options(run, "first")).await?;
    let plain = PlainLog::open(&nats).await?;
    let claim = registry.claim(NAME).await?;
    let generation = claim.generation();
    for _ in 0..claim.mark() {
        plain.write(generation).await.map_err(anyhow::Error::msg)?;
    }
    for _ in claim.mark()..run.entries {
        claim.append("the first owner's").await?;
        plain.write(generation).await.map_err(anyhow::Error::msg)?;
    }

    let place = registry.whereis(NAME).await?;
    let lookup = place.is_some_and(|place| place.is_here && place.generation == generation);
    let lease = claim.is_valid();
    Said::Checked { lookup, lease }.say()?;
    // The pause. Until the writes, this thread gives no other task a turn: the owner learns nothing
    // in between.
    wait_for_word()?;
    if !(lookup && lease) {
        Said::Wrote { with: Fate::Unsent, without: Fate::Unsent }.say()?;
        return Ok(());
    }
    // An append looks at the clock as well. That look was before the pause.
    registry.go_stale();
    let with = match claim.append("the first owner's, after the pause").await {
        Ok(number) => Fate::Accepted(number),
        Err(AppendError::Fenced { by }) => Fate::Refused(by),
        Err(other) => return Err(other.into()),
    };
    let without = Fate::Accepted(plain.write(generation).await.map_err(anyhow::Error::msg)?);
    Said::Wrote { with, without }.say()?;
    Ok(())
}

/// Waits for a line of input.
fn wait_for_word() -> io::Result<()> {
    let mut line = String::new();
    match io::stdin().read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
