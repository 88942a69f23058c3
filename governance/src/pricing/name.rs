//! Model names that differ by a date only.

/// A name without what providers append for a snapshot of a model: `-2025-08-07` (OpenAI), `-20250929` (Anthropic),
/// `@20250929` (Vertex), `-latest`. `None` where there is nothing of the kind.
pub(super) fn undated(name: &str) -> Option<&str> {
    if let Some(rest) = name.strip_suffix("-latest") {
        return non_empty(rest);
    }
    strip_shape(name, "-####-##-##")
        .or_else(|| strip_shape(name, "-########"))
        .or_else(|| strip_shape(name, "@########"))
}

/// Strips an end of the shape: `#` stands for a digit, the rest for itself.
fn strip_shape<'a>(name: &'a str, shape: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(shape.len())?;
    let (rest, end) = name.split_at_checked(at)?;
    let fits = end.bytes().zip(shape.bytes()).all(|(byte, shape)| {
        if shape == b'#' {
            byte.is_ascii_digit()
        } else {
            byte == shape
        }
    });
    if fits { non_empty(rest) } else { None }
}

fn non_empty(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::undated;

    #[test]
    fn dates_are_taken_off_and_nothing_else() {
        for (name, rest) in [
            ("gpt-5-2025-08-07", Some("gpt-5")),
            ("claude-sonnet-4-5-20250929", Some("claude-sonnet-4-5")),
            ("claude-sonnet-4-5@20250929", Some("claude-sonnet-4-5")),
            ("mistral-large-latest", Some("mistral-large")),
            ("gpt-4-0613", None),
            ("gpt-5", None),
            ("2025-08-07", None),
            ("-latest", None),
            ("-2025-08-07", None),
            ("é2025-08-07", None),
            ("", None),
        ] {
            assert_eq!(undated(name), rest, "{name}");
        }
    }
}
