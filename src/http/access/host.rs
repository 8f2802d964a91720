//! The names that a server answers to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use axum::extract::Request;
use axum::http::header;

/// Returns the first host in a request's `Host` headers or target that is not this
/// server. A request without a host, as HTTP/1.0 allows, does not come from a browser.
pub(super) fn stranger(request: &Request, listen: Option<SocketAddr>, hosts: &[String]) -> Option<String> {
    let named = request.headers().get_all(header::HOST).iter();
    let named = named.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let target = request.uri().authority().map(ToString::to_string);
    named.chain(target).find(|host| !is_ours(host, listen, hosts))
}

fn is_ours(host: &str, listen: Option<SocketAddr>, hosts: &[String]) -> bool {
    let name = without_port(host);
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let literal = bracketed.unwrap_or(name);
    if let Ok(address) = literal.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback()
            || listen.is_some_and(|listen| listen.ip().to_canonical() == address)
            || hosts
                .iter()
                .any(|host| host.parse().is_ok_and(|host: IpAddr| host.to_canonical() == address))
            || is_of_this_machine(address);
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
}

/// Returns the host of `host[:port]`, where an IPv6 address is in brackets. The port is
/// ignored: a tunnel may use another one.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|c| c.is_ascii_digit()) && (name.ends_with(']') || !name.contains(':')) =>
        {
            name
        }
        _ => host,
    }
}

/// Returns whether an interface of this machine has the address, by binding a socket to
/// it. Nothing is sent.
fn is_of_this_machine(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified()
        && !address.is_multicast()
        && !is_broadcast
        && UdpSocket::bind((address, 0)).is_ok()
}

/// Returns the address to give to a browser or a load generator for a server that listens
/// at `listen`. If that is the unspecified address, it is one by which other machines
/// reach this one, as far as the routes tell. Nothing is sent.
pub fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        // Addresses for documentation (RFC 5737, RFC 3849); any outside address would do.
        let (outside, loopback): (_, IpAddr) = match listen {
            SocketAddr::V4(_) => ("192.0.2.1:9", Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => ("[2001:db8::1]:9", Ipv6Addr::LOCALHOST.into()),
        };
        let routed = || {
            let socket = UdpSocket::bind((listen.ip(), 0)).ok()?;
            socket.connect(outside).ok()?;
            Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
        };
        listen.set_ip(routed().unwrap_or(loopback));
    }
    listen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_this_machine_and_named_hosts_are_ours_and_nothing_else_is() {
        let hosts = ["Bench.Example".to_owned(), "192.0.2.7".to_owned()];
        let listen = Some(SocketAddr::from(([0, 0, 0, 0], 4000)));
        let ours = |host: &str| is_ours(host, listen, &hosts);
        for host in [
            "localhost",
            "LOCALHOST:4000",
            "localhost.:1",
            "127.0.0.1:4000",
            "127.9.8.7",
            "[::1]:4000",
            "[::1]",
            "[::ffff:127.0.0.1]:80",
            "bench.example:4000",
            "bench.example",
            "192.0.2.7:4000",
            "0.0.0.0:4000",
        ] {
            assert!(ours(host), "{host}");
        }
        for host in [
            "evil.example:4000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "",
            ":4000",
            "192.0.2.8:4000",
            "x@localhost",
            "localhost@evil.example",
            "224.0.0.1",
            "255.255.255.255",
            "[::]:4000",
            "2130706433",
            "127.1",
            "bench.example.evil.example",
            "[::1",
            "evil.example:80:localhost",
        ] {
            assert!(!ours(host), "{host}");
        }
        assert!(!is_ours("0.0.0.0", Some(SocketAddr::from(([127, 0, 0, 1], 4000))), &[]));
    }

    #[test]
    fn the_address_that_is_shown_can_be_connected_to_and_is_ours() {
        for listen in ["0.0.0.0:4000", "[::]:4000", "127.0.0.1:4000", "192.0.2.1:80"] {
            let listen: SocketAddr = listen.parse().unwrap();
            let shown = reachable(listen);
            assert!(!shown.ip().is_unspecified() && shown.port() == listen.port(), "{shown}");
            assert!(is_ours(&shown.to_string(), Some(listen), &[]), "{shown}");
        }
    }
}
