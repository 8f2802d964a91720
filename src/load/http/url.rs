//! The URL of the server, parsed and resolved.

use std::net::{SocketAddr, ToSocketAddrs};

use hyper::Uri;

use super::{TargetError, reason};

/// Reads a URL that names a server.
///
/// # Errors
/// [`TargetError::Url`], with what is wrong.
pub(in crate::load) fn parse(url: &str) -> Result<Uri, TargetError> {
    let wrong = |reason: &str| TargetError::Url { url: url.to_owned(), reason: reason.to_owned() };
    if matches!(url, "" | "http://") {
        return Err(wrong("it names no host"));
    }
    let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| wrong(&error.to_string()))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(wrong("https is not spoken, only http")),
        _ => return Err(wrong("it does not begin with http://")),
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err(wrong("a user and a password do not belong here"))
        }
        Some(authority) if authority.host().is_empty() => Err(wrong("it names no host")),
        // `http://host:/` and a port beyond 65535 parse, and have none.
        Some(authority) if authority.port_u16().is_none() && has_port(authority.as_str()) => {
            Err(wrong("its port is no number from 0 to 65535"))
        }
        Some(_) => Ok(uri),
        None => Err(wrong("it names no host")),
    }
}

fn has_port(authority: &str) -> bool {
    authority.rsplit(']').next().is_some_and(|end| end.contains(':'))
}

/// Resolves the host to at least one address. May block.
///
/// # Errors
/// [`TargetError::Unresolved`].
pub(in crate::load) fn resolve(uri: &Uri) -> Result<Vec<SocketAddr>, TargetError> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let unresolved = |reason| TargetError::Unresolved { host: host.to_owned(), reason };
    let found = (host, uri.port_u16().unwrap_or(80)).to_socket_addrs();
    let addresses: Vec<_> = found.map_err(|error| unresolved(reason(&error)))?.collect();
    if addresses.is_empty() {
        return Err(unresolved("the system knows none".to_owned()));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        parse(url).and_then(|uri| resolve(&uri)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_http_url_is_refused_with_a_reason() {
        for (url, expected) in [
            ("https://weir.test/", "https is not spoken, only http"),
            ("ftp://weir.test/", "it does not begin with http://"),
            ("127.0.0.1:4000", "it does not begin with http://"),
            ("/serial", "it does not begin with http://"),
            ("", "it names no host"),
            ("http://", "it names no host"),
            ("http:///serial", "invalid"),
            ("http://a b/", "invalid"),
            ("http://me:secret@127.0.0.1/", "a user and a password do not belong here"),
            ("http://127.0.0.1:99999/", "port"),
            ("http://127.0.0.1:x/", "port"),
        ] {
            let text = refused(url);
            assert!(text.contains(expected), "{url}: {text}");
            assert!(text.ends_with("expected http://HOST[:PORT][/PATH]"), "{text}");
        }
    }

    #[test]
    fn a_host_without_an_address_is_told_when_the_target_is_made() {
        let text = refused("http://no-such-host.invalid/");
        assert!(text.starts_with("\"no-such-host.invalid\" has no address: "), "{text}");
    }

    #[test]
    fn ports_and_addresses_of_both_kinds_are_understood() {
        for (url, address) in [
            ("http://127.0.0.1", "127.0.0.1:80"),
            ("http://127.0.0.1:4000/serial?x=1", "127.0.0.1:4000"),
            ("http://[::1]:4000/", "[::1]:4000"),
            ("http://[::1]", "[::1]:80"),
        ] {
            let addresses = resolve(&parse(url).unwrap()).unwrap();
            assert_eq!(addresses, [address.parse().unwrap()], "{url}");
        }
    }
}
