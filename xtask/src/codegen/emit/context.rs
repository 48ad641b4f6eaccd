//! The documentation of types: the schema's description, and the place of the type in the protocol.

use std::collections::BTreeMap;

use super::docs;
use crate::codegen::{
    load::references,
    model::{Kind, Method, Model, Slot, TaggedVariant, Type},
};

/// The model, and what is known about each definition.
pub(crate) struct Context<'a> {
    pub(crate) model: &'a Model,
    /// The roles of each definition in the protocol, as sentences.
    roles: BTreeMap<&'a str, Vec<String>>,
    /// Links to the fields, variants and aliases that use a definition.
    users: BTreeMap<String, Vec<String>>,
    /// Descriptions of methods and variants by the definition that holds their fields. `None` if
    /// several share it.
    shared_docs: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        let mut context = Self {
            model,
            roles: BTreeMap::new(),
            users: BTreeMap::new(),
            shared_docs: BTreeMap::new(),
        };
        for union in &model.unions {
            for method in &union.methods {
                context.add_method(&union.name, method);
            }
        }
        for (name, ty) in &model.types {
            context.add_type(name, &ty.kind);
        }
        context
    }

    fn add_method(&mut self, union: &str, method: &'a Method) {
        let kind = match union {
            "ServerRequest" => "server request",
            "ClientRequest" => "request",
            _ => "notification",
        };
        if let Some(params) = &method.params {
            let link = variant_link(&method.method, union, &method.ident);
            let response = method.response.as_ref();
            let response = response.map(|name| format!(" The response is {}.", type_link(name)));
            self.add_role(
                params,
                format!(
                    "Parameters of the {kind} {link}.{}",
                    response.unwrap_or_default()
                ),
            );
            self.add_docs(params, method.docs.as_deref());
        }
        if let Some(response) = &method.response {
            let params = match &method.params {
                Some(params) => type_link(params),
                None => format!("[`{0}`](crate::request::{0})", method.ident),
            };
            self.add_role(
                response,
                format!("Response to `{}` ({params}).", method.method),
            );
        }
    }

    fn add_type(&mut self, name: &str, kind: &'a Kind) {
        if let Kind::Tagged(tagged) = kind {
            for variant in &tagged.variants {
                self.add_body(name, &tagged.tag, variant);
            }
        }
        for slot in kind.slots() {
            let ident = &slot.ident;
            match kind {
                Kind::Mixed(_) => self.add_payload(name, slot),
                Kind::Object(_) => self.add_user(slot, &member_link("field", name, ident)),
                Kind::Untagged(_) => self.add_user(slot, &member_link("variant", name, ident)),
                _ => self.add_user(slot, &type_link(name)),
            }
        }
    }

    fn add_body(&mut self, name: &str, tag: &str, variant: &'a TaggedVariant) {
        if let Some(body) = &variant.body {
            let ident = &variant.name.ident;
            let link = variant_link(&format!("{name}::{ident}"), name, ident);
            let role = format!("Body of {link} (`{tag}`: `{}`).", variant.name.wire);
            self.add_role(body, role);
            self.add_docs(body, variant.name.docs.as_deref());
        }
    }

    fn add_payload(&mut self, name: &str, slot: &'a Slot) {
        let link = variant_link(&format!("{name}::{}", slot.ident), name, &slot.ident);
        if let Some((payload, _)) = self.model.types.get_key_value(&slot.rust) {
            self.add_role(
                payload,
                format!("Payload of {link} (key: `{}`).", slot.name),
            );
            self.add_docs(payload, slot.docs.as_deref());
        }
    }

    fn add_role(&mut self, name: &'a str, sentence: String) {
        self.roles.entry(name).or_default().push(sentence);
    }

    fn add_docs(&mut self, name: &'a str, docs: Option<&'a str>) {
        self.shared_docs
            .entry(name)
            .and_modify(|docs| *docs = None)
            .or_insert(docs);
    }

    /// Records the user of the types in a slot's schema.
    fn add_user(&mut self, slot: &Slot, link: &str) {
        for used in references(&slot.schema) {
            let users = self.users.entry(used).or_default();
            if users.last().is_none_or(|last| last != link) {
                users.push(link.to_owned());
            }
        }
    }

    /// The documentation of a type.
    pub(crate) fn type_docs(&self, name: &str, ty: &Type) -> String {
        let shared = self.shared_docs.get(name).copied().flatten();
        let description = ty.docs.as_deref().or(shared).map(docs::prose);
        let paragraphs = [description, self.role(name)];
        let paragraphs: Vec<_> = paragraphs.into_iter().flatten().collect();
        docs::with_stage(paragraphs.join("\n\n"), ty.experimental)
    }

    /// The place of the type in the protocol. For a type that is neither described nor part of a
    /// message: the fields and variants that use it.
    fn role(&self, name: &str) -> Option<String> {
        if let Some(sentences) = self.roles.get(name) {
            return Some(sentences.join("\n\n"));
        }
        let ty = self.model.types.get(name)?;
        if ty.docs.is_some() {
            return None;
        }
        Some(match self.users.get(name).map(Vec::as_slice) {
            None | Some([]) => {
                "Defined by the schema, but used by none of its messages.".to_owned()
            }
            Some([one]) => format!("Used in {one}."),
            Some([one, two]) => format!("Used in {one} and {two}."),
            Some([one, two, three]) => format!("Used in {one}, {two} and {three}."),
            Some([one, two, rest @ ..]) => {
                format!("Used in {one}, {two} and {} other places.", rest.len())
            }
        })
    }

    /// The description of a variant: its own, or the first paragraph of its body's description.
    pub(crate) fn variant_docs(&self, own: Option<&str>, body: Option<&str>) -> Option<String> {
        let of_body = || self.model.types.get(body?)?.docs.as_deref();
        let first_paragraph = |docs: &str| docs.split("\n\n").next().map(str::to_owned);
        own.map(str::to_owned)
            .or_else(|| of_body().and_then(first_paragraph))
    }
}

fn type_link(name: &str) -> String {
    format!("[`{name}`](crate::{name})")
}

/// A link to a variant of an enum.
fn variant_link(text: &str, name: &str, variant: &str) -> String {
    format!("[`{text}`](crate::{name}::{variant})")
}

/// A link to a field or variant. `kind` distinguishes a field from a method of the same name.
fn member_link(kind: &str, name: &str, member: &str) -> String {
    format!("[`{name}::{member}`]({kind}@crate::{name}::{member})")
}
