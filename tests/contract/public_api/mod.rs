//! The public API of a crate, read from its sources: the members of its types, on the async and the
//! blocking side.
//!
//! Request builders have most of their methods in `impl<M>`, which serves both sides. Handles are
//! written twice: the blocking ones are in `blocking`.

mod exports;
mod found;
mod known;
mod macro_samples;
mod macros;

use std::collections::{BTreeMap, BTreeSet};

use exports::exports;
use found::{idents, is_public};
use macros::{Body, Macros, Method};
use quote::ToTokens;
use syn::{File, Item, ItemImpl, Type};

use crate::workspace;

/// The sources of the client.
pub(crate) const CLIENT: &str = "crates/codex-client/src";

/// The members of a type or trait.
#[derive(Default)]
pub(crate) struct Members {
    pub(crate) methods: BTreeMap<String, Method>,
    /// Fields, variants and constants.
    values: BTreeSet<String>,
    /// Whether the type is a `Stream` or an `Iterator`.
    pub(crate) is_stream: bool,
}

impl Members {
    fn add(&mut self, body: Body) {
        self.methods.extend(body.methods);
        self.values.extend(body.constants);
    }

    fn has(&self, name: &str) -> bool {
        self.methods.contains_key(name) || self.values.contains(name)
    }
}

/// Members by type.
pub(crate) type Types = BTreeMap<String, Members>;

#[derive(Default)]
pub(crate) struct Api {
    /// The async side, and types without sides.
    pub(crate) asynchronous: Types,
    /// The blocking side. A builder has the name of its alias.
    pub(crate) blocking: Types,
    /// The methods that serve both sides: the builders' methods that do not wait.
    pub(crate) both: Types,
    /// The async functions that belong to no type.
    pub(crate) async_functions: BTreeSet<String>,
    /// The files by their paths.
    files: BTreeMap<String, File>,
}

/// The side that code belongs to.
#[derive(Clone, Copy)]
enum Side {
    Async,
    Blocking,
    Both,
}

impl Api {
    /// Reads the client.
    pub(crate) fn client() -> Self {
        Self::with_sides(parsed(CLIENT))
    }

    /// Reads a crate with sides.
    fn with_sides(files: BTreeMap<String, File>) -> Self {
        let mut macros = Macros::default();
        for (path, file) in &files {
            macros.add(path, file);
        }
        let api = Self::read(files, &macros);
        let unread = macros.unread();
        assert!(unread.is_empty(), "public, but not read: {unread:#?}");
        api
    }

    /// Reads a crate without sides, apart from the members that macros define.
    pub(crate) fn plain(directory: &str) -> Self {
        Self::read(parsed(directory), &Macros::default())
    }

    fn read(files: BTreeMap<String, File>, macros: &Macros) -> Self {
        let mut api = Self::default();
        for (path, file) in &files {
            let side = match path.starts_with("blocking/") {
                true => Side::Blocking,
                false => Side::Async,
            };
            for item in &file.items {
                api.item(item, path, side, macros);
            }
        }
        api.files = files;
        api
    }

    fn item(&mut self, item: &Item, path: &str, side: Side, macros: &Macros) {
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                let fields = item.fields.iter().filter(|field| is_public(&field.vis));
                let names = fields.filter_map(|field| Some(field.ident.as_ref()?.to_string()));
                self.members(&item.ident, side).values.extend(names);
            }
            Item::Enum(item) if is_public(&item.vis) => {
                let names = item
                    .variants
                    .iter()
                    .map(|variant| variant.ident.to_string());
                self.members(&item.ident, side).values.extend(names);
            }
            Item::Type(item) if is_public(&item.vis) => {
                self.members(&item.ident, side);
            }
            Item::Trait(item) if is_public(&item.vis) => {
                let body = macros.body(item.to_token_stream(), path);
                self.members(&item.ident, side).add(body);
            }
            Item::Fn(item) if is_public(&item.vis) && item.sig.asyncness.is_some() => {
                self.async_functions.insert(item.sig.ident.to_string());
            }
            Item::Impl(item) => self.implementation(item, path, side, macros),
            Item::Macro(call) if call.ident.is_none() => {
                for implementation in macros.item(&call.mac, path) {
                    let side = match implementation.serves_both_sides {
                        true => Side::Both,
                        false => side,
                    };
                    let members = self.members(&implementation.subject, side);
                    members.is_stream |= implementation.is_stream;
                    members.add(implementation.body);
                }
            }
            _ => {}
        }
    }

    fn implementation(&mut self, item: &ItemImpl, path: &str, side: Side, macros: &Macros) {
        let Type::Path(of) = &*item.self_ty else {
            return;
        };
        let of = of.path.segments.last().unwrap();
        let arguments = idents(of.arguments.to_token_stream());
        let side = match arguments.last().map(String::as_str) {
            Some("M") => Side::Both,
            Some("Blocking") => Side::Blocking,
            _ => side,
        };
        match &item.trait_ {
            None => {
                let body = macros.body(item.to_token_stream(), path);
                self.members(&of.ident, side).add(body);
            }
            Some((implemented, _)) => {
                let name = &implemented.segments.last().unwrap().ident;
                if name == "Stream" || name == "Iterator" {
                    self.members(&of.ident, side).is_stream = true;
                }
            }
        }
    }

    /// Returns the members of a type on one side.
    fn members(&mut self, name: &impl ToString, side: Side) -> &mut Members {
        let types = match side {
            Side::Async => &mut self.asynchronous,
            Side::Blocking => &mut self.blocking,
            Side::Both => &mut self.both,
        };
        types.entry(name.to_string()).or_default()
    }

    /// Returns whether a public type has this name.
    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.asynchronous.contains_key(name)
    }

    /// Returns whether a type has a member, on both sides if it exists on both.
    pub(crate) fn has(&self, of: &str, member: &str) -> bool {
        let has = |types: &Types| types.get(of).map(|members| members.has(member));
        has(&self.both) == Some(true)
            || has(&self.asynchronous) == Some(true) && has(&self.blocking) != Some(false)
    }

    /// Returns the names that the file of a module exports.
    pub(crate) fn exports(&self, path: &str) -> BTreeSet<String> {
        exports(&self.files, path)
    }
}

/// Parses the sources in a directory, apart from tests.
fn parsed(directory: &str) -> BTreeMap<String, File> {
    let sources = workspace::sources(&workspace::root().join(directory)).into_iter();
    let is_test = |path: &str| path.split(['/', '.']).any(|part| part == "tests");
    let sources = sources.filter(|(path, _)| !is_test(path));
    let parsed = sources.map(|(path, text)| (path, syn::parse_file(&text).unwrap()));
    parsed.collect()
}
