//! The names that a module exports.

use std::collections::{BTreeMap, BTreeSet};

use syn::{File, Item, UseTree};

use super::{
    found::is_public,
    known::{ALIASES, aliases},
};

/// Returns the names that the file of a module exports.
pub(crate) fn exports(files: &BTreeMap<String, File>, path: &str) -> BTreeSet<String> {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut names = BTreeSet::new();
    for item in &files[path].items {
        let (visibility, name) = match item {
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Fn(item) => (&item.vis, &item.sig.ident),
            Item::Mod(item) => (&item.vis, &item.ident),
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Trait(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            Item::Use(item) => {
                if is_public(&item.vis) {
                    used(files, &item.tree, directory, &mut names);
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

/// Collects the names of a `use` in a directory.
fn used(
    files: &BTreeMap<String, File>,
    tree: &UseTree,
    directory: &str,
    names: &mut BTreeSet<String>,
) {
    match tree {
        UseTree::Path(tree) => match &*tree.tree {
            UseTree::Glob(_) => {
                names.extend(exports(files, &format!("{directory}/{}.rs", tree.ident)));
            }
            inner => used(files, inner, directory, names),
        },
        UseTree::Group(tree) => tree
            .items
            .iter()
            .for_each(|tree| used(files, tree, directory, names)),
        UseTree::Name(tree) => drop(names.insert(tree.ident.to_string())),
        UseTree::Rename(tree) => drop(names.insert(tree.rename.to_string())),
        UseTree::Glob(_) => panic!("a glob without a module"),
    }
}
