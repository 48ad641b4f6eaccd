//! The sources of a crate, parsed into modules.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    slice,
};

use syn::{Expr, ExprLit, Item, Lit, Meta, Token, parse::Parser, punctuated::Punctuated};

use super::paths::Reader;
use crate::workspace;

/// A source file: its path relative to `src`, with `/` separators, and its text.
pub(crate) type Source = (String, String);

/// Names from the root of the crate; empty for the root.
pub(crate) type ModulePath = Vec<String>;

/// The modules of a crate and the paths that its code mentions.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) modules: BTreeMap<ModulePath, Module>,
    /// The files that define each `macro_rules!` macro, by its name.
    pub(crate) macros: BTreeMap<String, BTreeSet<usize>>,
}

pub(crate) struct SourceFile {
    pub(crate) path: String,
    /// Whether the file only declares modules and re-exports.
    pub(crate) is_facade: bool,
    pub(crate) mentions: BTreeSet<Mention>,
}

/// A path in the code of a file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mention {
    /// The module in which the path is resolved.
    pub(crate) module: ModulePath,
    pub(crate) path: Vec<String>,
    pub(crate) is_macro_call: bool,
}

/// The names in the scope of a module.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: usize,
    /// The items defined here, and the file that defines each. It is a different file only for
    /// exported macros, which belong to the root.
    pub(crate) items: BTreeMap<String, usize>,
    /// The names that a `use` binds, and the path of each.
    pub(crate) bindings: Vec<(String, Vec<String>)>,
    /// The paths of glob imports.
    pub(crate) globs: Vec<Vec<String>>,
}

impl Sources {
    /// Reads the sources in a directory.
    pub(crate) fn read(root: &Path) -> Self {
        Self::parse(&workspace::sources(root))
    }

    /// Parses the sources of a crate, starting at `lib.rs` or `main.rs` and following the `mod`
    /// declarations. Leaves out modules and items that are compiled only for tests.
    pub(crate) fn parse(sources: &[Source]) -> Self {
        let mut parsed = Self::default();
        for root in ["lib.rs", "main.rs"] {
            parsed.add(sources, root, &[], "");
        }
        parsed
    }

    /// Parses a file, if it exists, and the modules that it declares. `directory` holds the files
    /// of these modules: empty, or with a trailing `/`. Returns whether the file exists.
    fn add(&mut self, sources: &[Source], path: &str, module: &[String], directory: &str) -> bool {
        let Some((_, text)) = sources.iter().find(|(name, _)| name == path) else {
            return false;
        };
        let file =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        self.files.push(SourceFile {
            path: path.to_owned(),
            is_facade: file.items.iter().all(fits_facade),
            mentions: BTreeSet::new(),
        });
        Reader::new(self, self.files.len() - 1, module.to_vec()).read(&file.items);
        for item in &file.items {
            self.add_module(sources, path, item, module, directory);
        }
        true
    }

    /// Adds the module that an item of a file declares, if it declares one.
    fn add_module(
        &mut self,
        sources: &[Source],
        file: &str,
        item: &Item,
        module: &[String],
        directory: &str,
    ) {
        let Item::Mod(item) = item else { return };
        if item.attrs.iter().any(is_for_tests) {
            return;
        }
        let name = item.ident.to_string();
        let module = [module, slice::from_ref(&name)].concat();
        let inner = format!("{directory}{name}/");
        if let Some((_, items)) = &item.content {
            for item in items {
                self.add_module(sources, file, item, &module, &inner);
            }
        } else if let Some(path) = path_attribute(&item.attrs) {
            // Relative to the file that has the attribute.
            let path = format!("{}{path}", parent(file));
            self.add(sources, &path, &module, parent(&path));
        } else if !is_test_directory(directory, &name)
            && !self.add(sources, &format!("{directory}{name}.rs"), &module, &inner)
        {
            self.add(sources, &format!("{inner}mod.rs"), &module, &inner);
        }
    }
}

/// Returns the directory of a file, with a trailing `/`.
fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// Returns the path of `#[path = "..."]`.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(path),
                    ..
                }) => Some(path.value()),
                _ => None,
            },
            _ => None,
        })
}

/// Returns whether a module is in a place for tests: `tests.rs` or below `tests/`.
fn is_test_directory(directory: &str, name: &str) -> bool {
    name == "tests" || directory.split('/').any(|part| part == "tests")
}

/// Returns whether an item can appear in a file that only declares modules and re-exports.
fn fits_facade(item: &Item) -> bool {
    match item {
        Item::Use(_) | Item::ExternCrate(_) => true,
        Item::Mod(item) => item.content.is_none() || item.attrs.iter().any(is_for_tests),
        _ => false,
    }
}

/// Returns whether an attribute restricts its item to tests: `cfg(test)`, `cfg(doctest)`,
/// `cfg(fuzzing)`, or an `all` with one of them.
pub(crate) fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && list.parse_args().is_ok_and(|meta| requires_test(&meta))
}

fn requires_test(meta: &Meta) -> bool {
    let Meta::List(list) = meta else {
        let conditions = ["test", "doctest", "fuzzing"];
        return conditions.iter().any(|name| meta.path().is_ident(name));
    };
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let Ok(inner) = parser.parse2(list.tokens.clone()) else {
        return false;
    };
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => inner.iter().any(requires_test),
        Some("any") => inner.iter().all(requires_test),
        _ => false,
    }
}
