//! Comparisons joined by `AND`, and the clauses of an order.
//!
//! As MLflow's server, this lets pass a missing `AND` between two comparisons and one at the end.

use crate::error::{Result, StoreError};
use crate::search::lexer::{Token, tokens};
use std::slice::Iter;

/// A name: `status` and `trace.status` are (None, status) and (Some(trace), status).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) entity: Option<String>,
    pub(crate) key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    ILike,
    RLike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

impl Operator {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::RLike => "RLIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(String),
    List(Vec<String>),
    /// Of `IS NULL` and `IS NOT NULL`.
    None,
}

impl Value {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("'{text}'"),
            Self::Number(text) => text.clone(),
            Self::List(texts) => format!("('{}')", texts.join("', '")),
            Self::None => String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) name: Name,
    pub(crate) operator: Operator,
    pub(crate) value: Value,
}

fn invalid(clause: impl std::fmt::Display) -> StoreError {
    StoreError::Invalid(format!("Invalid clause(s) in filter string: '{clause}'"))
}

pub(crate) fn comparisons(filter: &str) -> Result<Vec<Comparison>> {
    let tokens = tokens(filter)?;
    let mut rest = tokens.iter();
    let mut comparisons = Vec::new();
    while let Some(first) = rest.next() {
        match first {
            Token::Name { .. } if first.keyword().as_deref() == Some("AND") => {}
            Token::Name { text, .. } => comparisons.push(comparison(text, &mut rest)?),
            other => return Err(invalid(other.describe())),
        }
    }
    Ok(comparisons)
}

fn comparison(name: &str, rest: &mut Iter<'_, Token>) -> Result<Comparison> {
    let operator = operator(name, rest)?;
    let value = match operator {
        Operator::IsNull | Operator::IsNotNull => Value::None,
        Operator::In | Operator::NotIn => list(name, rest)?,
        _ => match rest.next() {
            Some(Token::Text(text)) => Value::Text(text.clone()),
            Some(Token::Number(text)) => Value::Number(text.clone()),
            Some(other) => {
                return Err(StoreError::Invalid(format!(
                    "Expected a quoted string value or a number after '{name} {}'. Got value {}",
                    operator.as_str(),
                    other.describe()
                )));
            }
            None => {
                return Err(StoreError::Invalid(format!(
                    "Invalid comparison clause '{name} {}': expected 3 tokens, the value is missing",
                    operator.as_str()
                )));
            }
        },
    };
    Ok(Comparison {
        name: split(name),
        operator,
        value,
    })
}

fn operator(name: &str, rest: &mut Iter<'_, Token>) -> Result<Operator> {
    let Some(token) = rest.next() else {
        return Err(invalid(name));
    };
    let keyword = token.keyword();
    Ok(match (token, keyword.as_deref()) {
        (Token::Operator("="), _) => Operator::Equal,
        (Token::Operator("!="), _) => Operator::NotEqual,
        (Token::Operator("<"), _) => Operator::Less,
        (Token::Operator("<="), _) => Operator::LessOrEqual,
        (Token::Operator(">"), _) => Operator::Greater,
        (Token::Operator(">="), _) => Operator::GreaterOrEqual,
        (_, Some("LIKE")) => Operator::Like,
        (_, Some("ILIKE")) => Operator::ILike,
        (_, Some("RLIKE")) => Operator::RLike,
        (_, Some("IN")) => Operator::In,
        (_, Some("NOT")) => match keyword_after(rest).as_deref() {
            Some("IN") => Operator::NotIn,
            _ => return Err(invalid(format!("{name} NOT"))),
        },
        (_, Some("IS")) => match keyword_after(rest).as_deref() {
            Some("NULL") => Operator::IsNull,
            Some("NOT") if keyword_after(rest).as_deref() == Some("NULL") => Operator::IsNotNull,
            _ => return Err(invalid(format!("{name} IS"))),
        },
        (Token::Operator(other), _) => {
            return Err(StoreError::Invalid(format!(
                "Invalid comparator '{other}' in filter string after '{name}'"
            )));
        }
        _ => return Err(invalid(format!("{name} {}", token.describe()))),
    })
}

fn keyword_after(rest: &mut Iter<'_, Token>) -> Option<String> {
    rest.next().and_then(Token::keyword)
}

fn list(name: &str, rest: &mut Iter<'_, Token>) -> Result<Value> {
    let ill_formed = || {
        StoreError::Invalid(format!(
            "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list \
             after '{name}'."
        ))
    };
    if rest.next() != Some(&Token::Open) {
        return Err(ill_formed());
    }
    let mut texts = Vec::new();
    loop {
        match rest.next() {
            Some(Token::Text(text)) => texts.push(text.clone()),
            Some(Token::Number(number)) => {
                return Err(StoreError::Invalid(format!(
                    "While parsing a list in the query, expected string value, punctuation, or whitespace, but got \
                     different type in list: {number}"
                )));
            }
            Some(Token::Close) if !texts.is_empty() => return Ok(Value::List(texts)),
            Some(Token::Close) => {
                return Err(StoreError::Invalid(
                    "While parsing a list in the query, expected a non-empty list of string values, but got empty \
                     list"
                        .into(),
                ));
            }
            _ => return Err(ill_formed()),
        }
        match rest.next() {
            Some(Token::Comma) => {}
            Some(Token::Close) => return Ok(Value::List(texts)),
            _ => return Err(ill_formed()),
        }
    }
}

fn split(name: &str) -> Name {
    match name.split_once('.') {
        Some((entity, key)) => Name {
            entity: Some(entity.to_string()),
            key: key.to_string(),
        },
        None => Name {
            entity: None,
            key: name.to_string(),
        },
    }
}

/// `name`, `name ASC` or `name DESC`; answers whether it ascends.
pub(crate) fn order(clause: &str) -> Result<(Name, bool)> {
    let could_not = || {
        StoreError::Invalid(format!(
            "Invalid order_by clause '{clause}'. Could not be parsed."
        ))
    };
    let tokens = tokens(clause).map_err(|_| could_not())?;
    let (name, direction) = match tokens.as_slice() {
        [Token::Name { text, .. }] => (text, None),
        [Token::Name { text, .. }, direction] => (text, Some(direction)),
        _ => return Err(could_not()),
    };
    let ascends = match direction.map(|token| token.keyword()) {
        None => true,
        Some(word) => match word.as_deref() {
            Some("ASC") => true,
            Some("DESC") => false,
            _ => {
                return Err(StoreError::Invalid(format!(
                    "Invalid ordering key in order_by clause '{clause}'."
                )));
            }
        },
    };
    Ok((split(name), ascends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(filter: &str) -> String {
        comparisons(filter)
            .map(|all| {
                let all: Vec<String> = all
                    .iter()
                    .map(|c| {
                        let entity = c.name.entity.as_deref().unwrap_or("-");
                        format!(
                            "{entity}|{}|{}|{}",
                            c.name.key,
                            c.operator.as_str(),
                            c.value.describe()
                        )
                    })
                    .collect();
                all.join(" & ")
            })
            .unwrap_or_else(|error| format!("error: {error}"))
    }

    #[test]
    fn comparisons_are_read_as_mlflow_reads_them() {
        let check = |filter, expected| assert_eq!(shown(filter), expected, "{filter}");
        check("", "");
        check("status = 'OK'", "-|status|=|'OK'");
        check(
            "trace.status='OK' AND timestamp_ms > 5",
            "trace|status|=|'OK' & -|timestamp_ms|>|5",
        );
        check("tag.`a b.c` ilike \"x\" and", "tag|a b.c|ILIKE|'x'");
        check("tag.\"a b\" != 'x'", "tag|a b|!=|'x'");
        check("status in ('OK', 'ERROR',)", "-|status|IN|('OK', 'ERROR')");
        check(
            "status NOT IN ('OK') a = 'b'",
            "-|status|NOT IN|('OK') & -|a|=|'b'",
        );
        check(
            "tag.x IS NULL AND metadata.y is not null",
            "tag|x|IS NULL| & metadata|y|IS NOT NULL|",
        );
        check(
            "span.attributes.a.b LIKE '%x%'",
            "span|attributes.a.b|LIKE|'%x%'",
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (filter, part) in [
            ("status == 'OK'", "'=='"),
            ("status = 'OK' OR status = 'ERROR'", "OR status"),
            ("(status = 'OK')", "'('"),
            ("status", "'status'"),
            ("status =", "value is missing"),
            ("status = OK", "Got value OK"),
            ("'OK' = status", "'OK'"),
            ("status IN ()", "empty list"),
            ("status IN (1)", "different type"),
            ("status IN 'a'", "ill-formed"),
            ("status IS 5", "status IS"),
            ("status NOT LIKE 'a'", "status NOT"),
        ] {
            let error = shown(filter);
            assert!(
                error.starts_with("error: ") && error.contains(part),
                "{filter}: {error}"
            );
        }
    }

    #[test]
    fn an_order_has_a_name_and_a_direction() {
        let name = |key: &str| Name {
            entity: None,
            key: key.into(),
        };
        assert_eq!(order("timestamp_ms").unwrap(), (name("timestamp_ms"), true));
        assert_eq!(
            order("timestamp_ms desc").unwrap(),
            (name("timestamp_ms"), false)
        );
        assert_eq!(order("tag.`a b` ASC").unwrap().0.key, "a b");
        for wrong in ["", "a b", "a desc desc", "'a'", "a = 'b'"] {
            assert!(order(wrong).is_err(), "{wrong}");
        }
    }
}
