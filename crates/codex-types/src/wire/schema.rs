//! JSON Schemas of the types, for the feature `schema`.
//!
//! A schema describes what a value is written as, from the table that defines how it is written. An
//! open enum or union accepts everything that has no variant, as its `Unrecognized` does.

/// Implements `JsonSchema` if the feature is enabled.
macro_rules! schema {
    ($name:ident, $generator:ident => $schema:expr) => {
        #[cfg(feature = "schema")]
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            #[allow(unused_variables)]
            fn json_schema($generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                $schema
            }
        }
    };
}

/// Adds one field to the schema of an object. The rules are those of
/// [`object!`](crate::wire::object).
macro_rules! field_schema {
    (envelope $object:ident $generator:ident $key:literal $field:expr) => {};
    ($rule:ident $object:ident $generator:ident $key:literal $field:expr) => {
        $object.field(
            $generator,
            $key,
            $crate::wire::schema::Presence::$rule,
            $field,
        )
    };
}

/// The schema of one variant of a tagged union or of a message.
macro_rules! body_schema {
    ($generator:ident ($body:ident)) => {
        Some($generator.subschema_for::<$body>())
    };
    ($generator:ident) => {
        None::<::schemars::Schema>
    };
}

pub(crate) use {body_schema, field_schema, schema};

#[cfg(feature = "schema")]
pub(crate) use writing::*;

#[cfg(feature = "schema")]
mod writing {
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde_json::{Map, Value, json};

    /// Whether a field is always written, and whether it may be absent when it is read. The names
    /// are those of the rules.
    ///
    /// The types of a release may not need all of them.
    #[allow(non_camel_case_types, dead_code)]
    #[derive(Clone, Copy, PartialEq)]
    pub(crate) enum Presence {
        required,
        natural,
        nullable,
        default,
        default_or_null,
        optional,
        omittable,
        clearable,
    }

    /// The schema of an object.
    #[derive(Default)]
    pub(crate) struct ObjectSchema {
        properties: Map<String, Value>,
        required: Vec<&'static str>,
        additional: Option<Value>,
    }

    impl ObjectSchema {
        /// Adds a field. Its type is that of the field which the function returns.
        pub(crate) fn field<T, F: JsonSchema>(
            &mut self,
            generator: &mut SchemaGenerator,
            key: &'static str,
            presence: Presence,
            _: fn(&T) -> &F,
        ) {
            let schema = generator.subschema_for::<F>().to_value();
            self.properties.insert(key.to_owned(), schema);
            let is_required = match presence {
                Presence::required | Presence::natural => true,
                Presence::nullable | Presence::default | Presence::default_or_null => {
                    generator.contract().is_serialize()
                }
                Presence::optional | Presence::omittable | Presence::clearable => false,
            };
            if is_required {
                self.required.push(key);
            }
        }

        /// Accepts no other members.
        #[allow(dead_code)]
        pub(crate) fn refuse(&mut self) {
            self.additional = Some(false.into());
        }

        /// Accepts other members as those of the map that the function returns.
        pub(crate) fn rest<T, R: JsonSchema>(
            &mut self,
            generator: &mut SchemaGenerator,
            _: fn(&T) -> &R,
        ) {
            let map = R::json_schema(generator);
            self.additional = map.get("additionalProperties").cloned();
        }

        pub(crate) fn finish(self) -> Schema {
            let mut schema = json_schema!({ "type": "object" });
            if !self.properties.is_empty() {
                schema.insert("properties".to_owned(), self.properties.into());
            }
            if !self.required.is_empty() {
                schema.insert("required".to_owned(), self.required.into());
            }
            if let Some(additional) = self.additional {
                schema.insert("additionalProperties".to_owned(), additional);
            }
            schema
        }
    }

    /// An enum of strings. An open one accepts all other strings, too.
    pub(crate) fn strings(values: &[&str], is_open: bool) -> Schema {
        match is_open {
            true => json_schema!({ "anyOf": [{ "enum": values }, { "type": "string" }] }),
            false => json_schema!({ "type": "string", "enum": values }),
        }
    }

    /// A tagged union: the tags, and the schemas of the other members.
    pub(crate) fn tagged(tag: &str, variants: Vec<(&str, Option<Schema>)>) -> Schema {
        let tags: Vec<_> = variants.iter().map(|(value, _)| *value).collect();
        let known = json!({ "properties": { tag: { "enum": tags } }, "required": [tag] });
        let variants = variants.into_iter().map(|(value, body)| {
            let mut variant = body.map_or_else(Map::new, |body| match body.to_value() {
                Value::Object(body) => body,
                _ => Map::new(),
            });
            variant.insert("type".to_owned(), "object".into());
            let tags = json!({ tag: { "const": value } });
            variant.insert("properties".to_owned(), tags);
            variant.insert("required".to_owned(), json!([tag]));
            Value::Object(variant)
        });
        open(variants.collect(), known)
    }

    /// A union of strings and of objects with a single key.
    pub(crate) fn mixed(strings: &[&str], payloads: Vec<(&str, Schema)>) -> Schema {
        let mut variants: Vec<Value> = Vec::new();
        let mut known: Vec<Value> = Vec::new();
        if !strings.is_empty() {
            variants.push(json!({ "type": "string", "enum": strings }));
            known.push(json!({ "enum": strings }));
        }
        for (key, payload) in payloads {
            variants.push(json!({
                "type": "object", "properties": { key: payload }, "required": [key],
            }));
            known.push(json!({ "type": "object", "required": [key] }));
        }
        open(variants, json!({ "anyOf": known }))
    }

    /// A message union: the methods, the schemas of the params, and the name of the field for the
    /// time, if there is one.
    pub(crate) fn messages(methods: Vec<(&str, Option<Schema>)>, time: &[&str]) -> Schema {
        let names: Vec<_> = methods.iter().map(|(method, _)| *method).collect();
        let known = json!({ "properties": { "method": { "enum": names } } });
        let variants = methods.into_iter().map(|(method, params)| {
            let mut properties = json!({ "method": { "const": method } });
            let mut required = vec!["method"];
            if let Some(params) = params {
                properties["params"] = params.to_value();
                required.push("params");
            }
            json!({ "properties": properties, "required": required })
        });
        let mut schema = open(variants.collect(), known);
        schema.insert("type".to_owned(), "object".into());
        let mut properties = json!({ "method": { "type": "string" } });
        if !time.is_empty() {
            properties["emittedAtMs"] = json!({ "type": "integer", "format": "int64" });
        }
        schema.insert("properties".to_owned(), properties);
        schema.insert("required".to_owned(), json!(["method"]));
        schema
    }

    /// An untagged union.
    pub(crate) fn untagged(variants: &[Schema]) -> Schema {
        json_schema!({ "anyOf": variants })
    }

    /// A union that accepts everything except for values of known variants, which must match theirs.
    fn open(mut variants: Vec<Value>, known: Value) -> Schema {
        let mut known = known;
        if known.get("properties").is_some() {
            known["type"] = "object".into();
        }
        variants.push(json!({ "not": known }));
        json_schema!({ "anyOf": variants })
    }
}
