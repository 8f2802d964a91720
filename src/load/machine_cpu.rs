//! The CPU time of the machine during a load: of the server, if it runs here, and of
//! unrelated processes.
//!
//! A generator without a core measures its own machine. If the server took the core, the
//! figures show what the two can do together. If other processes took it, the figures are
//! disturbed, and likewise if they took the core that the server waits for.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// The system counts in hundredths of a second (`USER_HZ` in proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;
/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// The CPU time used on the machine up to a moment, in seconds. Linux only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineCpu {
    busy: f64,
    own: f64,
    server: Option<f64>,
    server_starved: Option<f64>,
}

/// The CPU time used in an interval, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineCpuUse {
    /// Used by the server, if it is on this machine.
    pub server: Option<f64>,
    /// The time for which the server's threads were runnable but had no core, summed over
    /// the threads.
    pub server_starved: Option<f64>,
    /// Used by all processes except the server and this one.
    pub others: f64,
}

impl MachineCpu {
    /// Returns the CPU time used up to now, including the server's if its process is
    /// known. `None` if the system does not count it.
    pub fn now(server: Option<u32>) -> Option<Self> {
        let own = std::process::id();
        let server = server.filter(|&pid| pid != own);
        Some(Self {
            busy: busy_seconds()?,
            own: process_seconds(own)?,
            server: server.and_then(process_seconds),
            server_starved: server.and_then(starved_seconds),
        })
    }

    /// Returns the CPU time used since `before`.
    pub fn since(&self, before: &Self) -> MachineCpuUse {
        let server = self.server.zip(before.server).map(|(now, before)| now - before);
        let all = self.busy - before.busy;
        let others = (all - (self.own - before.own) - server.unwrap_or_default()).max(0.0);
        // It falls if a thread has ended meanwhile.
        let starved = self.server_starved.zip(before.server_starved);
        MachineCpuUse {
            server,
            server_starved: starved.map(|(now, before)| (now - before).max(0.0)),
            others,
        }
    }
}

/// Returns the process that listens at this address. `None` if the address is on another
/// machine, the process belongs to another user, or the system does not say.
pub fn listener(address: SocketAddr) -> Option<u32> {
    let mut inodes = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        inodes.extend(text.lines().skip(1).filter_map(|line| listening_inode(line, address.port())));
    }
    if inodes.is_empty() || !is_local(address.ip()) {
        return None;
    }
    let sockets: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|link| link.to_str().is_some_and(|link| sockets.iter().any(|socket| socket == link)))
    })
}

fn is_local(ip: IpAddr) -> bool {
    // Only the machine that has an address can bind it.
    ip.is_loopback() || std::net::UdpSocket::bind((ip, 0)).is_ok()
}

/// Returns the socket of a line of `/proc/net/tcp`, if it listens at this port.
fn listening_inode(line: &str, port: u16) -> Option<u64> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
    let listens = *fields.get(3)? == LISTENING && u16::from_str_radix(local_port, 16).ok()? == port;
    listens.then(|| fields.get(9)?.parse().ok()).flatten()
}

/// The time of all cores, except idle and waiting for disks.
fn busy_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let mut fields = text.lines().next()?.split_ascii_whitespace();
    if fields.next()? != "cpu" {
        return None;
    }
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = ticks[..] else { return None };
    Some((user + nice + system + irq + softirq) / TICKS_PER_SECOND)
}

fn process_seconds(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name is in parentheses and may contain any character.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Returns how long the threads of a process were runnable but had no core. `None` if the
/// system does not count it.
fn starved_seconds(pid: u32) -> Option<f64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let waits = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        super::thread_cpu::read(&text).map(|counted| counted.starved.as_secs_f64())
    });
    waits.reduce(|a, b| a + b)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_process_that_listens_is_found() {
        let here = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = here.local_addr().unwrap();
        assert_eq!(listener(address), Some(std::process::id()));
        drop(here);
        assert_eq!(listener(address), None);
    }

    #[test]
    fn a_server_somewhere_else_is_no_process_of_ours() {
        let here = TcpListener::bind("127.0.0.1:0").unwrap();
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], here.local_addr().unwrap().port()));
        assert_eq!(listener(elsewhere), None);
    }

    #[test]
    fn time_is_counted_and_never_runs_back() {
        let before = MachineCpu::now(None).unwrap();
        let used = MachineCpu::now(None).unwrap().since(&before);
        assert!(used.others >= 0.0 && used.server.is_none(), "{used:?}");
    }
}
