//! How Anthropic words what is wrong with a request.

use crate::simulated::failure::Failure;
use crate::simulated::fields::{Problem, What};

impl Failure {
    pub(super) fn anthropic(problem: Problem) -> Self {
        let place = problem.place.dotted();
        let message = match problem.what {
            What::Unknown => "Extra inputs are not permitted".to_owned(),
            What::Missing => "Field required".to_owned(),
            What::Type { expected, .. } => {
                let kind = match expected {
                    "an object" => "dictionary",
                    "an array" => "list",
                    "a decimal" => "number",
                    "an integer" => "integer",
                    "a boolean" => "boolean",
                    _ => "string",
                };
                format!("Input should be a valid {kind}")
            }
            What::NotOneOf { allowed, .. } => {
                let allowed: Vec<_> = allowed.iter().map(|name| format!("'{name}'")).collect();
                let list = match allowed.split_last() {
                    Some((last, first)) if !first.is_empty() => {
                        format!("{} or {last}", first.join(", "))
                    }
                    _ => allowed.concat(),
                };
                format!("Input should be {list}")
            }
            What::Below { least, .. } => {
                format!("Input should be greater than or equal to {least}")
            }
            What::Above { most, .. } => format!("Input should be less than or equal to {most}"),
            What::TooMany { most, got } => {
                format!("List should have at most {most} items after validation, not {got}")
            }
            What::TooFew => "List should have at least 1 item after validation, not 0".to_owned(),
            What::TooLong { most, .. } => format!("String should have at most {most} characters"),
            What::Other(message) => message,
        };
        Self::bad(if place.is_empty() {
            message
        } else {
            format!("{place}: {message}")
        })
    }
}
