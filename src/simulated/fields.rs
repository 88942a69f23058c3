//! Strict reading of request bodies. What is wrong is described once, with its place; each dialect words it its own way.

use serde_json::{Map, Value};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field(String),
    Item(usize),
}

/// Where a value lies in the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Vec<Step>);

impl Place {
    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// `messages.0.role`
    pub(crate) fn dotted(&self) -> String {
        let steps = self.0.iter().map(|step| match step {
            Step::Field(name) => name.clone(),
            Step::Item(index) => index.to_string(),
        });
        steps.collect::<Vec<_>>().join(".")
    }

    /// `messages[0].role`
    pub(crate) fn bracketed(&self) -> String {
        self.0.iter().fold(String::new(), |place, step| match step {
            Step::Field(name) if place.is_empty() => name.clone(),
            Step::Field(name) => format!("{place}.{name}"),
            Step::Item(index) => format!("{place}[{index}]"),
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Unknown,
    Missing,
    Type {
        expected: &'static str,
        got: &'static str,
    },
    NotOneOf {
        got: String,
        allowed: Vec<String>,
    },
    Below {
        least: f64,
        got: f64,
    },
    Above {
        most: f64,
        got: f64,
    },
    TooMany {
        most: usize,
        got: usize,
    },
    TooFew,
    TooLong {
        most: usize,
        got: usize,
    },
    /// In words that are the same everywhere.
    Other(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    pub(crate) what: What,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pub(crate) place: Place,
}

impl<'a> Node<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self {
            value,
            place: Place::default(),
        }
    }

    pub(crate) fn problem(&self, what: What) -> Problem {
        Problem {
            place: self.place.clone(),
            what,
        }
    }

    pub(crate) fn other(&self, message: impl Into<String>) -> Problem {
        self.problem(What::Other(message.into()))
    }

    fn wrong_type(&self, expected: &'static str) -> Problem {
        let got = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a decimal",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.problem(What::Type { expected, got })
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, Problem> {
        self.value
            .as_object()
            .ok_or_else(|| self.wrong_type("an object"))
    }

    /// Refuses fields that are not named.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Problem> {
        let unknown = self
            .object()?
            .keys()
            .find(|name| !names.contains(&name.as_str()));
        match unknown {
            Some(name) => Err(Problem {
                place: self.place.then(Step::Field(name.clone())),
                what: What::Unknown,
            }),
            None => Ok(()),
        }
    }

    /// A field that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Node {
            value,
            place: self.place.then(Step::Field(name.to_owned())),
        })
    }

    pub(crate) fn need(&self, name: &str) -> Result<Node<'a>, Problem> {
        self.object()?;
        let place = || self.place.then(Step::Field(name.to_owned()));
        self.get(name).ok_or_else(|| Problem {
            place: place(),
            what: What::Missing,
        })
    }

    pub(crate) fn items(&self) -> Result<Vec<Node<'a>>, Problem> {
        let items = self
            .value
            .as_array()
            .ok_or_else(|| self.wrong_type("an array"))?;
        let nodes = items.iter().enumerate();
        Ok(nodes
            .map(|(index, value)| Node {
                value,
                place: self.place.then(Step::Item(index)),
            })
            .collect())
    }

    pub(crate) fn text(&self) -> Result<&'a str, Problem> {
        self.value
            .as_str()
            .ok_or_else(|| self.wrong_type("a string"))
    }

    /// A text of at most so many characters.
    pub(crate) fn text_within(&self, most: usize) -> Result<&'a str, Problem> {
        let text = self.text()?;
        match text.chars().count() {
            got if got > most => Err(self.problem(What::TooLong { most, got })),
            _ => Ok(text),
        }
    }

    pub(crate) fn flag(&self) -> Result<bool, Problem> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong_type("a boolean"))
    }

    pub(crate) fn integer(&self, least: i64, most: i64) -> Result<i64, Problem> {
        let integer = self
            .value
            .as_i64()
            .ok_or_else(|| self.wrong_type("an integer"))?;
        self.within(integer as f64, least as f64, most as f64)?;
        Ok(integer)
    }

    pub(crate) fn count(&self, least: u64) -> Result<u64, Problem> {
        let count = self.integer(i64::try_from(least).unwrap_or(i64::MAX), i64::MAX)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    pub(crate) fn number(&self, least: f64, most: f64) -> Result<f64, Problem> {
        let number = self
            .value
            .as_f64()
            .ok_or_else(|| self.wrong_type("a decimal"))?;
        self.within(number, least, most)?;
        Ok(number)
    }

    fn within(&self, got: f64, least: f64, most: f64) -> Result<(), Problem> {
        if got < least {
            return Err(self.problem(What::Below { least, got }));
        }
        if got > most {
            return Err(self.problem(What::Above { most, got }));
        }
        Ok(())
    }

    pub(crate) fn one_of(&self, allowed: &[&str]) -> Result<&'a str, Problem> {
        let text = self.text()?;
        match allowed.contains(&text) {
            true => Ok(text),
            false => Err(self.not_one_of(text, allowed)),
        }
    }

    pub(crate) fn not_one_of(&self, got: &str, allowed: &[&str]) -> Problem {
        let allowed = allowed.iter().map(|name| (*name).to_owned()).collect();
        self.problem(What::NotOneOf {
            got: got.to_owned(),
            allowed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_written_as_each_dialect_does() {
        let body = json!({"messages": [{"role": 1}]});
        let messages = Node::root(&body).need("messages").unwrap().items().unwrap();
        let problem = messages[0].need("role").unwrap().text().unwrap_err();
        assert_eq!(problem.place.dotted(), "messages.0.role");
        assert_eq!(problem.place.bracketed(), "messages[0].role");
        assert_eq!(
            problem.what,
            What::Type {
                expected: "a string",
                got: "an integer"
            }
        );
    }

    #[test]
    fn a_null_is_an_absent_field() {
        let body = json!({"a": null});
        assert!(Node::root(&body).get("a").is_none());
        assert_eq!(Node::root(&body).need("a").unwrap_err().what, What::Missing);
    }
}
