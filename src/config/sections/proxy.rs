//! Proxies on the way to a provider: its own setting, else the environment's `HTTPS_PROXY` and `NO_PROXY`.

use crate::config::snapshot::{Address, Proxy};
use crate::percent;
use crate::vault::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;

/// A proxy's URL, which may have a name and a password in it: messages never show it.
pub(crate) fn parse(url: &str) -> Result<Proxy, &'static str> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (login, host) = match rest.rsplit_once('@') {
        Some((login, host)) => (Some(login), host),
        None => (None, rest),
    };
    let address = super::address::parse(&format!("{scheme}://{host}"))?;
    if !address.path_prefix.is_empty() {
        return Err("without a path");
    }
    let authorization = login.map(|login| {
        let login = Secret::new(percent::decoded(login));
        Secret::new(format!("Basic {}", STANDARD.encode(login.expose())))
    });
    Ok(Proxy {
        tls: address.tls,
        host: address.host,
        port: address.port,
        authorization,
    })
}

/// The proxy that the environment wants for an address. Plain HTTP and this machine are reached directly.
pub(crate) fn from_environment(
    address: &Address,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<Result<Proxy, &'static str>> {
    let variable = |upper: &str| {
        let value = environment(upper).or_else(|| environment(&upper.to_lowercase()));
        value.filter(|value| !value.trim().is_empty())
    };
    if !address.tls || is_local(&address.host) {
        return None;
    }
    let url = variable("HTTPS_PROXY")?;
    let exempt = variable("NO_PROXY").unwrap_or_default();
    if exempt.split(',').any(|rule| exempts(rule.trim(), address)) {
        return None;
    }
    Some(parse(url.trim()))
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// One entry of `NO_PROXY`: `*`, a domain (and all below it), an address, a network, each with a port if wanted.
fn exempts(rule: &str, address: &Address) -> bool {
    if rule == "*" {
        return true;
    }
    let (name, port) = match rule.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            (name, Some(port.parse::<u16>().ok()))
        }
        _ => (rule, None),
    };
    if port.is_some_and(|port| port != Some(address.port)) {
        return false;
    }
    let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
    if let Ok(ip) = address.host.parse::<IpAddr>() {
        return match name.split_once('/') {
            Some((network, bits)) => is_within(ip, network, bits),
            None => name.parse() == Ok(ip),
        };
    }
    let domain = name.trim_start_matches("*.").trim_start_matches('.');
    let below = address.host.strip_suffix(domain);
    !domain.is_empty() && below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_within(ip: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    let (a, b, width) = match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    match u32::checked_sub(width, bits) {
        None => false,
        Some(shift) => (a ^ b).checked_shr(shift).unwrap_or(0) == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_becomes_a_header() {
        let proxy = parse("http://me:p%40ss@proxy:3128/").ok().unwrap();
        assert_eq!(
            (proxy.tls, proxy.host.as_str(), proxy.port),
            (false, "proxy", 3128)
        );
        let authorization = proxy.authorization.unwrap();
        assert_eq!(
            authorization.expose(),
            format!("Basic {}", STANDARD.encode("me:p@ss"))
        );
        assert_eq!(parse("proxy").ok().unwrap().port, 80);
        assert_eq!(parse("https://[::1]").ok().unwrap().port, 443);
        assert_eq!(
            parse("socks5://x").err(),
            Some("it begins with `http://` or `https://`")
        );
    }

    #[test]
    fn the_environment_exempts_hosts() {
        for (url, exempt, expected) in [
            ("https://api.openai.com", "", true),
            ("https://api.openai.com", "*", false),
            ("https://api.openai.com", "a.com, openai.com", false),
            ("https://api.openai.com", ".openai.com", false),
            ("https://api.openai.com", "penai.com", true),
            ("https://api.openai.com", "openai.com:444", true),
            ("https://api.openai.com", "openai.com:443", false),
            ("https://10.1.2.3", "10.0.0.0/8", false),
            ("https://10.1.2.3", "10.2.0.0/16", true),
            ("https://10.1.2.3", "10.1.2.3", false),
            ("https://[fd00::1]", "fd00::/8", false),
            ("http://api.openai.com", "", false),
            ("https://localhost", "", false),
            ("https://127.0.0.1", "", false),
        ] {
            let address = super::super::address::parse(url).unwrap();
            let environment = |name: &str| match name {
                "HTTPS_PROXY" => Some("http://proxy:3128".to_owned()),
                "no_proxy" => Some(exempt.to_owned()),
                _ => None,
            };
            let found = from_environment(&address, &environment);
            assert_eq!(found.is_some(), expected, "{url} {exempt}");
        }
    }
}
