//! SQL with bound values, put together piece by piece.

use crate::error::{Result, StoreError};
use crate::search::grammar::{Comparison, Operator, Value};
use rusqlite::types::Value as Bound;

/// Values by their place: `?1` is the first.
#[derive(Default)]
pub(crate) struct Parameters {
    values: Vec<Bound>,
}

impl Parameters {
    /// Binds a value and answers how the statement names it.
    pub(crate) fn bind(&mut self, value: impl Into<Bound>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    pub(crate) fn values(&self) -> &[Bound] {
        &self.values
    }

    /// A text `column` compared. `column` is SQL of ours.
    pub(crate) fn text_condition(
        &mut self,
        column: &str,
        comparison: &Comparison,
    ) -> Result<String> {
        let operator = comparison.operator;
        Ok(match (operator, &comparison.value) {
            (Operator::IsNull | Operator::IsNotNull, _) => {
                format!("{column} {}", operator.as_str())
            }
            (Operator::In | Operator::NotIn, Value::List(texts)) => {
                let places: Vec<String> =
                    texts.iter().map(|text| self.bind(text.clone())).collect();
                format!("{column} {} ({})", operator.as_str(), places.join(", "))
            }
            (Operator::Like, Value::Text(text)) => {
                format!("text_like({column}, {})", self.bind(text.clone()))
            }
            (Operator::ILike, Value::Text(text)) => {
                format!("text_ilike({column}, {})", self.bind(text.clone()))
            }
            (Operator::RLike, Value::Text(text)) => {
                regex::Regex::new(text).map_err(|error| {
                    StoreError::Invalid(format!(
                        "Invalid regular expression '{text}' of RLIKE: {error}"
                    ))
                })?;
                format!("text_rlike({column}, {})", self.bind(text.clone()))
            }
            (Operator::Equal | Operator::NotEqual, Value::Text(text)) => {
                format!("{column} {} {}", operator.as_str(), self.bind(text.clone()))
            }
            (_, value) => {
                return Err(StoreError::Invalid(format!(
                    "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                    full_name(comparison),
                    value.describe()
                )));
            }
        })
    }

    /// A number `column` compared with a number, which may be quoted.
    pub(crate) fn number_condition(
        &mut self,
        column: &str,
        comparison: &Comparison,
    ) -> Result<String> {
        let number = match &comparison.value {
            Value::Number(text) | Value::Text(text) => text.trim(),
            Value::List(_) | Value::None => "",
        };
        let place = match (number.parse::<i64>(), number.parse::<f64>()) {
            (Ok(whole), _) => self.bind(whole),
            (_, Ok(number)) if number.is_finite() => self.bind(number),
            _ => {
                return Err(StoreError::Invalid(format!(
                    "Expected numeric value type for numeric attribute: {}. Found {}",
                    full_name(comparison),
                    comparison.value.describe()
                )));
            }
        };
        Ok(format!("{column} {} {place}", comparison.operator.as_str()))
    }
}

pub(crate) fn full_name(comparison: &Comparison) -> String {
    match &comparison.name.entity {
        Some(entity) => format!("{entity}.{}", comparison.name.key),
        None => comparison.name.key.clone(),
    }
}

/// Refuses an operator that is not one of `allowed`, in MLflow's words.
pub(crate) fn require_operator(comparison: &Comparison, allowed: &[Operator]) -> Result<()> {
    if allowed.contains(&comparison.operator) {
        return Ok(());
    }
    let names: Vec<&str> = allowed.iter().map(|operator| operator.as_str()).collect();
    Err(StoreError::Invalid(format!(
        "Invalid comparator '{}' for {}: not one of '{}'",
        comparison.operator.as_str(),
        full_name(comparison),
        names.join("', '")
    )))
}
