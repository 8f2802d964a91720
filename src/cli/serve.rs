//! `weir serve`: starts the workbench, and stops it in order.

mod ending;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::banner::banner;
use super::log::Writer;
use super::output::{complain, say};
use super::{CONFIG_FILE, EXERCISES, Exit};
use crate::config::{Config, MatchNodes, Sources};
use crate::exercise;
use crate::http::{self, Access, ConnectionCounts};
use crate::lab::Lab;
use crate::lab::jobs::JobsLab;
use crate::lab::matches::{ConnectionFigures, MatchesLab};
use crate::lab::rooms::RoomsLab;
use crate::load;
use crate::measure::Token;
use crate::nodes::{self, Common, Connected, Nodes};
use crate::resource::Work;
use crate::runs::Store;
use crate::workbench::{Running, Workbench};

/// The options of `weir serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the exercises on the page
    #[arg(long, value_name = "FOLDER", default_value = EXERCISES)]
    exercises: PathBuf,
}

impl Default for Args {
    fn default() -> Self {
        Self { exercises: EXERCISES.into() }
    }
}

pub(super) fn run(args: &Args, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Exit> {
    let (text, config) = match sources.read().and_then(|text| Ok((text.clone(), sources.parse(&text)?))) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(error);
            return Ok(Exit::Usage);
        }
    };
    let writer = super::log::to_stderr().context("cannot start the log thread")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let token = match token {
        Some(token) => token.clone(),
        None => Token::random().context("cannot make a token")?,
    };
    let exit = runtime.block_on(serve(args, config, sources, text, token, &writer));
    // Running tasks are abandoned: waiting for them would miss the deadline.
    runtime.shutdown_background();
    exit
}

async fn serve(
    args: &Args,
    config: Config,
    sources: &Sources,
    text: String,
    token: Token,
    writer: &Writer,
) -> anyhow::Result<Exit> {
    // Before the server reads the limit: each connection needs a descriptor.
    load::raise_limit();
    let wanted = config.settings.server.listen;
    let is_shared = config.settings.server.reuse_port;
    let listen = if is_shared { http::listen_shared } else { http::listen };
    let listener = listen(wanted).with_context(|| match is_shared {
        true => format!("cannot listen on {wanted}; every server on a port needs reuse_port = true"),
        false => {
            format!("cannot listen on {wanted}; choose another address, such as --listen 127.0.0.1:0")
        }
    })?;
    let address = listener.local_addr().context("cannot read the address of the listener")?;
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let node = nodes::name(&config.settings.server, address);
    let connected = match nodes::wanted(&config.settings).first() {
        Some(key) => Some(nodes::connect(&config.settings, &node, key).await?),
        None => None,
    };
    let workbench = Workbench::open(config, sources).await?;
    // Fails only if a recorder is installed already, which then stays.
    let _ = metrics::set_global_recorder(workbench.registry().clone());
    let jobs = JobsLab::start(&workbench.settings(), workbench.registry())?;
    workbench.work_by(Arc::clone(&jobs) as Arc<dyn Work>);
    let matches = MatchesLab::start(&workbench.settings(), workbench.registry(), http::match_transports());
    matches.measure_machine();
    let rooms = RoomsLab::start(&workbench.settings(), workbench.registry(), http::RoomFrames);
    // Several processes have the address in common, so each has one of its own for the others.
    let own = match (&connected, is_shared) {
        (Some(_), true) => {
            let own = http::listen(SocketAddr::new(wanted.ip(), 0));
            Some(own.context("cannot listen on an address for the other nodes")?)
        }
        _ => None,
    };
    let own_address = match &own {
        Some(own) => own.local_addr().context("cannot read the address of the listener")?,
        None => address,
    };
    let url = format!("http://{}", http::reachable(own_address));
    if let Some(Connected { rooms: Some(common), .. }) = &connected {
        rooms.share(node.clone(), url.clone(), common.clone()).await?;
    }
    let names = connected.as_ref().and_then(|connected| connected.jobs.clone());
    jobs.share(node.clone(), url.clone(), names.unwrap_or_else(|| Common::alone(&node))).await?;
    rooms.create_samples().await;
    let labs: Vec<Arc<dyn Lab>> = vec![jobs.clone(), matches.clone(), rooms.clone()];
    workbench.host(labs);
    if let Some(Connected { matches: bus, .. }) = &connected
        && workbench.settings().matches.nodes == MatchNodes::Nats
    {
        matches.share(node.clone(), Arc::clone(bus)).await?;
    }
    let among = connected.map(|connected| join(&workbench, connected, node, url));
    let store = Store::new(workbench.settings().data.runs());
    let running = running(&workbench);
    tokio::spawn(Arc::clone(&workbench).sample_forever(Some(store.clone())));
    let (watched, text) = match &sources.file {
        Some(_) => (sources.clone(), Some(text)),
        // A file that is created later is found.
        None => (Sources { file: Some(CONFIG_FILE.into()), ..sources.clone() }, None),
    };
    tokio::spawn(Arc::clone(&workbench).follow(watched, text));
    let access = Arc::new(Access { listen: Some(address), token: Some(token) });
    let router = http::router_with_labs(&workbench, &access, &jobs, &matches, &rooms);
    let router = router.merge(exercise::routes(&workbench, &args.exercises, &access));
    let this = Arc::clone(&workbench);
    let limits = move || http::Limits::of(&this.settings());
    let counts = Arc::new(ConnectionCounts::default());
    matches.set_connections(Arc::clone(&counts) as Arc<dyn ConnectionFigures>);
    let shutdown = workbench.shutdown().clone();
    if let Some(own) = own {
        let (router, shutdown, limits) = (router.clone(), shutdown.clone(), limits.clone());
        tokio::spawn(http::serve_counted(own, router, shutdown, limits, Arc::default()));
    }
    let mut server = tokio::spawn(http::serve_counted(listener, router, shutdown, limits, counts));
    let recovered = workbench.queue_report().recovered;
    show(banner(address, &access, &workbench.settings(), sources, recovered));

    let name = tokio::select! {
        name = signals.next() => name,
        ended = &mut server => {
            ended.context("the server task failed")?;
            anyhow::bail!("the server ended without a signal");
        }
    };
    if let Some((nodes, saying)) = among {
        saying.abort();
        nodes.leave().await;
    }
    Ok(ending::end(&workbench, &store, name, signals, writer, running).await)
}

/// Makes the server one of several nodes, and says once a second how it is.
fn join(
    workbench: &Arc<Workbench>,
    connected: Connected,
    node: String,
    url: String,
) -> (Arc<Nodes>, JoinHandle<()>) {
    let nodes = Arc::new(Nodes::new(node, connected.board));
    workbench.join(Arc::clone(&nodes));
    let (this, saying) = (Arc::clone(workbench), Arc::clone(&nodes));
    let saying = tokio::spawn(async move { saying.say(|| this.about(&url)).await });
    (nodes, saying)
}

/// Marks the data folder as in use, and logs earlier servers that were killed there.
/// Reports an unusable folder at once, not when the first run is lost.
fn running(workbench: &Arc<Workbench>) -> Option<Running> {
    let directory = PathBuf::from(workbench.settings().data.directory);
    match Running::begin(&directory, workbench) {
        Ok((running, killed)) => {
            killed.iter().for_each(|killed| log::warn!("{killed}"));
            Some(running)
        }
        Err(error) => {
            workbench.note_unusable(&directory, error);
            None
        }
    }
}

/// Prints the banner on its own thread, since standard output may block.
fn show(banner: String) {
    let print = move || say(banner);
    if std::thread::Builder::new().name("weir-banner".to_owned()).spawn(print).is_err() {
        log::error!("cannot start a thread for the banner");
    }
}

/// The two signals that end the server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
