//! Any text is a configuration or has mistakes, whose places are in it.

use tollgate::config::{NoVault, Origin, Sources, load_text, render};

pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    // References to files would make the outcome depend on the machine.
    if text.contains("file:") {
        return;
    }
    let sources = Sources {
        environment: &|_| None,
        secrets: &NoVault,
        simulated: None,
    };
    let Err(problems) = load_text(&Origin::Embedded, &text, &sources) else {
        return;
    };
    assert!(!problems.is_empty());
    let lines = text.lines().count();
    for problem in &problems {
        let line = problem.place.map_or(0, |place| place.line);
        assert!(line <= lines + 1, "{problem}");
    }
    assert!(!render(&problems).is_empty());
}
