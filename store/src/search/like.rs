//! `LIKE` as MLflow has it: `%` any text, `_` any one character, no escape, upper and lower case apart.

/// Whether `text` matches `pattern`, whole.
pub(crate) fn matches(text: &str, pattern: &str) -> bool {
    let mut segments = pattern.split('%');
    let Some(mut rest) = segments.next().and_then(|first| strip_start(text, first)) else {
        return false;
    };
    let Some(last) = segments.next_back() else {
        return rest.is_empty();
    };
    for segment in segments {
        match after_first(rest, segment) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    ends_with(rest, last)
}

/// What follows a segment at the text's start.
fn strip_start<'t>(text: &'t str, segment: &str) -> Option<&'t str> {
    if !segment.contains('_') {
        return text.strip_prefix(segment);
    }
    let mut characters = text.chars();
    for wanted in segment.chars() {
        let found = characters.next()?;
        if wanted != '_' && wanted != found {
            return None;
        }
    }
    Some(characters.as_str())
}

/// What follows the first place where a segment is found.
fn after_first<'t>(text: &'t str, segment: &str) -> Option<&'t str> {
    if !segment.contains('_') {
        let at = text.find(segment)?;
        return text.get(at + segment.len()..);
    }
    text.char_indices()
        .filter_map(|(at, _)| text.get(at..))
        .find_map(|rest| strip_start(rest, segment))
}

fn ends_with(text: &str, segment: &str) -> bool {
    if !segment.contains('_') {
        return text.ends_with(segment);
    }
    let mut characters = text.chars().rev();
    segment.chars().rev().all(|wanted| {
        characters
            .next()
            .is_some_and(|found| wanted == '_' || wanted == found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_any_text_and_underscore_one_character() {
        let check = |text, pattern, expected| {
            assert_eq!(
                matches(text, pattern),
                expected,
                "{text:?} LIKE {pattern:?}"
            )
        };
        check("", "", true);
        check("", "%", true);
        check("a", "", false);
        check("abc", "abc", true);
        check("abc", "ABC", false);
        check("abc", "ab", false);
        check("abc", "%b%", true);
        check("abc", "a%c", true);
        check("ac", "a%c", true);
        check("a", "a%a", false);
        check("abab", "%ab", true);
        check("aXbXc", "a%b%c", true);
        check("abc", "%c%b%", false);
        check("abc", "a_c", true);
        check("aüc", "a_c", true);
        check("ac", "a_c", false);
        check("xxabc", "%_bc", true);
        check("bc", "%_bc", false);
        check("hello world", "%o_w%", true);
        check("a%c", "a%%c", true);
    }
}
