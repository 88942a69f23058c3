//! The JSON Schema of the file, for editors: made from the same declarations that read it.

use super::sections::Document;
use schemars::generate::SchemaSettings;

/// The schema, draft 2020-12.
pub fn schema() -> schemars::Schema {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), "Tollgate configuration".into());
    schema
}

/// The schema as `tollgate schema` prints it and `config/schema.json` has it.
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(schema().as_value()).unwrap_or_default();
    text.push('\n');
    text
}
