//! JSON written from front to back, without a tree. What was read as JSON goes out again as it was read.

use super::splice::is_plain;

/// Writes one JSON text. Commas are its own affair; that keys stand in objects alone is the caller's.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    after_value: bool,
}

impl Writer {
    /// A writer with room for that many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            after_value: false,
        }
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// An object with the fields that `fields` writes.
    pub fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.open(b'{');
        fields(self);
        self.close(b'}');
    }

    /// An array of the items that `items` writes.
    pub fn array(&mut self, items: impl FnOnce(&mut Self)) {
        self.open(b'[');
        items(self);
        self.close(b']');
    }

    /// Begins an object or an array, for those who cannot do with a closure.
    pub fn open(&mut self, bracket: u8) {
        self.before_value();
        self.out.push(bracket);
    }

    /// Ends what [`Writer::open`] began.
    pub fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.after_value = true;
    }

    /// The key of the value that comes next. It must need no escaping.
    pub fn key(&mut self, key: &str) {
        self.before_value();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A string, escaped.
    pub fn string(&mut self, text: &str) {
        self.before_value();
        escape(&mut self.out, text);
        self.after_value = true;
    }

    /// A string of parts that are escaped already.
    pub fn escaped<'p>(&mut self, parts: impl IntoIterator<Item = &'p str>) {
        self.before_value();
        self.out.push(b'"');
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.push(b'"');
        self.after_value = true;
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.before_value();
        self.out.extend_from_slice(json.as_bytes());
        self.after_value = true;
    }

    /// A key with a string, escaped.
    pub fn field(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    /// A key with a value that is JSON already.
    pub fn field_raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.raw(json);
    }

    /// A key with a number.
    pub fn field_count(&mut self, key: &str, count: u64) {
        self.key(key);
        self.count(count);
    }

    /// A number.
    pub fn count(&mut self, count: u64) {
        self.before_value();
        // Writing to memory never fails.
        let _ = serde_json::to_writer(&mut self.out, &count);
        self.after_value = true;
    }

    fn before_value(&mut self) {
        if std::mem::take(&mut self.after_value) {
            self.out.push(b',');
        }
    }
}

fn escape(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // Writing to memory never fails.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_values_alone() {
        let mut writer = Writer::default();
        writer.object(|w| {
            w.field("a", "x\"\n");
            w.key("b");
            w.array(|w| {
                w.count(1);
                w.object(|_| {});
                w.raw("null");
            });
            w.key("c");
            w.object(|w| w.field_raw("d", "1e400"));
            w.key("e");
            w.escaped(["\\u00e9", "x"]);
        });
        let expected = r#"{"a":"x\"\n","b":[1,{},null],"c":{"d":1e400},"e":"\u00e9x"}"#;
        assert_eq!(String::from_utf8(writer.finish()).unwrap(), expected);
    }
}
