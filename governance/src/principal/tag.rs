//! A key's tags: what its owner wants to find its traces by.

/// Tags of a key. They are in the journal with each of its requests.
pub const MAX_TAGS: usize = 32;
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 1_000;

/// Beginnings of names that MLflow and the gateway give tags of their own.
const TAKEN: [&str; 2] = ["mlflow.", "tollgate."];

/// Whether a key may have this tag; else what is wrong with it.
pub fn check_tag(name: &str, value: &str) -> Result<(), &'static str> {
    let is_text = |text: &str, most: usize| {
        text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    if name.is_empty() || !is_text(name, MAX_NAME) {
        return Err("a tag's name has 1 to 128 characters, no control characters");
    }
    if TAKEN.iter().any(|taken| name.starts_with(taken)) {
        return Err("names that begin with `mlflow.` or `tollgate.` are taken");
    }
    if !is_text(value, MAX_VALUE) {
        return Err("a tag's value has at most 1,000 characters, no control characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_bounded_and_taken_names_refused() {
        assert_eq!(check_tag("cost_center", ""), Ok(()));
        assert_eq!(check_tag(&"ä".repeat(128), &"x".repeat(1_000)), Ok(()));
        for (name, value) in [
            ("", "x"),
            (&*"a".repeat(129), "x"),
            ("a\nb", "x"),
            ("mlflow.traceName", "x"),
            ("tollgate.team", "x"),
            ("a", &*"x".repeat(1_001)),
            ("a", "x\u{0}"),
        ] {
            assert!(check_tag(name, value).is_err(), "{name:?}");
        }
    }
}
