//! The small pieces of HTTP's grammar: tokens, hosts, lengths. RFC 9110.

const LONGEST_HOST: usize = 255 + 6;

/// Equal but for case and `_` for `-`, which some servers take for the same.
pub(super) fn is_alike(name: &[u8], known: &[u8]) -> bool {
    let fold = |byte: u8| {
        if byte == b'_' {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        }
    };
    name.iter()
        .map(|byte| fold(*byte))
        .eq(known.iter().copied())
}

pub(super) fn digits(value: &[u8]) -> Option<u64> {
    // 18 digits fit an i64, too, for whoever counts in one.
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0, |number: u64, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        Some(number * 10 + u64::from(digit))
    })
}

/// A name, an IPv4 address or a bracketed IPv6 address, and a port.
pub(super) fn is_host(value: &[u8]) -> bool {
    if value.is_empty() || value.len() > LONGEST_HOST {
        return false;
    }
    let (name, rest) = match value {
        [b'[', ..] => {
            let end = value
                .iter()
                .position(|byte| *byte == b']')
                .map_or(0, |end| end + 1);
            let (address, rest) = value.split_at_checked(end).unwrap_or_default();
            let inner = address
                .get(1..address.len().saturating_sub(1))
                .unwrap_or_default();
            let is_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            (
                if inner.iter().all(is_address) {
                    inner
                } else {
                    &[]
                },
                rest,
            )
        }
        _ => {
            let end = value
                .iter()
                .position(|byte| *byte == b':')
                .unwrap_or(value.len());
            let (name, rest) = value.split_at_checked(end).unwrap_or_default();
            let is_name =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            (if name.iter().all(is_name) { name } else { &[] }, rest)
        }
    };
    let is_port = match rest {
        [] => true,
        [b':', port @ ..] => {
            !port.is_empty() && port.len() <= 5 && port.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    !name.is_empty() && is_port
}

/// Optional whitespace is space and tab, nothing else.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

pub(super) fn is_control(byte: u8) -> bool {
    ((byte < 0x20) & (byte != b'\t')) | (byte == 0x7f)
}
