//! The closed model: each client sends its next request when it has its answer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Target;
use super::worker::{Shared, Worker};
use crate::record::Profile;

/// How often a client that has to sit out looks whether it may join in.
const LOOK: Duration = Duration::from_millis(1);

/// How long a client waits after it found no connection: as long as it takes for
/// all clients together to try a thousand times a second, and at least this long.
/// Without a pause, clients of a server that is gone would only use up a core.
const PAUSE: Duration = Duration::from_millis(100);
/// The share of that pause for each client.
const PAUSE_PER_CLIENT: Duration = Duration::from_millis(1);

/// When the load is over: after a number of requests, or with the profile.
struct StopRule {
    left: Cell<u64>,
    clients: Profile,
    /// The number of clients is constant and has no end, so there is nothing to look
    /// up.
    is_constant: bool,
}

/// What a client is to do next.
enum Next {
    Send,
    SitOut,
    End,
}

impl StopRule {
    fn next(&self, client: usize, elapsed: impl FnOnce() -> Duration) -> Next {
        if self.left.get() == 0 {
            return Next::End;
        }
        if !self.is_constant {
            match self.clients.at(elapsed().as_secs_f64()) {
                None => return Next::End,
                Some(level) if client as f64 >= level => return Next::SitOut,
                Some(_) => {}
            }
        }
        self.left.set(self.left.get() - 1);
        Next::Send
    }
}

/// Runs the clients until the load is over and each has its answer.
pub(super) async fn run<T: Target + 'static>(
    shared: Rc<Shared<T>>,
    clients: &Profile,
    requests: Option<u64>,
) {
    let is_constant = clients.steady().is_some() && clients.seconds().is_none();
    let left = Cell::new(requests.unwrap_or(u64::MAX));
    let stop = Rc::new(StopRule { left, clients: clients.clone(), is_constant });
    shared.tally.begin(shared.clock.now());
    let mut all = JoinSet::new();
    let count = clients.peak().ceil() as u32;
    let pause = PAUSE.max(PAUSE_PER_CLIENT * count);
    for number in 0..count as usize {
        all.spawn_local(client(number, pause, Rc::clone(&shared), Rc::clone(&stop)));
    }
    while let Some(ended) = all.join_next().await {
        if let Err(error) = ended {
            log::error!("a client of the load ended badly: {error}");
        }
    }
}

async fn client<T: Target>(number: usize, pause: Duration, shared: Rc<Shared<T>>, stop: Rc<StopRule>) {
    let mut worker = Worker::new(Rc::clone(&shared));
    loop {
        match stop.next(number, || shared.tally.elapsed()) {
            Next::Send => {
                if !worker.request(None).await {
                    tokio::time::sleep(shared.clock.to_tokio(pause)).await;
                }
            }
            Next::SitOut => tokio::time::sleep(shared.clock.to_tokio(LOOK)).await,
            Next::End => return,
        }
    }
}
