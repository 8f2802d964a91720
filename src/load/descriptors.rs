//! The limit of file descriptors. Each connection of a load needs one. A load that would
//! run out of them is refused before it begins, because its clients could not connect.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use crate::record::{Model, Plan};

/// Descriptors reserved for everything else that the process opens.
const RESERVE: u64 = 16;
/// The default limit of connections of an open load. Most loads never reach it, so it is
/// lowered if the process has fewer descriptors.
pub const CONNECTIONS: usize = 1000;

/// The load needs more descriptors than the process may have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{count} {what} need {needed} file descriptors, the limit is {limit}: raise it with `ulimit -n {needed}`, \
     or use at most {possible}"
)]
pub struct TooFewDescriptors {
    /// Clients or connections.
    what: &'static str,
    count: u64,
    needed: u64,
    limit: u64,
    possible: u64,
}

/// The descriptors of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Descriptors {
    open: u64,
    limit: u64,
    /// The descriptors of a connection: two if this process is also the server.
    per_connection: u64,
}

/// Returns the plan if the process may open all its connections. An open load with the
/// default number of connections gets fewer if necessary. `both_ends` says that this
/// process is also the server.
///
/// # Errors
/// [`TooFewDescriptors`]; only on Linux, where the limit is known.
pub fn within_limit(plan: &Plan, both_ends: bool) -> Result<Plan, TooFewDescriptors> {
    let per_connection = if both_ends { 2 } else { 1 };
    match Descriptors::now(per_connection) {
        None => Ok(plan.clone()),
        Some(descriptors) => descriptors.fit(plan),
    }
}

/// Checks that the process may open `count` connections; `what` names them. Raises the soft
/// limit as far as the system allows if it is too low. `both_ends` says that this process
/// is also the server.
///
/// # Errors
/// [`TooFewDescriptors`]; only on Linux, where the limit is known.
pub(super) fn room_for(what: &'static str, count: u64, both_ends: bool) -> Result<(), TooFewDescriptors> {
    let per_connection = if both_ends { 2 } else { 1 };
    let refusal = |descriptors: Descriptors| descriptors.refusal(what, count);
    if Descriptors::now(per_connection).and_then(refusal).is_none() {
        return Ok(());
    }
    raise_limit();
    Descriptors::now(per_connection).and_then(refusal).map_or(Ok(()), Err)
}

/// Raises the soft limit of this process to the hard one. A failure shows when the limit is read
/// again.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

impl Descriptors {
    fn now(per_connection: u64) -> Option<Self> {
        let limit = soft_limit(&fs::read_to_string("/proc/self/limits").ok()?)?;
        let open = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        Some(Self { open, limit, per_connection })
    }

    fn possible(self) -> u64 {
        self.limit.saturating_sub(self.open + RESERVE) / self.per_connection
    }

    fn refusal(self, what: &'static str, count: u64) -> Option<TooFewDescriptors> {
        let possible = self.possible();
        let needed = count * self.per_connection + self.open + RESERVE;
        (count > possible).then_some(TooFewDescriptors { what, count, needed, limit: self.limit, possible })
    }

    fn fit(self, plan: &Plan) -> Result<Plan, TooFewDescriptors> {
        let possible = self.possible();
        let (what, count) = match &plan.model {
            // Clients that never send need no connection.
            Model::Closed { clients } => {
                ("clients", (clients.peak().ceil() as u64).min(plan.requests.unwrap_or(u64::MAX)))
            }
            Model::Open { connections, .. } => ("connections", *connections as u64),
        };
        let Some(refusal) = self.refusal(what, count) else { return Ok(plan.clone()) };
        let mut lowered = plan.clone();
        match &mut lowered.model {
            Model::Open { connections, .. } if *connections == CONNECTIONS && possible > 0 => {
                *connections = possible as usize;
                Ok(lowered)
            }
            _ => Err(refusal),
        }
    }
}

/// Reads `Max open files            1024                 1048576              files`.
fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Arrivals;

    fn fit(plan: &Plan, limit: u64, per_connection: u64) -> Result<Plan, String> {
        let descriptors = Descriptors { open: 10, limit, per_connection };
        descriptors.fit(plan).map_err(|error| error.to_string())
    }

    #[test]
    fn clients_beyond_the_limit_of_descriptors_are_refused_with_the_numbers() {
        let plan = Plan::closed("5000", Some(9000), None).unwrap();
        assert_eq!(
            fit(&plan, 500, 1).unwrap_err(),
            "5000 clients need 5026 file descriptors, the limit is 500: raise it with `ulimit -n 5026`, \
             or use at most 474"
        );
        assert_eq!(fit(&plan, 5026, 1).unwrap(), plan);
        let both_ends = fit(&plan, 5026, 2).unwrap_err();
        assert!(both_ends.contains("need 10026 file descriptors") && both_ends.ends_with("at most 2500"));
        let few = Plan::closed("5000", Some(100), None).unwrap();
        assert_eq!(fit(&few, 500, 1).unwrap(), few, "100 requests never need more than 100 connections");
    }

    #[test]
    fn an_open_load_that_names_no_connections_makes_do_with_what_there_is() {
        let open = |connections| Plan::open("5", None, None, Arrivals::Poisson, 1, connections).unwrap();
        assert_eq!(fit(&open(CONNECTIONS), 500, 1).unwrap(), open(474));
        assert_eq!(fit(&open(400), 500, 1).unwrap(), open(400));
        assert!(fit(&open(900), 500, 1).unwrap_err().starts_with("900 connections need 926"));
        assert!(fit(&open(CONNECTIONS), 20, 1).is_err());
    }

    #[test]
    fn watchers_beyond_the_limit_are_refused_in_the_same_words() {
        let descriptors = Descriptors { open: 10, limit: 500, per_connection: 2 };
        assert_eq!(descriptors.refusal("watchers", 237), None);
        assert_eq!(
            descriptors.refusal("watchers", 238).unwrap().to_string(),
            "238 watchers need 502 file descriptors, the limit is 500: raise it with `ulimit -n 502`, or use \
             at most 237"
        );
        assert_eq!(room_for("watchers", 1, true), Ok(()));
    }

    #[test]
    fn the_soft_limit_is_the_one_that_counts() {
        let line = "Max processes   7 8 processes\nMax open files            1024                 4096       files\n";
        assert_eq!(soft_limit(line), Some(1024));
        assert_eq!(soft_limit("Max open files   unlimited   unlimited   files"), Some(u64::MAX));
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_limit_of_this_process_is_known() {
        let now = Descriptors::now(1).unwrap();
        assert!(now.open >= 3 && now.limit > now.open, "{now:?}");
    }
}
