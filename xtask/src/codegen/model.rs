//! What the generator knows about the protocol once the schema has been understood.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The whole protocol.
#[derive(Default)]
pub(crate) struct Model {
    /// Every type by the name of its definition.
    pub(crate) types: BTreeMap<String, Type>,
    /// The four unions of messages.
    pub(crate) unions: Vec<Messages>,
}

/// One definition.
pub(crate) struct Type {
    /// Description in the schema.
    pub(crate) docs: Option<String>,
    /// Whether only the experimental bundle has it.
    pub(crate) experimental: bool,
    /// Whether a client sends it: as params, or as the answer to a server's request.
    pub(crate) sent: bool,
    pub(crate) kind: Kind,
}

/// The shapes a definition may have.
pub(crate) enum Kind {
    /// A struct.
    Object(Object),
    /// An enum of strings.
    Strings(Strings),
    /// An enum of objects that a property tells apart.
    Tagged(Tagged),
    /// An enum of strings and objects of one key.
    Mixed(Mixed),
    /// An enum whose variants differ in shape only.
    Untagged(Vec<Slot>),
    /// A string with a meaning.
    Text,
    /// Another name for a type.
    Alias(Slot),
    /// Written by hand, in `codex_types::rpc`.
    ByHand,
    /// Made from the table of methods.
    Messages,
}

/// A place for a value: its schema, and the Rust type once it has been lowered.
pub(crate) struct Slot {
    /// Wire name of a field or key; name of an untagged variant.
    pub(crate) name: String,
    /// Rust name: of the field or of the variant.
    pub(crate) ident: String,
    /// Without nullability.
    pub(crate) schema: Value,
    /// Rust type, without `Option`; empty before lowering.
    pub(crate) rust: String,
    pub(crate) docs: Option<String>,
    pub(crate) experimental: bool,
}

/// A struct.
pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
    /// Type of the values of further properties, if they are kept.
    pub(crate) rest: Option<Slot>,
    /// Whether `Debug` must not show further properties.
    pub(crate) rest_secret: bool,
    /// Whether further properties are refused.
    pub(crate) strict: bool,
}

impl Object {
    /// Whether there is anything that `Debug` must not show.
    pub(crate) fn has_secrets(&self) -> bool {
        self.rest_secret || self.fields.iter().any(|field| field.secret)
    }
}

/// A field of a struct.
pub(crate) struct Field {
    pub(crate) slot: Slot,
    pub(crate) rule: Rule,
    /// What the server takes when the field is absent.
    pub(crate) default: Option<Value>,
    /// Whether `Debug` must not show it.
    pub(crate) secret: bool,
}

/// How a field stands on the wire; see `codex_types::wire::object`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    Required,
    Nullable,
    Optional,
    Clearable,
    Default,
    Envelope,
}

/// An enum of strings.
pub(crate) struct Strings {
    pub(crate) values: Vec<Word>,
    /// False for the few enums that tell members of a union apart.
    pub(crate) open: bool,
}

/// A variant without contents.
pub(crate) struct Word {
    pub(crate) wire: String,
    pub(crate) ident: String,
    pub(crate) docs: Option<String>,
    pub(crate) experimental: bool,
}

/// An enum of objects that a property tells apart.
pub(crate) struct Tagged {
    /// The property.
    pub(crate) tag: String,
    pub(crate) variants: Vec<TaggedVariant>,
}

/// A variant of a tagged enum.
pub(crate) struct TaggedVariant {
    pub(crate) word: Word,
    /// Definition of its fields; `None` if it has none.
    pub(crate) body: Option<String>,
}

/// An enum of strings and objects of one key.
pub(crate) struct Mixed {
    pub(crate) words: Vec<Word>,
    pub(crate) keyed: Vec<Slot>,
}

/// A union of messages.
pub(crate) struct Messages {
    /// Name of the enum.
    pub(crate) name: String,
    pub(crate) docs: Option<String>,
    pub(crate) methods: Vec<Method>,
}

/// A method, or a notification.
#[derive(Clone)]
pub(crate) struct Method {
    /// On the wire.
    pub(crate) method: String,
    /// Name of the variant.
    pub(crate) ident: String,
    /// Definition of the params.
    pub(crate) params: Option<String>,
    /// Definition of the response; none for a notification.
    pub(crate) response: Option<String>,
    pub(crate) docs: Option<String>,
    pub(crate) experimental: bool,
}

impl Model {
    /// A union of messages by name.
    pub(crate) fn union(&self, name: &str) -> &[Method] {
        self.unions
            .iter()
            .find(|union| union.name == name)
            .map_or(&[], |union| &union.methods)
    }

    /// The definitions a type refers to.
    pub(crate) fn references(&self, name: &str) -> BTreeSet<String> {
        let Some(ty) = self.types.get(name) else {
            return BTreeSet::new();
        };
        let mut names = BTreeSet::new();
        let mut add = |slot: &Slot| names.extend(super::load::references(&slot.schema));
        match &ty.kind {
            Kind::Object(object) => {
                object.fields.iter().for_each(|field| add(&field.slot));
                object.rest.iter().for_each(add);
            }
            Kind::Mixed(mixed) => mixed.keyed.iter().for_each(add),
            Kind::Untagged(slots) => slots.iter().for_each(add),
            Kind::Alias(slot) => add(slot),
            Kind::Tagged(tagged) => {
                names.extend(
                    tagged
                        .variants
                        .iter()
                        .filter_map(|variant| variant.body.clone()),
                );
            }
            Kind::Strings(_) | Kind::Text | Kind::ByHand | Kind::Messages => {}
        }
        names
    }

    /// The struct of this name, if it is one.
    pub(crate) fn object(&self, name: &str) -> Option<&Object> {
        match &self.types.get(name)?.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }
}
