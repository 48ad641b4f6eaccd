//! The model of the protocol that the generator builds from the schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The whole protocol.
#[derive(Default)]
pub(crate) struct Model {
    /// All types, by the name of their definition.
    pub(crate) types: BTreeMap<String, Type>,
    /// The four message unions.
    pub(crate) unions: Vec<MessageUnion>,
    /// The params that are copies of a definition.
    pub(crate) copies: Copies,
    /// The methods whose params a table names.
    pub(crate) named_params: BTreeSet<String>,
}

/// Definitions that are copies of another one, which methods would have to share otherwise.
#[derive(Debug, Default)]
pub(crate) struct Copies(BTreeMap<String, String>);

impl Copies {
    pub(crate) fn add(&mut self, copy: String, original: String) {
        self.0.insert(copy, original);
    }

    /// The definition that this one is a copy of, or else itself. What is known about the original
    /// holds for the copy too.
    pub(crate) fn original<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }
}

/// One definition of the schema.
pub(crate) struct Type {
    pub(crate) docs: Option<String>,
    /// Whether only the experimental bundle contains the definition.
    pub(crate) experimental: bool,
    /// Whether a client sends the type, in request params or in responses to server requests.
    pub(crate) sent: bool,
    /// Whether a server writes the type, in notifications, in its requests or in responses.
    pub(crate) received: bool,
    pub(crate) kind: Kind,
}

/// The shape of a definition.
pub(crate) enum Kind {
    /// A struct.
    Object(Object),
    /// An enum of strings.
    Strings(Strings),
    /// An enum of objects, distinguished by a tag property.
    Tagged(Tagged),
    /// An enum of strings and single-key objects.
    Mixed(Mixed),
    /// An enum without a tag: decoding takes the first variant whose shape matches.
    Untagged(Vec<Slot>),
    /// A newtype around a string.
    StringNewtype,
    /// A type alias.
    Alias(Alias),
    /// Any JSON value.
    Any,
    /// A type written by hand, with its path in `codex_types`.
    HandWritten(&'static str),
    /// A definition without a Rust type of its own.
    Untyped,
    /// A message union, generated from the method table.
    Messages,
}

/// A type alias.
pub(crate) struct Alias {
    pub(crate) target: Slot,
    /// Whether the alias is an `Option` of the target.
    pub(crate) nullable: bool,
}

/// A typed position: a field, a variant's payload or an alias target. Holds the schema of the value
/// and, after lowering, its Rust type.
pub(crate) struct Slot {
    /// Wire name of a field or key; name of an untagged variant.
    pub(crate) name: String,
    /// Rust name of the field or variant.
    pub(crate) ident: String,
    /// Schema of the value, without `null`.
    pub(crate) schema: Value,
    /// Rust type, without `Option`; empty before lowering.
    pub(crate) rust: String,
    pub(crate) docs: Option<String>,
    pub(crate) experimental: bool,
}

/// A struct.
pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
    /// Value type of additional properties, if the struct keeps them.
    pub(crate) rest: Option<Slot>,
    /// Whether `Debug` redacts the additional properties.
    pub(crate) rest_secret: bool,
    /// Whether additional properties are an error.
    pub(crate) strict: bool,
    /// Whether the schema refuses additional properties.
    pub(crate) closed: bool,
}

impl Object {
    /// Any object: it has no known fields, and keeps all members.
    pub(crate) fn any() -> Self {
        Self {
            fields: Vec::new(),
            rest: Some(Slot {
                name: "rest".to_owned(),
                ident: "rest".to_owned(),
                schema: Value::Bool(true),
                rust: "Value".to_owned(),
                docs: None,
                experimental: false,
            }),
            // Nothing is known about the members.
            rest_secret: true,
            strict: false,
            closed: false,
        }
    }

    /// Whether `Debug` shows the struct as it is.
    pub(crate) fn has_plain_debug(&self) -> bool {
        let mut fields = self.fields.iter();
        !self.rest_secret && fields.all(|field| field.shown == Shown::Plain)
    }
}

/// A field of a struct.
pub(crate) struct Field {
    pub(crate) slot: Slot,
    pub(crate) rule: Rule,
    /// Whether a required field that is absent takes the natural value of its type.
    pub(crate) natural: bool,
    /// Value that the server assumes when the field is absent.
    pub(crate) default: Option<Value>,
    /// Whether the value may be `null`.
    pub(crate) nullable: bool,
    /// The form of the field in `Debug`.
    pub(crate) shown: Shown,
}

/// The form of a field in `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    /// The value.
    Plain,
    /// The value, with keys and tokens masked in its text.
    Masked,
    /// Nothing of the value.
    Hidden,
}

/// The rule by which a field is read and written; `codex_types::wire::object` documents each.
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
    pub(crate) variants: Vec<UnitVariant>,
    /// Whether the enum ends in `Unrecognized`. False for the enums that distinguish the members of
    /// an untagged union.
    pub(crate) open: bool,
    /// Whether the schema accepts other values than those of the variants.
    pub(crate) partial: bool,
}

/// A variant of a known wire value.
pub(crate) struct UnitVariant {
    pub(crate) wire: String,
    pub(crate) ident: String,
    pub(crate) docs: Option<String>,
    pub(crate) experimental: bool,
}

/// An enum of objects, distinguished by a tag property.
pub(crate) struct Tagged {
    /// Name of the tag property.
    pub(crate) tag: String,
    pub(crate) variants: Vec<TaggedVariant>,
}

/// A variant of a tagged enum.
pub(crate) struct TaggedVariant {
    pub(crate) name: UnitVariant,
    /// Definition that holds the variant's fields; `None` if it has none.
    pub(crate) body: Option<String>,
}

/// An enum of strings and single-key objects.
pub(crate) struct Mixed {
    pub(crate) strings: Vec<UnitVariant>,
    pub(crate) keyed: Vec<Slot>,
    /// Whether the schema accepts other values than those of the variants.
    pub(crate) partial: bool,
}

/// A message union.
pub(crate) struct MessageUnion {
    /// Name of the enum.
    pub(crate) name: String,
    pub(crate) docs: Option<String>,
    pub(crate) methods: Vec<Method>,
}

/// A request or notification.
#[derive(Clone)]
pub(crate) struct Method {
    /// Method name on the wire.
    pub(crate) method: String,
    /// Name of the enum variant.
    pub(crate) ident: String,
    /// Definition of the params.
    pub(crate) params: Option<String>,
    /// Definition of the response; `None` for notifications, and for requests whose response is any
    /// value.
    pub(crate) response: Option<String>,
    pub(crate) docs: Option<String>,
    pub(crate) experimental: bool,
}

impl Model {
    /// The methods of a message union; empty if the union does not exist.
    pub(crate) fn methods(&self, union: &str) -> &[Method] {
        self.unions
            .iter()
            .find(|candidate| candidate.name == union)
            .map_or(&[], |union| &union.methods)
    }

    /// The struct with this name, if the definition is one.
    pub(crate) fn object(&self, name: &str) -> Option<&Object> {
        match &self.types.get(name)?.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Like [`object`](Self::object), but mutable.
    pub(crate) fn object_mut(&mut self, name: &str) -> Option<&mut Object> {
        match &mut self.types.get_mut(name)?.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The definitions that a type refers to.
    pub(crate) fn references(&self, name: &str) -> BTreeSet<String> {
        let Some(ty) = self.types.get(name) else {
            return BTreeSet::new();
        };
        let of_slots = ty.kind.slots().into_iter();
        let mut names: BTreeSet<_> = of_slots
            .flat_map(|slot| super::load::references(&slot.schema))
            .collect();
        if let Kind::Tagged(tagged) = &ty.kind {
            let bodies = tagged.variants.iter();
            names.extend(bodies.filter_map(|variant| variant.body.clone()));
        }
        names
    }
}

impl Kind {
    /// The slots of the type, in order.
    pub(crate) fn slots(&self) -> Vec<&Slot> {
        match self {
            Self::Object(object) => object
                .fields
                .iter()
                .map(|field| &field.slot)
                .chain(&object.rest)
                .collect(),
            Self::Mixed(mixed) => mixed.keyed.iter().collect(),
            Self::Untagged(slots) => slots.iter().collect(),
            Self::Alias(alias) => vec![&alias.target],
            _ => Vec::new(),
        }
    }

    /// The values, tags and keys of the variants of an enum.
    pub(crate) fn wire_values(&self) -> Vec<&str> {
        match self {
            Self::Strings(strings) => strings.variants.iter().map(|v| &*v.wire).collect(),
            Self::Tagged(tagged) => tagged.variants.iter().map(|v| &*v.name.wire).collect(),
            Self::Mixed(mixed) => {
                let strings = mixed.strings.iter().map(|v| &*v.wire);
                strings
                    .chain(mixed.keyed.iter().map(|slot| &*slot.name))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Like [`slots`](Self::slots), but mutable.
    pub(crate) fn slots_mut(&mut self) -> Vec<&mut Slot> {
        match self {
            Self::Object(object) => object
                .fields
                .iter_mut()
                .map(|field| &mut field.slot)
                .chain(&mut object.rest)
                .collect(),
            Self::Mixed(mixed) => mixed.keyed.iter_mut().collect(),
            Self::Untagged(slots) => slots.iter_mut().collect(),
            Self::Alias(alias) => vec![&mut alias.target],
            _ => Vec::new(),
        }
    }
}
