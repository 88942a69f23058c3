//! A request's parameters, from its path, its query (GET) or its JSON body, read as protobuf's JSON is: an absent
//! field and an empty one are the same, whole numbers may come as text, unknown fields are ignored, names may be in
//! camel case.

use crate::answer::ApiError;
use serde_json::{Map, Value};

#[derive(Debug, Default)]
pub(crate) struct Parameters {
    fields: Map<String, Value>,
    /// From a query everything is text, and one value may stand for a list.
    is_query: bool,
}

impl Parameters {
    pub(crate) fn from_query(pairs: Vec<(String, String)>) -> Self {
        let mut fields: Map<String, Value> = Map::new();
        for (name, value) in pairs {
            match fields
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()))
            {
                Value::Array(values) => values.push(Value::String(value)),
                other => *other = Value::String(value),
            }
        }
        Self {
            fields,
            is_query: true,
        }
    }

    /// An empty body is an empty message.
    pub(crate) fn from_body(body: &[u8]) -> Result<Self, ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self {
                fields,
                is_query: false,
            }),
            Ok(_) => Err(ApiError::invalid("The request body must be a JSON object.")),
            Err(error) => Err(ApiError::invalid(format!(
                "The request body is no JSON: {error}"
            ))),
        }
    }

    /// A parameter of the path, which wins.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        let value = Value::String(value);
        let value = if self.is_query {
            Value::Array(vec![value])
        } else {
            value
        };
        self.fields.insert(name.to_string(), value);
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.fields
            .get(name)
            .or_else(|| self.fields.get(&camel_case(name)))
            .filter(|value| !value.is_null())
    }

    fn single(&self, name: &str) -> Option<&Value> {
        match self.field(name)? {
            Value::Array(values) if self.is_query => values.first(),
            value => Some(value),
        }
    }

    /// A text; empty where it is absent.
    pub(crate) fn text(&self, name: &str) -> Result<&str, ApiError> {
        match self.single(name) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        match self.text(name)? {
            "" => Err(ApiError::invalid(format!(
                "Missing value for required parameter '{name}'. See the API docs for more information about request \
                 parameters."
            ))),
            text => Ok(text),
        }
    }

    /// A whole number; a fraction is cut off.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.single(name) {
            None => Ok(None),
            Some(value) => as_integer(value)
                .map(Some)
                .ok_or_else(|| wrong_type(name, value)),
        }
    }

    /// How many results a page may have: from 1 to `most`.
    pub(crate) fn max_results(&self, default: u32, most: u32) -> Result<u32, ApiError> {
        let Some(asked) = self.integer("max_results")? else {
            return Ok(default);
        };
        match u32::try_from(asked) {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(ApiError::invalid(format!(
                "Invalid value {asked} for parameter 'max_results' supplied. It must be a positive integer of at most \
                 {most}. See the API docs for more information about request parameters."
            ))),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let wrong = |value| wrong_type(name, value);
        match self.field(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| {
                    value
                        .as_str()
                        .map(str::to_string)
                        .ok_or_else(|| wrong(value))
                })
                .collect(),
            Some(other) => Err(wrong(other)),
        }
    }

    /// A list of objects.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<&Map<String, Value>>, ApiError> {
        match self.field(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| value.as_object().ok_or_else(|| wrong_type(name, value)))
                .collect(),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64()?.trunc();
            (number.abs() < 9e15).then_some(number as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn wrong_type(name: &str, value: &Value) -> ApiError {
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    ApiError::invalid(format!(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. See the API docs \
         for more information about request parameters."
    ))
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_string();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_and_a_body_say_the_same() {
        let query = Parameters::from_query(vec![
            ("ids".into(), "a".into()),
            ("ids".into(), "b".into()),
            ("max_results".into(), "5".into()),
        ]);
        let body =
            Parameters::from_body(br#"{"ids":["a","b"],"maxResults":5.9,"x":null}"#).unwrap();
        for parameters in [query, body] {
            assert_eq!(parameters.texts("ids").unwrap(), ["a", "b"]);
            assert_eq!(parameters.integer("max_results").unwrap(), Some(5));
            assert_eq!(parameters.text("x").unwrap(), "");
            assert!(parameters.required_text("x").is_err());
            assert!(!parameters.has("x"));
        }
    }

    #[test]
    fn a_wrong_type_names_the_parameter() {
        let body =
            Parameters::from_body(br#"{"name":5,"list":"a","n":"x","max_results":0}"#).unwrap();
        for message in [
            body.text("name").unwrap_err().message,
            body.texts("list").unwrap_err().message,
            body.integer("n").unwrap_err().message,
            body.max_results(1, 10).unwrap_err().message,
        ] {
            assert!(message.starts_with("Invalid value"), "{message}");
        }
        assert!(Parameters::from_body(b"[]").is_err());
        assert!(Parameters::from_body(b"{").is_err());
        assert!(Parameters::from_body(b"").is_ok());
    }
}
