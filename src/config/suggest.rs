//! What was probably meant by a name that nobody has.

/// The known name nearest to a wrong one, if it is near enough to be meant.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = wrong.to_lowercase().replace('-', "_");
    let bound = folded.chars().count().div_ceil(3).max(1);
    known
        .into_iter()
        .map(|name| {
            let candidate = name.to_lowercase().replace('-', "_");
            (strsim::osa_distance(&folded, &candidate), name)
        })
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, name)| name)
}

/// `` (did you mean `x`?)``, or what is known, or nothing.
pub(crate) fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match nearest(wrong, known.iter().copied()) {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None if known.is_empty() || known.len() > 16 => String::new(),
        None => format!(" (known: {})", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["openai", "claude", "local"];
        for (wrong, expected) in [
            ("opnai", Some("openai")),
            ("OpenAI", Some("openai")),
            ("locla", Some("local")),
            ("gemini", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, known), expected, "{wrong}");
        }
    }
}
