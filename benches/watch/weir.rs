//! Weir, whole: its server, its routes, the matches lab with its rules, mailbox and hub.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use weir::config::Sources;
use weir::http::{
    Access, ConnectionCounts, Limits, listen, match_transports, router_with_matches, serve_counted,
};
use weir::lab::Lab;
use weir::lab::matches::{Action, ConnectionFigures, Event, Half, LiveMatch, MatchesLab, Side};
use weir::workbench::Workbench;

use super::{Server, runtime};

/// A server with the default match.
pub(crate) struct Weir {
    runtime: Runtime,
    address: SocketAddr,
    game: Arc<LiveMatch>,
    // It ends its tasks when it is dropped.
    _workbench: Arc<Workbench>,
}

impl Weir {
    pub(crate) fn start() -> Self {
        let runtime = runtime();
        let _guard = runtime.enter();
        // One shard, for one thread; no samples of the bench, which is not used.
        let sources = Sources { file: None, flags: vec!["matches.shards=1".to_owned()] };
        let workbench = Workbench::start(sources.load().expect("it is valid"), &sources);
        let matches = MatchesLab::start(&workbench.settings(), workbench.registry(), match_transports());
        workbench.host(vec![Arc::clone(&matches) as Arc<dyn Lab>]);
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let access = Arc::new(Access { listen: Some(address), ..Access::default() });
        let router = router_with_matches(&workbench, &access, &matches);
        let counts = Arc::new(ConnectionCounts::default());
        matches.set_connections(Arc::clone(&counts) as Arc<dyn ConnectionFigures>);
        let (shutdown, of) = (workbench.shutdown().clone(), Arc::clone(&workbench));
        let limits = move || Limits::of(&of.settings());
        runtime.spawn(serve_counted(listener, router, shutdown, limits, counts));
        let game = matches.default_match();
        let begin = Event { minute: 1, action: Action::Begin { half: Half::First } };
        runtime.block_on(game.apply(begin)).expect("it has not begun");
        Self { runtime, address, game, _workbench: workbench }
    }
}

impl Server for Weir {
    fn url(&self) -> String {
        format!("http://{}/api/matches/watch?match={}&user=bench", self.address, self.game.id())
    }

    /// In a task of the runtime, as a handler would.
    fn publish(&mut self, events: u32) -> Duration {
        let game = Arc::clone(&self.game);
        let goal = Event { minute: 1, action: Action::Goal { side: Side::Home, player: 9 } };
        let published = self.runtime.spawn(async move {
            let begin = Instant::now();
            for recorded in join_all((0..events).map(|_| game.apply(goal))).await {
                recorded.expect("the rules allow it");
            }
            begin.elapsed()
        });
        self.runtime.block_on(published).expect("no panic")
    }
}
