//! The pinned schema, read independently of the generator, so that the tests do not share its
//! mistakes.

mod corrections;
mod kept;
mod make;
mod order;
mod same;
mod shape;
pub mod validator;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

pub use make::Choices;
pub use order::{Order, text};
use serde_json::Value;
pub use shape::{Body, Field, Object, Shape, tag_of};

use crate::manifest_dir::manifest_dir;

/// The unions of messages, which have methods instead of tags.
pub const MESSAGES: &[&str] = &[
    "ClientNotification",
    "ClientRequest",
    "ServerNotification",
    "ServerRequest",
];

/// The definitions of a bundle in one namespace.
pub struct Schema {
    definitions: BTreeMap<String, Value>,
    sent: BTreeSet<String>,
}

impl Schema {
    /// Reads the bundle that the types are generated from, with known errors corrected.
    ///
    /// # Panics
    ///
    /// If the bundle cannot be read, or a correction no longer applies.
    #[must_use]
    pub fn pinned() -> Self {
        let mut definitions = bundle("experimental");
        corrections::correct(&mut corrections::Definitions {
            all: &mut definitions,
            strict: is_pinned(),
        });
        for schema in definitions.values_mut() {
            shape::simplify(schema);
        }
        let mut schema = Self {
            definitions,
            sent: BTreeSet::new(),
        };
        schema.sent = schema.reachable_from_client_messages();
        schema
    }

    /// Reads the bundle as it was printed, without corrections.
    #[must_use]
    pub fn printed() -> Self {
        Self {
            definitions: bundle("experimental"),
            sent: BTreeSet::new(),
        }
    }

    /// Returns the names of all definitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().map(String::as_str)
    }

    /// Returns a definition by name.
    ///
    /// # Panics
    ///
    /// If the definition does not exist.
    #[must_use]
    pub fn definition(&self, name: &str) -> &Value {
        let schema = self.definitions.get(name);
        schema.unwrap_or_else(|| panic!("`{name}` is not defined"))
    }

    /// Returns why a value does not match a definition, if it does not.
    #[must_use]
    pub fn fault(&self, name: &str, value: &Value) -> Option<String> {
        let find = |name: &str| self.definitions.get(name);
        validator::check(&find, self.definition(name), value).err()
    }

    /// Whether a value matches a definition.
    #[must_use]
    pub fn accepts(&self, name: &str, value: &Value) -> bool {
        let find = |name: &str| self.definitions.get(name);
        validator::accepts(&find, self.definition(name), value)
    }

    /// Returns whether clients send the type, in which case absent members must stay absent.
    #[must_use]
    pub fn is_sent(&self, name: &str) -> bool {
        self.sent.contains(name)
    }

    fn reachable_from_client_messages(&self) -> BTreeSet<String> {
        let answers = codex_types::SERVER_METHODS.iter();
        let mut open: Vec<String> = answers.map(|row| row.response.to_owned()).collect();
        open.push("ClientRequest".to_owned());
        let mut reached = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(schema) = self.definitions.get(&name)
                && reached.insert(name)
            {
                references(schema, &mut open);
            }
        }
        reached
    }
}

/// Returns whether the schema is that of the pinned release. The copies of the workspace that
/// `cargo xtask releases` makes have the schema of another release, and no lock file.
#[must_use]
pub fn is_pinned() -> bool {
    manifest_dir().join("../schema/codex.lock.toml").exists()
}

/// Returns the definitions of a bundle as it was printed, with those of `v2` beside the others, and
/// with the parts that older releases have.
///
/// # Panics
///
/// If the bundle cannot be read.
#[must_use]
pub fn bundle(name: &str) -> BTreeMap<String, Value> {
    let file = manifest_dir()
        .join("../schema")
        .join(name)
        .join("codex_app_server_protocol.schemas.json");
    let text = fs::read_to_string(&file).expect("the bundle");
    let mut bundle: Value = serde_json::from_str(&text).expect("a bundle of JSON");
    let Value::Object(mut definitions) = bundle["definitions"].take() else {
        panic!("a bundle without definitions");
    };
    let Some(Value::Object(v2)) = definitions.remove("v2") else {
        panic!("a bundle without `v2`");
    };
    let mut definitions = definitions.into_iter().chain(v2).collect();
    kept::add(name, &mut definitions);
    definitions
}

/// Collects the names of the definitions that a schema refers to.
fn references(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                into.push(shape::name_of(reference).to_owned());
            }
            object.values().for_each(|value| references(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, into)),
        _ => {}
    }
}
