//! A registry of buckets, some of which end.

use futures::future::join_all;
use tokio::task::yield_now;

use super::found;
use crate::exercise::format::{End, Learns, Lookups};
use crate::exercise::trial::lab::Found;
use crate::server::{self, Context, Handle, Server, ServerRef};
use crate::stage::Reason;

/// Turns of the runtime's one thread after which the registry has heard what it hears.
const TURNS: usize = 1_000;

struct Bucket;

impl Server for Bucket {}

struct Ask;

impl Handle<Ask> for Bucket {
    type Reply = ();

    fn handle(&mut self, _: Ask, _: &mut Context<'_, Self>) {}
}

/// Buckets by number. It checks nothing at a lookup: what it has not heard, it does not know.
struct Registry(Vec<Option<ServerRef<Bucket>>>);

impl Server for Registry {}

struct Lookup(usize);

impl Handle<Lookup> for Registry {
    type Reply = Option<ServerRef<Bucket>>;

    fn handle(&mut self, Lookup(at): Lookup, _: &mut Context<'_, Self>) -> Self::Reply {
        self.0[at].clone()
    }
}

struct Forget(usize);

impl Handle<Forget> for Registry {
    type Reply = ();

    fn handle(&mut self, Forget(at): Forget, _: &mut Context<'_, Self>) {
        self.0[at] = None;
    }
}

/// Measures a run on a runtime of one thread.
pub(super) async fn measure(run: &Lookups) -> Found {
    let buckets: Vec<_> = (0..run.buckets).map(|_| server::spawn(10, Bucket).server()).collect();
    let registry = Registry(buckets.iter().cloned().map(Some).collect());
    let registry = server::spawn(2 * run.buckets, registry).server();
    for (at, bucket) in buckets.iter().enumerate() {
        let (registry, monitor, learns) = (registry.clone(), bucket.monitor(), run.learns);
        tokio::spawn(async move {
            let reason = monitor.down().await;
            if learns == Learns::Monitor || !reason.is_normal() {
                let _ = registry.cast_waiting(Forget(at)).await;
            }
        });
    }
    // Lets each of those tasks begin to wait.
    settle().await;
    for bucket in &buckets[..run.ended] {
        bucket.stop(match run.how {
            End::Stop => Reason::Stopped,
            End::Fault => Reason::failed("a fault"),
        });
    }
    if !run.at_once {
        settle().await;
    }
    let (mut dead, mut living) = (0_u32, 0_u32);
    for bucket in join_all((0..run.buckets).map(|at| registry.call(Lookup(at)))).await {
        if let Ok(Some(bucket)) = bucket {
            let is_alive = bucket.call(Ask).await.is_ok();
            (dead, living) = (dead + u32::from(!is_alive), living + u32::from(is_alive));
        }
    }
    found([("dead_handles", f64::from(dead)), ("living_found", f64::from(living))])
}

async fn settle() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}
