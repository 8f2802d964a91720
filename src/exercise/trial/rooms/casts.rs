//! One sender's casts to a server, and calls among and behind them.

use futures::FutureExt;

use super::found;
use crate::exercise::format::Casts;
use crate::exercise::trial::lab::Found;
use crate::server::{self, CallError, CastError, Context, Handle, Server, ServerName};
use crate::stage::Reason;
use crate::supervise::{ChildSpec, Strategy, Supervisor};

struct Counter(u64);

impl Server for Counter {}

struct Add;

impl Handle<Add> for Counter {
    type Reply = ();

    fn handle(&mut self, _: Add, _: &mut Context<'_, Self>) {
        self.0 += 1;
    }
}

struct Total;

impl Handle<Total> for Counter {
    type Reply = u64;

    fn handle(&mut self, _: Total, _: &mut Context<'_, Self>) -> u64 {
        self.0
    }
}

/// Ends the server by a fault.
struct Crash;

impl Handle<Crash> for Counter {
    type Reply = ();

    fn handle(&mut self, _: Crash, context: &mut Context<'_, Self>) {
        context.stop(Reason::failed("a fault"));
    }
}

/// Measures a run on a runtime of one thread: the server handles nothing until the last cast is
/// sent.
pub(super) async fn measure(casts: &Casts) -> Found {
    let name = ServerName::reserve("counter");
    let (registered, mailbox) = (name.clone(), casts.mailbox);
    let child = ChildSpec::new("counter", move || {
        let running = server::spawn(mailbox, Counter(0));
        registered.register(running.server());
        running
    });
    let supervisor = Supervisor::new(Strategy::OneForOne).quiet_restarts().child(child).spawn();
    let (Ok(supervisor), Ok(server)) = (supervisor, name.wait().await) else { return Found::new() };
    let (mut returned, mut other) = (0_u64, None);
    for n in 0..casts.n {
        if casts.other_after == Some(n) {
            let mut call = Box::pin(server.call(Total));
            let _ = call.as_mut().now_or_never();
            other = Some(call);
        }
        if casts.crash_after == Some(n) {
            let _ = server.cast(Crash);
        }
        returned += u64::from(matches!(server.cast(Add), Err(CastError::Full(_))));
    }
    let reflected = name.call(Total).await;
    let other = match other {
        Some(call) => Some(call.await),
        None => None,
    };
    supervisor.stop();
    supervisor.join().await;
    let number = |total: Result<u64, CallError>| total.map_or(f64::NAN, |total| total as f64);
    found([
        ("reflected", number(reflected)),
        ("others_reflected", other.map_or(f64::NAN, number)),
        ("returned", returned as f64),
    ])
}
