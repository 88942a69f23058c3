//! Mistakes in a configuration: where they are, what was expected, and how a person sees them.
//!
//! A source line is shown with what may be a credential blotted out: the values of secret fields, and of fields whose
//! meaning is unknown because their name or type is wrong.

use std::fmt::Write as _;

/// A part of the file. Lines and columns begin at 1; a column is a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    /// The last line and the column behind the last character.
    pub end_line: usize,
    pub end_column: usize,
}

impl Place {
    /// Where what belongs to the whole file is said to be.
    pub(crate) const START: Self = Self {
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
    };
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// None where the mistake is in no line: a file that cannot be read, an environment variable.
    pub place: Option<Place>,
    /// The path of the field, such as `routes.chat.targets[1].provider`; empty for the file as a whole.
    pub field: String,
    /// What is wrong, what was expected, and what to do.
    pub message: String,
    /// The line, without credentials.
    pub excerpt: Option<String>,
}

/// Characters of a line that are shown.
const MAX_WIDTH: usize = 160;

/// The mistakes as text, one after the other, each with its line and a mark below it.
pub fn render(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        render_one(problem, &mut text);
    }
    text
}

fn render_one(problem: &Problem, text: &mut String) {
    text.push_str(&problem.to_string());
    text.push('\n');
    let (Some(place), Some(excerpt)) = (&problem.place, &problem.excerpt) else {
        return;
    };
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let length = excerpt.chars().count();
    let start = place.column.saturating_sub(1).min(length);
    let end = match place.end_line == place.line {
        true => place.end_column.saturating_sub(1).min(length),
        false => length,
    };
    // A long line is cut to what is around the place.
    let cut = if length > MAX_WIDTH {
        start.saturating_sub(MAX_WIDTH / 2)
    } else {
        0
    };
    let shown: String = excerpt.chars().skip(cut).take(MAX_WIDTH).collect();
    let indent: String = shown
        .chars()
        .take(start - cut)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let width = end.min(cut + MAX_WIDTH).saturating_sub(start);
    let marks = "^".repeat(width.max(1));
    let _ = writeln!(text, " {margin} |");
    let _ = writeln!(text, " {number} | {shown}");
    let _ = writeln!(text, " {margin} | {indent}{marks}");
}

impl std::fmt::Display for Problem {
    /// `file:line:column: field: message`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some(place) = &self.place {
            write!(f, "{}:{}:", place.line, place.column)?;
        }
        if !self.field.is_empty() {
            write!(f, " {}:", self.field)?;
        }
        write!(f, " {}", self.message)
    }
}

/// Mistakes as they are found, and the parts of the file that must not be shown.
pub(crate) struct Problems<'a> {
    file: String,
    source: &'a str,
    found: Vec<Problem>,
    blots: Vec<Place>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(file: String, source: &'a str) -> Self {
        Self {
            file,
            source,
            found: Vec::new(),
            blots: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, place: Option<Place>, field: String, message: String) {
        self.found.push(Problem {
            file: self.file.clone(),
            place,
            field,
            message,
            excerpt: None,
        });
    }

    /// Nothing of this part will be shown.
    pub(crate) fn blot(&mut self, place: Place) {
        self.blots.push(place);
    }

    /// Whether no mistake was found in a field or below it.
    pub(crate) fn is_sound(&self, field: &str) -> bool {
        self.found.iter().all(|problem| {
            problem
                .field
                .strip_prefix(field)
                .is_none_or(|below| !below.is_empty() && !below.starts_with(['.', '[']))
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The mistakes in the file's order, with their lines.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        let lines: Vec<&str> = self.source.lines().collect();
        for problem in &mut self.found {
            let line = problem.place.map_or(0, |place| place.line);
            problem.excerpt = lines
                .get(line.wrapping_sub(1))
                .map(|text| blotted(text, line, &self.blots));
        }
        self.found
            .sort_by(|a, b| (a.place, &a.field).cmp(&(b.place, &b.field)));
        self.found
    }

    /// The mistakes without their lines, for a file whose structure is unknown.
    pub(crate) fn finish_without_lines(self) -> Vec<Problem> {
        self.found
    }
}

/// A line with each blotted character as `*`, so that columns stay.
fn blotted(text: &str, line: usize, blots: &[Place]) -> String {
    let hidden = |column: usize| {
        blots.iter().any(|blot| {
            (blot.line, blot.column) <= (line, column)
                && (line, column) < (blot.end_line, blot.end_column)
        })
    };
    text.chars()
        .zip(1..)
        .map(|(c, column)| {
            if hidden(column) && !c.is_whitespace() {
                '*'
            } else {
                c
            }
        })
        .collect::<String>()
        .trim_end()
        .to_owned()
}
