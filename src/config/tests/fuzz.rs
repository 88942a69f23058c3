//! Any text is either a configuration or has mistakes: it never takes the process down, and mistakes have places that
//! are in the file.

use super::load_str;
use crate::config::render;
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../../config/example.yaml");

fn check(text: &str) -> Result<(), TestCaseError> {
    let Err(problems) = load_str(text) else {
        return Ok(());
    };
    prop_assert!(!problems.is_empty());
    let lines = text.lines().count();
    for problem in &problems {
        let line = problem.place.map_or(0, |place| place.line);
        prop_assert!(line <= lines + 1, "{problem}");
    }
    prop_assert!(!render(&problems).is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_taken_or_refused(text in "\\PC{0,200}") {
        check(&text)?;
    }

    #[test]
    fn yaml_like_text_is_taken_or_refused(text in "[a-c:{}\\[\\],\"'$ \n*&!<#|>-]{0,80}") {
        check(&text)?;
    }

    #[test]
    fn a_damaged_configuration_is_taken_or_refused(
        at in 0..EXAMPLE.len(),
        length in 0..40usize,
        with in "[a-z0-9:{}\\[\\]$\"' \n*&-]{0,6}",
    ) {
        let boundary = |at: usize| (at.min(EXAMPLE.len())..=EXAMPLE.len()).find(|at| EXAMPLE.is_char_boundary(*at));
        let (start, end) = (boundary(at).unwrap(), boundary(at + length).unwrap());
        check(&format!("{}{with}{}", &EXAMPLE[..start], &EXAMPLE[end..]))?;
    }
}
