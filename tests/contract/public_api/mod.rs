//! The public API of a crate, read from its sources: the members of its types, on the async and on the
//! blocking side.
//!
//! Request builders have most of their methods in `impl<M>`, which serves both sides. Handles are
//! written twice: the blocking ones stand in `blocking`.

mod found;
mod known;
mod macros;
mod samples;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use found::idents;
use known::ALIASES;
use macros::{Body, Macros, Method};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{File, Item, ItemImpl, Type, UseTree, Visibility};

/// The sources of the client.
pub(crate) const CLIENT: &str = "crates/codex-client/src";

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

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
    /// The methods that serve both sides: those of the builders that do not wait.
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
        Self::with_sides(files(&workspace().join(CLIENT)))
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
    pub(crate) fn plain(folder: &str) -> Self {
        Self::read(files(&workspace().join(folder)), &Macros::default())
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
                self.of(&item.ident, side).values.extend(names);
            }
            Item::Enum(item) if is_public(&item.vis) => {
                let names = item
                    .variants
                    .iter()
                    .map(|variant| variant.ident.to_string());
                self.of(&item.ident, side).values.extend(names);
            }
            Item::Type(item) if is_public(&item.vis) => drop(self.of(&item.ident, side)),
            Item::Trait(item) if is_public(&item.vis) => {
                let body = macros.body(item.to_token_stream(), path);
                self.of(&item.ident, side).add(body);
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
                    let members = self.of(&implementation.of, side);
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
                self.of(&of.ident, side).add(body);
            }
            Some((implemented, _)) => {
                let name = &implemented.segments.last().unwrap().ident;
                if name == "Stream" || name == "Iterator" {
                    self.of(&of.ident, side).is_stream = true;
                }
            }
        }
    }

    /// Returns the members of a type on one side.
    fn of(&mut self, name: &impl ToString, side: Side) -> &mut Members {
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
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut names = BTreeSet::new();
        for item in &self.files[path].items {
            let (visibility, name) = match item {
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Fn(item) => (&item.vis, &item.sig.ident),
                Item::Mod(item) => (&item.vis, &item.ident),
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Trait(item) => (&item.vis, &item.ident),
                Item::Type(item) => (&item.vis, &item.ident),
                Item::Use(item) => {
                    if is_public(&item.vis) {
                        self.used(&item.tree, folder, &mut names);
                    }
                    continue;
                }
                Item::Macro(call) => {
                    if call.mac.path.is_ident(ALIASES) {
                        names.extend(aliases(call.mac.tokens.clone()));
                    }
                    continue;
                }
                _ => continue,
            };
            if is_public(visibility) {
                names.insert(name.to_string());
            }
        }
        names
    }

    /// Collects the names of a `use` in a folder.
    fn used(&self, tree: &UseTree, folder: &str, names: &mut BTreeSet<String>) {
        match tree {
            UseTree::Path(tree) => match &*tree.tree {
                UseTree::Glob(_) => {
                    names.extend(self.exports(&format!("{folder}/{}.rs", tree.ident)));
                }
                inner => self.used(inner, folder, names),
            },
            UseTree::Group(tree) => tree
                .items
                .iter()
                .for_each(|tree| self.used(tree, folder, names)),
            UseTree::Name(tree) => drop(names.insert(tree.ident.to_string())),
            UseTree::Rename(tree) => drop(names.insert(tree.rename.to_string())),
            UseTree::Glob(_) => panic!("a glob without a module"),
        }
    }
}

/// Returns the names of the aliases, without their parameters.
fn aliases(tokens: TokenStream) -> BTreeSet<String> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let names = tokens.split(is_comma).filter_map(|alias| alias.first());
    names.map(ToString::to_string).collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Parses the files in a folder, apart from tests. Their paths are relative to the folder.
fn files(root: &Path) -> BTreeMap<String, File> {
    let (mut folders, mut files) = (vec![root.to_owned()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if name.ends_with(".rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.insert(name, syn::parse_file(&text).unwrap());
            }
        }
    }
    files
}
