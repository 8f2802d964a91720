//! A NATS server for one run, on a free port, with its files in a folder of its own. It ends with
//! the run, and with this process.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::in_words;
use crate::exercise::trial::folder::Folder;
use crate::exercise::within::guarded;

/// The time limit for its start.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause between two looks for its port.
const LOOK: Duration = Duration::from_millis(10);
/// The file in which it logs.
const LOG: &str = "log";
/// The lines of its log that are quoted.
const QUOTED: usize = 2;

/// A server. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub(super) struct Server {
    /// The shell that guards it.
    child: Child,
    listens: Option<Listens>,
    folder: Folder,
}

/// A server that listens.
#[derive(Debug)]
struct Listens {
    url: String,
    pid: Option<Pid>,
}

/// The file in which the server says where it listens.
#[derive(Debug, Deserialize)]
struct Ports {
    nats: Vec<String>,
}

impl Server {
    /// Starts a server, and waits until it says where it listens.
    ///
    /// # Errors
    /// In words: if the program is missing or ends.
    pub(super) async fn start() -> Result<Self, String> {
        let folder = Folder::create().map_err(in_words)?;
        let path = folder.path();
        let mut command = guarded(Path::new("nats-server"));
        command.args(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd"]).arg(path.join("store"));
        command.arg("--ports_file_dir").arg(path).arg("-l").arg(path.join(LOG));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("cannot start nats-server: {error}"))?;
        let mut server = Self { child, listens: None, folder };
        let late = |_| format!("nats-server has no port after {} s", PATIENCE.as_secs());
        server.listens = Some(timeout(PATIENCE, server.listens()).await.map_err(late)??);
        Ok(server)
    }

    /// The address of the server.
    pub(super) fn url(&self) -> &str {
        self.listens.as_ref().map_or("", |listens| &listens.url)
    }

    /// Waits for the file with the address.
    async fn listens(&mut self) -> Result<Listens, String> {
        loop {
            if let Some(listens) = self.said() {
                return Ok(listens);
            }
            if self.child.try_wait().map_err(in_words)?.is_some() {
                let log = std::fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let last = lines[lines.len().saturating_sub(QUOTED)..].join("; ");
                return Err(format!("nats-server has ended early: {last}"));
            }
            sleep(LOOK).await;
        }
    }

    /// Reads the file, once it is complete. Its name is `nats-server_<pid>.ports`.
    fn said(&self) -> Option<Listens> {
        let files = std::fs::read_dir(self.folder.path()).ok()?.flatten().map(|file| file.path());
        let mut files = files.filter(|file| file.extension().is_some_and(|end| end == "ports"));
        let file = files.next()?;
        let ports: Ports = serde_json::from_str(&std::fs::read_to_string(&file).ok()?).ok()?;
        let pid = file.file_stem()?.to_str()?.rsplit('_').next()?.parse().ok();
        Some(Listens { url: ports.nats.into_iter().next()?, pid: pid.and_then(Pid::from_raw) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Once the server is killed, its shell sees that and ends; a folder is removed after its user.
        let is_running = matches!(self.child.try_wait(), Ok(None));
        match self.listens.as_ref().and_then(|listens| listens.pid).filter(|_| is_running) {
            Some(pid) => drop(kill_process(pid, Signal::KILL)),
            // The end of its input kills the shell and the server.
            None => drop(self.child.stdin.take()),
        }
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[ignore = "needs nats-server"]
    async fn a_server_listens_and_is_gone_with_its_folder_once_it_is_dropped() {
        let server = Server::start().await.unwrap();
        let (address, folder) =
            (server.url().trim_start_matches("nats://").to_owned(), server.folder.path().to_owned());
        assert!(std::net::TcpStream::connect(&address).is_ok() && folder.join("store").exists());
        drop(server);
        assert!(std::net::TcpStream::connect(&address).is_err() && !folder.exists());
    }
}
