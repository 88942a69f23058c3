//! JSON text whose fields stay in the order in which they are written, as the real servers send them.
//! (`serde_json::Map` sorts its keys.)

use serde::Serialize;
use serde_json::value::RawValue;

/// One JSON value, already written.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Json(Box<RawValue>);

impl Json {
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        Self(RawValue::from_string(text).unwrap_or_default())
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.get()
    }
}

/// Collects the fields of one object.
#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            text: "{".to_owned(),
        }
    }

    pub(crate) fn field(&mut self, name: &str, value: &impl Serialize) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(Json::of(&name).as_str());
        self.text.push(':');
        self.text.push_str(Json::of(value).as_str());
    }

    pub(crate) fn finish(mut self) -> Json {
        self.text.push('}');
        Json(RawValue::from_string(self.text).unwrap_or_default())
    }
}

/// `object! { "id": id, "object": "model" }`: a [`Json`] object with its fields in this order.
macro_rules! object {
    ($($name:literal : $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut writer = $crate::simulated::json::Writer::new();
        $(writer.field($name, &$value);)*
        writer.finish()
    }};
}
pub(crate) use object;

#[cfg(test)]
mod tests {
    #[test]
    fn fields_keep_their_order() {
        let inner = object! { "z": 1, "a": [1, 2] };
        assert_eq!(
            object! { "type": "x", "inner": inner, "nothing": () }.as_str(),
            r#"{"type":"x","inner":{"z":1,"a":[1,2]},"nothing":null}"#
        );
    }
}
