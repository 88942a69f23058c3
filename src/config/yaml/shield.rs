//! References in plain scalars. `{ api_key: ${env:KEY} }` is no YAML: in a flow mapping `{`, `}`, `[`, `]` and `,` end a
//! plain scalar. So the characters of a reference that YAML would read are replaced, one for one, before parsing, and
//! put back in the scalars; lines and columns stay.

use std::borrow::Cow;

const READ_BY_YAML: [char; 7] = ['{', '}', '[', ']', ',', ':', '#'];
/// Private-use characters: the stand-ins, in the order of the characters above.
const STAND_INS: [char; 7] = [
    '\u{E7A0}', '\u{E7A1}', '\u{E7A2}', '\u{E7A3}', '\u{E7A4}', '\u{E7A5}', '\u{E7A6}',
];

/// Whether the text already has a stand-in's character, so that it cannot be shielded.
pub(super) fn is_ambiguous(source: &str) -> bool {
    source.contains(STAND_INS)
}

/// The text with stand-ins in each `${…}` that is closed on its line. One with `, `, `: `, ` #` or a quote in it is left
/// alone: its brace is more likely forgotten than meant.
pub(super) fn shield(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        out.push_str(before);
        let end = reference
            .find(['}', '\n', '"', '\''])
            .filter(|end| reference.as_bytes().get(*end) == Some(&b'}'));
        let Some((inside, after)) = end.and_then(|end| reference.split_at_checked(end + 1)) else {
            out.push_str("${");
            rest = reference.get(2..).unwrap_or_default();
            continue;
        };
        if [", ", ": ", " #"].iter().any(|pair| inside.contains(pair)) {
            out.push_str(inside);
        } else {
            out.extend(inside.chars().map(|c| swap(c, READ_BY_YAML, STAND_INS)));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

pub(super) fn unshield(text: Cow<'_, str>) -> String {
    if text.contains(STAND_INS) {
        text.chars()
            .map(|c| swap(c, STAND_INS, READ_BY_YAML))
            .collect()
    } else {
        text.into_owned()
    }
}

fn swap(c: char, from: [char; 7], to: [char; 7]) -> char {
    from.into_iter()
        .zip(to)
        .find(|(from, _)| *from == c)
        .map_or(c, |(_, to)| to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shielded_text_has_the_same_columns_and_comes_back() {
        for text in [
            "a: ${env:X}",
            "{ a: ${env:X:-[1,2]}, b: $${file:/x} } # é ${env:Y}",
            "a: ${env:X\nb: }",
            "${",
            "a: \"${env:X\" }",
            "${}${}",
        ] {
            let shielded = shield(text);
            assert_eq!(shielded.chars().count(), text.chars().count(), "{text}");
            assert_eq!(unshield(shielded.into()), text);
        }
    }
}
