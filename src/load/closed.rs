//! The closed model: each client sends its next request when it has its answer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Target;
use super::worker::{Shared, Worker};
use crate::record::Profile;

/// How often a client beyond the present level checks whether it may send.
const LOOK: Duration = Duration::from_millis(1);

/// How long a client waits after a failed connection: long enough that all clients
/// together try at most 1000 times a second, and at least this long. Without a pause, the
/// clients of a dead server would only use up a core.
const PAUSE: Duration = Duration::from_millis(100);
/// The share of that pause for each client.
const PAUSE_PER_CLIENT: Duration = Duration::from_millis(1);

/// The end of the load: after a number of requests, or with the profile.
struct StopRule {
    left: Cell<u64>,
    clients: Profile,
    /// True if the number of clients is constant and without an end, so that no level has
    /// to be looked up.
    is_constant: bool,
}

/// The next action of a client.
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

/// Runs the clients until the load is over and every request has its answer.
pub(super) async fn run<T: Target + 'static>(
    shared: Rc<Shared<T>>,
    clients: &Profile,
    requests: Option<u64>,
) {
    let is_constant = clients.steady().is_some() && clients.seconds().is_none();
    let left = Cell::new(requests.unwrap_or(u64::MAX));
    let stop = Rc::new(StopRule { left, clients: clients.clone(), is_constant });
    shared.stats.begin(shared.clock.now());
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
        match stop.next(number, || shared.stats.elapsed()) {
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
