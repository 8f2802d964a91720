//! A key-value registry on servers: a registry knows buckets by name, each bucket is a process,
//! and a bucket that has died is never found.
//!
//! ```text
//!   supervisor ── registry ── names ─┬─ "fruit" ─▶ bucket
//!                                    └─ "herbs" ─▶ bucket
//! ```
//!
//! ```sh
//! cargo run --example key_value
//! ```
//!
//! Compare the two deaths. A bucket that ends, whether in order or by a panic, takes its name
//! along and leaves the others alone. A registry that ends takes all names along, and ends the
//! buckets, so that no bucket lives on without a name. Its supervisor starts an empty one.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use weir_stage::server::{self, CallError, CastError, Context, Handle, Server, ServerName, ServerRef};
use weir_stage::stage::Reason;
use weir_stage::supervise::{ChildSpec, Strategy, Supervisor, SupervisorHandle};

/// Messages that may wait at the registry, and at each bucket.
const MAILBOX: usize = 1000;

/// Values by key.
#[derive(Default)]
pub struct Bucket(HashMap<String, u64>);

impl Server for Bucket {}

/// Adds to the value of a key.
pub struct Add(pub &'static str, pub u64);

impl Handle<Add> for Bucket {
    type Reply = ();

    fn handle(&mut self, Add(key, n): Add, _: &mut Context<'_, Self>) {
        *self.0.entry(key.to_owned()).or_default() += n;
    }
}

/// Returns the value of a key.
pub struct Get(pub &'static str);

impl Handle<Get> for Bucket {
    type Reply = Option<u64>;

    fn handle(&mut self, Get(key): Get, _: &mut Context<'_, Self>) -> Option<u64> {
        self.0.get(key).copied()
    }
}

/// Buckets by name.
pub struct Registry {
    /// The registry itself, for the tasks that wait for the end of a bucket.
    own: ServerName<Self>,
    buckets: HashMap<String, ServerRef<Bucket>>,
}

impl Server for Registry {
    /// Ends all buckets: after a restart, no name leads to them.
    fn ended(&mut self, _: &Reason) {
        for bucket in self.buckets.values() {
            bucket.stop(Reason::failed("the registry has ended"));
        }
    }
}

/// Creates a bucket, unless the name has a living one.
pub struct Create(pub &'static str);

impl Handle<Create> for Registry {
    type Reply = ();

    fn handle(&mut self, Create(name): Create, _: &mut Context<'_, Self>) {
        if self.buckets.get(name).is_some_and(|bucket| !bucket.is_down()) {
            return;
        }
        let bucket = server::spawn(MAILBOX, Bucket::default()).server();
        // A monitor keeps no reference, so this task does not keep the bucket alive.
        let (own, monitor) = (self.own.clone(), bucket.monitor());
        tokio::spawn(async move {
            monitor.down().await;
            // If it fails, the registry has been stopped for good.
            let _ = own.call(Forget(name)).await;
        });
        self.buckets.insert(name.to_owned(), bucket);
    }
}

/// The reason why a lookup finds no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoBucket;

impl fmt::Display for NoBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no bucket has this name")
    }
}

/// Returns the bucket with a name.
pub struct Lookup(pub &'static str);

impl Handle<Lookup> for Registry {
    type Reply = Result<ServerRef<Bucket>, NoBucket>;

    fn handle(&mut self, Lookup(name): Lookup, _: &mut Context<'_, Self>) -> Self::Reply {
        // A bucket may have ended before its `Forget` is here.
        self.buckets.get(name).filter(|bucket| !bucket.is_down()).cloned().ok_or(NoBucket)
    }
}

/// Returns the number of names, whether their buckets live or not.
pub struct Names;

impl Handle<Names> for Registry {
    type Reply = usize;

    fn handle(&mut self, _: Names, _: &mut Context<'_, Self>) -> usize {
        self.buckets.len()
    }
}

/// Forgets a name whose bucket has ended.
struct Forget(&'static str);

impl Handle<Forget> for Registry {
    type Reply = ();

    fn handle(&mut self, Forget(name): Forget, _: &mut Context<'_, Self>) {
        // The name may have a new bucket by now.
        if self.buckets.get(name).is_some_and(ServerRef::is_down) {
            self.buckets.remove(name);
        }
    }
}

/// Panics.
pub struct Crash;

impl Handle<Crash> for Registry {
    type Reply = ();

    fn handle(&mut self, _: Crash, _: &mut Context<'_, Self>) {
        panic!("a fault");
    }
}

/// The registry under its supervisor.
pub struct KeyValue {
    /// Finds the registry across its restarts.
    pub registry: ServerName<Registry>,
    /// Ends the registry when it is stopped.
    pub supervisor: SupervisorHandle,
}

impl KeyValue {
    /// Starts an empty registry.
    ///
    /// # Errors
    /// The reason why the supervisor did not start.
    pub fn start() -> Result<Self, Box<dyn Error>> {
        let registry = ServerName::reserve("registry");
        let own = registry.clone();
        let child = ChildSpec::new("registry", move || {
            let state = Registry { own: own.clone(), buckets: HashMap::new() };
            let running = server::spawn(MAILBOX, state);
            own.register(running.server());
            running
        });
        let supervisor = Supervisor::new(Strategy::OneForOne).child(child).spawn()?;
        Ok(Self { registry, supervisor })
    }

    /// Asks for a bucket and waits for nothing.
    ///
    /// # Errors
    /// The creation, if the mailbox is full or the registry is down.
    pub fn create(&self, name: &'static str) -> Result<(), CastError<Create>> {
        match self.registry.server() {
            Some(registry) => registry.cast(Create(name)),
            None => Err(CastError::Down(Create(name), Reason::Stopped)),
        }
    }

    /// Returns the bucket with a name, or an error value if there is none.
    ///
    /// # Errors
    /// The reason why the registry did not reply.
    pub async fn lookup(
        &self,
        name: &'static str,
    ) -> Result<Result<ServerRef<Bucket>, NoBucket>, CallError> {
        self.registry.call(Lookup(name)).await
    }
}

async fn show(what: &str, store: &KeyValue) -> Result<(), CallError> {
    print!("{what:<34}");
    for name in ["fruit", "herbs"] {
        match store.lookup(name).await? {
            Ok(bucket) => print!("  {name}: {} kg", bucket.call(Get("kilos")).await?.unwrap_or(0)),
            Err(none) => print!("  {name}: {none}"),
        }
    }
    println!();
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    std::panic::set_hook(Box::new(|_| {}));
    let store = KeyValue::start()?;
    show("at the start", &store).await?;

    // The lookup waits behind the creations in one mailbox, so it finds the bucket.
    for name in ["fruit", "herbs"] {
        store.create(name).map_err(|error| error.to_string())?;
    }
    let herbs = store.lookup("herbs").await?.map_err(|none| none.to_string())?;
    for n in 1..=100 {
        herbs.cast_waiting(Add("kilos", n)).await.map_err(|error| error.to_string())?;
    }
    show("100 casts later", &store).await?;
    store.create("herbs").map_err(|error| error.to_string())?;
    show("after a second creation of herbs", &store).await?;

    let panicked = herbs.with(|_| panic!("a fault")).await;
    let panicked: Result<(), CallError> = panicked;
    show("after a panic in herbs", &store).await?;
    if let Err(error) = panicked {
        println!("    the caller in it heard: {error}");
    }

    let fruit = store.lookup("fruit").await?.map_err(|none| none.to_string())?;
    let monitor = fruit.monitor();
    let crashed = store.registry.call(Crash).await;
    show("after a crash of the registry", &store).await?;
    println!("    fruit ended because {}", monitor.down().await);
    if let Err(error) = crashed {
        println!("    the caller in the registry heard: {error}");
    }

    store.supervisor.stop();
    tokio::time::timeout(Duration::from_secs(1), store.supervisor.join()).await?;
    Ok(())
}
