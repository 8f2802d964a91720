//! NATS servers of a test: one, or a cluster of three, on free ports in a temporary folder. They
//! end with the value that holds them.

use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use weir_nats::Nats;

/// The longest that a test may take; the longest one takes two minutes. A test that waits for what never
/// comes ends there, with all others, and does not keep the whole run waiting.
const LIMIT: Duration = Duration::from_secs(600);

/// Servers that know each other.
pub(crate) struct Servers {
    folder: TempDir,
    members: Vec<Member>,
    _limit: Sender<()>,
}

struct Member {
    port: u16,
    route: u16,
    child: Option<Child>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Ends the process when the limit has passed, unless the result is dropped before.
#[expect(clippy::exit, reason = "a test that waits for ever cannot be ended in another way")]
fn limit() -> Sender<()> {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let (sender, ended) = channel();
    thread::spawn(move || {
        if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            // Not a macro: the output of a test is kept until the test ends.
            _ = writeln!(std::io::stderr(), "\n{test} has not ended after {LIMIT:?}");
            std::process::exit(101);
        }
    });
    sender
}

impl Servers {
    /// Starts servers, and waits until each takes connections.
    pub(crate) async fn start(count: usize) -> Self {
        let member = |_| Member { port: free_port(), route: free_port(), child: None };
        let members = (0..count).map(member).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut servers = Self { folder, members, _limit: limit() };
        (0..count).for_each(|member| servers.begin(member));
        for member in 0..count {
            servers.answers(member).await;
        }
        servers
    }

    fn begin(&mut self, index: usize) {
        let routes = self.members.iter().map(|member| format!("nats://127.0.0.1:{}", member.route));
        let routes = routes.collect::<Vec<_>>().join(",");
        let count = self.members.len();
        let member = &mut self.members[index];
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &member.port.to_string(), "-js"]);
        command.args(["-n", &format!("n{index}"), "-sd"]).arg(self.folder.path().join(index.to_string()));
        if count > 1 {
            command.args(["--cluster_name", "weir", "--cluster"]);
            command.arg(format!("nats://127.0.0.1:{}", member.route)).args(["--routes", &routes]);
        }
        let log = Path::new(self.folder.path()).join(format!("{index}.log"));
        let log = File::options().create(true).append(true).open(log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        member.child = Some(child.expect("nats-server is installed"));
    }

    async fn answers(&self, index: usize) {
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.members[index].port)).is_err() {
            assert!(Instant::now() < until, "server {index} takes no connections");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the addresses of all servers.
    pub(crate) fn url(&self) -> String {
        let members = self.members.iter().map(|member| format!("nats://127.0.0.1:{}", member.port));
        members.collect::<Vec<_>>().join(",")
    }

    /// Connects, as a node of this name.
    pub(crate) async fn connect(&self, name: &str) -> Nats {
        Nats::connect(&self.url(), name).await.unwrap()
    }

    /// Kills a member with SIGKILL.
    pub(crate) fn kill(&mut self, index: usize) {
        let mut child = self.members[index].child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts a member again that was killed, and waits until it takes connections.
    pub(crate) async fn start_again(&mut self, index: usize) {
        self.begin(index);
        self.answers(index).await;
    }

    /// Stops a member without a word: its connections stay open, and nothing answers.
    pub(crate) fn pause(&self, index: usize) {
        self.signal(index, Signal::STOP);
        // Its threads stop a moment later.
        let stat = format!("/proc/{}/stat", self.members[index].child.as_ref().expect("it runs").id());
        let until = Instant::now() + Duration::from_secs(5);
        while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
            assert!(Instant::now() < until, "server {index} stops");
            thread::yield_now();
        }
    }

    /// Lets it go on.
    pub(crate) fn resume(&self, index: usize) {
        self.signal(index, Signal::CONT);
    }

    fn signal(&self, index: usize, signal: Signal) {
        let child = self.members[index].child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).unwrap();
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for mut child in self.members.iter_mut().filter_map(|member| member.child.take()) {
            _ = child.kill();
            _ = child.wait();
        }
    }
}
