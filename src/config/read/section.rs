//! `section!`: a mapping with known fields, declared once.

/// Declares a section of the file. Each field is `Option<Located<T>>`: absent, or read without a mistake. A field
/// marked `= required` is noted where it is missing.
macro_rules! section {
    (
        $(#[$attribute:meta])*
        pub(crate) struct $name:ident {
            $( $(#[$field_attribute:meta])* $field:ident : $type:ty $(= $required:ident)? ),* $(,)?
        }
    ) => {
        #[derive(schemars::JsonSchema)]
        $(#[$attribute])*
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            $(
                $(#[$field_attribute])*
                $(#[schemars($required)])?
                pub(crate) $field: Option<$crate::config::read::Located<$type>>,
            )*
        }

        impl $crate::config::read::Read for $name {
            fn read(
                node: &$crate::config::yaml::Node,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                let fields = reader.fields(node, &[$(stringify!($field)),*])?;
                Some(Self {
                    $(
                        $field: fields.take(
                            stringify!($field),
                            !["", $(stringify!($required))?].concat().is_empty(),
                            reader,
                        ),
                    )*
                })
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }
    };
}
pub(crate) use section;
