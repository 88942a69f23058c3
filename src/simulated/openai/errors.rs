//! How OpenAI words what is wrong with a request.

use crate::simulated::failure::Failure;
use crate::simulated::fields::{Problem, What};

pub(super) fn no_such_path(method: &str, path: &str) -> Failure {
    Failure::new(
        404,
        "invalid_request_error",
        format!("Invalid URL ({method} {path})"),
    )
}

pub(super) fn no_such_model(model: &str) -> Failure {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Failure::new(404, "invalid_request_error", message).code("model_not_found")
}

/// A parameter that this model does not have.
pub(super) fn unsupported(param: &str, instead: Option<&str>) -> Failure {
    let hint = instead.map_or_else(String::new, |other| format!(" Use '{other}' instead."));
    let message =
        format!("Unsupported parameter: '{param}' is not supported with this model.{hint}");
    Failure::bad(message)
        .param(param)
        .code("unsupported_parameter")
}

/// A value that this model does not take.
pub(super) fn unsupported_value(param: &str, value: &str, supported: &str) -> Failure {
    let message = format!(
        "Unsupported value: '{param}' does not support {value} with this model. {supported}"
    );
    Failure::bad(message).param(param).code("unsupported_value")
}

impl Failure {
    pub(super) fn openai(problem: Problem) -> Self {
        let place = problem.place.bracketed();
        let is_top = problem.place.0.len() == 1;
        let at = |message: String, code| Self::bad(message).param(place.clone()).code(code);
        match problem.what {
            What::Unknown if is_top => {
                Self::bad(format!("Unrecognized request argument supplied: {place}"))
            }
            What::Unknown => at(
                format!("Unknown parameter: '{place}'."),
                "unknown_parameter",
            ),
            What::Missing => at(
                format!("Missing required parameter: '{place}'."),
                "missing_required_parameter",
            ),
            What::Type { expected, got } => at(
                format!("Invalid type for '{place}': expected {expected}, but got {got} instead."),
                "invalid_type",
            ),
            What::NotOneOf { got, allowed } => {
                let allowed: Vec<_> = allowed.iter().map(|name| format!("'{name}'")).collect();
                let (last, first) = allowed
                    .split_last()
                    .map_or(("", &[][..]), |(last, first)| (last.as_str(), first));
                let list = match first {
                    [] => last.to_owned(),
                    _ => format!("{}, and {last}", first.join(", ")),
                };
                at(
                    format!("Invalid value: '{got}'. Supported values are: {list}."),
                    "invalid_value",
                )
            }
            What::Below { least, got } => at(
                format!(
                    "Invalid '{place}': number below minimum value. Expected a value >= {least}, but got {got} instead."
                ),
                "decimal_below_min_value",
            ),
            What::Above { most, got } => at(
                format!(
                    "Invalid '{place}': number above maximum value. Expected a value <= {most}, but got {got} instead."
                ),
                "decimal_above_max_value",
            ),
            What::TooMany { most, got } => at(
                format!(
                    "Invalid '{place}': array too long. Expected an array with maximum length {most}, but got an array \
                     with length {got} instead."
                ),
                "array_above_max_length",
            ),
            What::TooFew => at(
                format!(
                    "Invalid '{place}': empty array. Expected an array with minimum length 1, but got an empty array \
                     instead."
                ),
                "empty_array",
            ),
            What::TooLong { most, got } => at(
                format!(
                    "Invalid '{place}': string too long. Expected a string with maximum length {most}, but got a string \
                     with length {got} instead."
                ),
                "string_above_max_length",
            ),
            What::Other(message) => Self::bad(message).param(place.clone()),
        }
    }
}
