//! The machine's own limits, measured with bare blocking sockets on loopback in about 0.3 s:
//! what a server could reach that does nothing else.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use socket2::SockRef;
use tokio::time::Instant;

/// How long each part is measured.
const PART: Duration = Duration::from_millis(90);

/// The number of socket pairs of the send loop, if the descriptors suffice. With 100 the sockets
/// stay in the caches of the CPU, and a send seems to cost less than half.
const PAIRS: usize = 1_000;

/// The connections that one thread has under way. Two threads stay below the smallest queue of
/// a listener, 128.
const AT_ONCE: usize = 32;

/// The sizes of a framed event and of a framed snapshot.
const EVENT: usize = 200;
const SNAPSHOT: usize = 3_000;

/// What the machine does without Weir.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// The most watchers.
    pub watchers: u64,
    /// What sets that limit.
    pub watchers_why: String,
    /// Connections that one thread accepts per second, from two that connect.
    pub connects_s: f64,
    /// The time from a connection to the first bytes of a snapshot, in milliseconds.
    pub art_ms: f64,
    /// The time of one `send` of an event, in microseconds.
    pub send_us: f64,
    /// How long the measurement took, in milliseconds.
    pub measured_ms: u64,
}

/// Measures the machine. Blocks the thread for about 0.3 s.
///
/// # Errors
/// If loopback sockets cannot be made or used.
pub(super) fn measure() -> io::Result<Machine> {
    let begin = Instant::now();
    let send_us = send_us()?;
    let connects_s = connects_s()?;
    let art_ms = art_ms()?;
    let limit = descriptors().unwrap_or(1_024);
    Ok(Machine {
        // A few are for everything else.
        watchers: limit - (limit / 25).max(64).min(limit),
        watchers_why: "descriptors".to_owned(),
        connects_s: connects_s.round(),
        art_ms: (art_ms * 1e3).round() / 1e3,
        send_us: (send_us * 1e2).round() / 1e2,
        measured_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// The soft limit of open files, where the system tells it.
fn descriptors() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_ascii_whitespace().nth(3)?.parse().ok()
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The median time of one `send` in rounds over all pairs. The receivers are emptied between
/// the rounds, outside of the time.
fn send_us() -> io::Result<f64> {
    let (listener, address) = listen()?;
    let number = PAIRS.min(usize::try_from(descriptors().unwrap_or(1_024) / 8).unwrap_or(PAIRS));
    let mut pairs = Vec::with_capacity(number);
    for _ in 0..number {
        let receiver = TcpStream::connect(address)?;
        let (sender, _) = listener.accept()?;
        sender.set_nodelay(true)?;
        receiver.set_nonblocking(true)?;
        pairs.push((sender, receiver));
    }
    let (event, mut buffer) = ([b'x'; EVENT], [0; 4 * EVENT]);
    let (begin, mut rounds) = (Instant::now(), Vec::new());
    while begin.elapsed() < PART || rounds.len() < 3 {
        let round = Instant::now();
        for (sender, _) in &mut pairs {
            sender.write_all(&event)?;
        }
        rounds.push(round.elapsed().as_secs_f64() * 1e6 / number as f64);
        for (_, receiver) in &mut pairs {
            while matches!(receiver.read(&mut buffer), Ok(n) if n > 0) {}
        }
    }
    Ok(median(rounds))
}

/// The rate at which a bare loop accepts what two threads connect. Each connects some at once
/// and waits until they are accepted, so the queue of the listener never overflows: the system
/// would repeat a dropped connection request only after a second.
fn connects_s() -> io::Result<f64> {
    let (listener, address) = listen()?;
    let connect = move || {
        let begin = Instant::now();
        while begin.elapsed() < PART {
            let batch: Vec<_> = (0..AT_ONCE).map_while(|_| TcpStream::connect(address).ok()).collect();
            if batch.is_empty() {
                return;
            }
            for mut stream in batch {
                // Fails or ends, because the loop resets what it has accepted.
                _ = stream.read(&mut [0; 1]);
            }
        }
    };
    let is_done = Arc::new(AtomicBool::new(false));
    let clients = thread::spawn({
        let is_done = Arc::clone(&is_done);
        move || {
            let both = [thread::spawn(connect), thread::spawn(connect)];
            both.into_iter().for_each(|client| _ = client.join());
            is_done.store(true, Ordering::Release);
            // Wakes the loop for the last time.
            TcpStream::connect(address)
        }
    });
    let (begin, mut accepted) = (Instant::now(), 0_u32);
    while !is_done.load(Ordering::Acquire) {
        if let Ok((stream, _)) = listener.accept() {
            // Reset, so that no port waits for a minute before it can be used again.
            _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        accepted += 1;
    }
    let took = begin.elapsed().as_secs_f64();
    // It has nothing left to do.
    _ = clients.join();
    Ok(f64::from(accepted) / took)
}

/// The median time from before a connection until its first bytes.
fn art_ms() -> io::Result<f64> {
    let (listener, address) = listen()?;
    let serve = thread::spawn(move || {
        let snapshot = [b'x'; SNAPSHOT];
        // Ends with the client that says so by sending a byte.
        while let Ok((mut stream, _)) = listener.accept() {
            let mut last = [0; 1];
            if stream.write_all(&snapshot).is_err() || !matches!(stream.read(&mut last), Ok(0) | Err(_)) {
                return;
            }
        }
    });
    let (begin, mut times, mut buffer) = (Instant::now(), Vec::new(), [0; SNAPSHOT]);
    loop {
        let one = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        _ = stream.read(&mut buffer)?;
        times.push(one.elapsed().as_secs_f64() * 1e3);
        if begin.elapsed() >= PART {
            stream.write_all(b"x")?;
            break;
        }
        _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
    // It has nothing left to do.
    _ = serve.join();
    Ok(median(times))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_the_machine_are_measured_with_sockets() {
        let machine = measure().unwrap();
        assert!((0.1..1_000.0).contains(&machine.send_us), "{machine:?}");
        assert!(machine.connects_s > 500.0 && machine.art_ms > 0.0, "{machine:?}");
        assert!(machine.watchers > 64 && machine.measured_ms >= 3 * 90, "{machine:?}");
    }
}
