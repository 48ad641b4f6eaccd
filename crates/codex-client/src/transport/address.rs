//! The addresses of servers.

use std::{fmt, net::IpAddr, path::PathBuf};

use crate::error::{Error, Result};

/// The address of a server that listens.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(TcpAddress),
    /// A unix socket. `None` for the control socket of the local daemon.
    Unix(Option<PathBuf>),
}

/// The parts of a `ws://` or `wss://` URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TcpAddress {
    pub(crate) is_tls: bool,
    /// A name or an IP address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The host and the port as the URL has them.
    pub(crate) authority: String,
    /// The path and the query, which may contain the token.
    pub(crate) target: String,
}

impl Address {
    /// Parses a URL. The errors do not contain it, because it may contain a token.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        match Self::parse_to_listen(url)? {
            Self::Tcp(address) if address.port == 0 => {
                Err(invalid("the port of the URL is a number from 1 to 65535"))
            }
            address => Ok(address),
        }
    }

    /// Parses the URL at which a server shall listen. Port 0 is any free one.
    pub(crate) fn parse_to_listen(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("unix://") {
            return match path {
                "" => Ok(Self::Unix(None)),
                _ if path.starts_with('/') => Ok(Self::Unix(Some(path.into()))),
                _ => Err(invalid(
                    "the path of a `unix://` URL is absolute: `unix:///path`",
                )),
            };
        }
        let (is_tls, rest) = match (url.strip_prefix("ws://"), url.strip_prefix("wss://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => {
                return Err(invalid(
                    "the URL of a server begins with `ws://`, `wss://` or `unix://`",
                ));
            }
        };
        let is_printable = |byte: u8| byte.is_ascii_graphic();
        if !rest.bytes().all(is_printable) {
            return Err(invalid(
                "the URL of the server has a character that must be encoded",
            ));
        }
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, target) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(invalid(
                "the URL of the server has a user name: use `CodexBuilder::bearer_token`",
            ));
        }
        let (host, port) = split_port(authority)?;
        Ok(Self::Tcp(TcpAddress {
            is_tls,
            host: host.to_owned(),
            port: port.unwrap_or(if is_tls { 443 } else { 80 }),
            authority: authority.to_owned(),
            target: match target.starts_with('/') {
                true => target.to_owned(),
                false => format!("/{target}"),
            },
        }))
    }

    /// Returns the token in the query, as newer servers print it.
    pub(crate) fn token(&self) -> Option<String> {
        let Self::Tcp(address) = self else {
            return None;
        };
        let (_, query) = address.target.split_once('?')?;
        let mut pairs = query.split('&');
        pairs
            .find_map(|pair| pair.strip_prefix("token="))
            .map(decode)
    }

    /// Returns an error if a token would be readable on its way to this address.
    pub(crate) fn check_token(&self) -> Result<()> {
        match self {
            Self::Tcp(address) if !address.is_tls && !address.is_loopback() => {
                Err(invalid(&format!(
                    "a bearer token is not sent to {self}, where others can read it on its way: use \
                     `wss://`, or forward a port of this machine, as `ssh -L` does"
                )))
            }
            _ => Ok(()),
        }
    }
}

impl TcpAddress {
    /// Whether nothing leaves this machine.
    fn is_loopback(&self) -> bool {
        let is_name = self.host.eq_ignore_ascii_case("localhost");
        is_name || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// Decodes the value of a query. A malformed escape stands for itself.
fn decode(value: &str) -> String {
    let mut parts = value.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                decoded.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                decoded.push(b'%');
                decoded.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn invalid(message: &str) -> Error {
    Error::InvalidInput(message.into())
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest
                .split_once(']')
                .ok_or_else(|| invalid("the IPv6 address of the URL is not closed: `[::1]`"))?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err(invalid("the URL of the server has no host"));
    }
    let port = match port {
        Some(port) => match port.parse() {
            Ok(port) => Some(port),
            _ => return Err(invalid("the port of the URL is a number from 1 to 65535")),
        },
        None => None,
    };
    Ok((host, port))
}

impl fmt::Display for Address {
    /// Writes the URL without its query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => {
                let scheme = if address.is_tls { "wss" } else { "ws" };
                let path = address.target.split('?').next().unwrap_or_default();
                let path = path.trim_end_matches('/');
                write!(f, "{scheme}://{}{path}", address.authority)
            }
            Self::Unix(path) => {
                let path = path.clone().unwrap_or_default();
                write!(f, "unix://{}", path.display())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(url: &str) -> TcpAddress {
        match Address::parse(url).unwrap() {
            Address::Tcp(address) => address,
            Address::Unix(_) => panic!("{url} is no unix socket"),
        }
    }

    #[test]
    fn the_parts_of_urls_are_found() {
        for (url, is_tls, host, port, target) in [
            ("ws://127.0.0.1:4500", false, "127.0.0.1", 4500, "/"),
            ("ws://[::1]:4500/", false, "::1", 4500, "/"),
            ("wss://codex.example", true, "codex.example", 443, "/"),
            (
                "wss://codex.example/a/b?c=d",
                true,
                "codex.example",
                443,
                "/a/b?c=d",
            ),
            (
                "ws://localhost?token=t",
                false,
                "localhost",
                80,
                "/?token=t",
            ),
        ] {
            let address = tcp(url);
            assert_eq!(
                (
                    address.is_tls,
                    &*address.host,
                    address.port,
                    &*address.target
                ),
                (is_tls, host, port, target)
            );
        }
        let unix = Address::parse("unix:///run/codex.sock").unwrap();
        assert_eq!(unix, Address::Unix(Some("/run/codex.sock".into())));
        assert_eq!(Address::parse("unix://").unwrap(), Address::Unix(None));
    }

    #[test]
    fn an_invalid_url_is_an_error_that_does_not_repeat_it() {
        for url in [
            "http://x?token=sk-1",
            "ws://:1?token=sk-1",
            "ws://x:0?token=sk-1",
            "ws://x:99999?token=sk-1",
            "ws://[::1?token=sk-1",
            "ws://user:sk-1@x",
            "ws://x/ ?token=sk-1",
            "ws://x\r\nA: sk-1",
            "unix://sk-1",
            "sk-1",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
            assert!(!error.to_string().contains("sk-1"), "{error}");
        }
    }

    #[test]
    fn the_token_of_a_url_is_found_and_not_shown() {
        let address = Address::parse("ws://127.0.0.1:1/x?a=b&token=sk-1&c=d").unwrap();
        assert_eq!(address.token().as_deref(), Some("sk-1"));
        assert_eq!(
            format!("{address} {address:?}"),
            "ws://127.0.0.1:1/x ws://127.0.0.1:1/x"
        );
        assert_eq!(Address::parse("ws://x?nottoken=1").unwrap().token(), None);
        let address = Address::parse("ws://x?token=a%2Bb%3d%zz%").unwrap();
        assert_eq!(address.token().as_deref(), Some("a+b=%zz%"));
    }

    #[test]
    fn a_token_is_sent_in_plain_text_to_this_machine_only() {
        for (url, is_allowed) in [
            ("ws://127.0.0.1:1", true),
            ("ws://127.8.8.8:1", true),
            ("ws://[::1]:1", true),
            ("ws://LOCALHOST:1", true),
            ("wss://codex.example", true),
            ("unix:///run/codex.sock", true),
            ("ws://codex.example", false),
            ("ws://localhost.example", false),
            ("ws://10.0.0.1:1", false),
            ("ws://0.0.0.0:1", false),
            ("ws://127.0.0.1.example", false),
        ] {
            let checked = Address::parse(url).unwrap().check_token();
            assert_eq!(checked.is_ok(), is_allowed, "{url}: {checked:?}");
        }
    }
}
