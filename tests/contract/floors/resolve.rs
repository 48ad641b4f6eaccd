//! Resolves a path in the code to the file that defines its item.

use std::collections::BTreeSet;

use super::sources::{Mention, ModulePath, Sources};

/// The meaning of a path.
#[derive(Clone)]
pub(crate) enum Target {
    Module(ModulePath),
    Item { file: usize, name: String },
}

/// Names that are being resolved. They stop cyclic imports from being followed forever.
type Pending = BTreeSet<(ModulePath, String)>;

impl Sources {
    /// Returns the file that defines the item, and the name of the item there. `None` for items of
    /// other crates, and for modules, which are not dependencies by themselves.
    pub(crate) fn definition(&self, mention: &Mention) -> Option<(usize, String)> {
        let target = self.resolve(&mention.module, &mention.path, &mut Pending::new());
        if let Some(Target::Item { file, name }) = target {
            return Some((file, name));
        }
        // A macro without a path is found by its position in the text instead of through imports.
        let [name] = mention.path.as_slice() else {
            return None;
        };
        let mut files = self.macros.get(name)?.iter();
        match (mention.is_macro_call, files.next(), files.next()) {
            (true, Some(file), None) => Some((*file, name.clone())),
            _ => None,
        }
    }

    fn resolve(&self, module: &[String], path: &[String], pending: &mut Pending) -> Option<Target> {
        let mut at = module.to_vec();
        let mut rest = path;
        // Whether the path leads into this crate, even if its item is not found.
        let mut is_inside = true;
        match path.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {}
            _ => is_inside = false,
        }
        while rest.first().is_some_and(|name| name == "super") {
            at.pop();
            rest = &rest[1..];
        }
        let mut target = Target::Module(at);
        for (index, name) in rest.iter().enumerate() {
            let Target::Module(at) = &target else { break };
            let is_last = index + 1 == rest.len();
            target = match self.lookup(at, name, is_last, pending) {
                Some(found) => found,
                // An item that a macro defines. A facade has none.
                None if is_inside || index > 0 => {
                    let file = self.modules.get(at)?.file;
                    if self.files[file].is_facade {
                        return None;
                    }
                    Target::Item {
                        file,
                        name: name.clone(),
                    }
                }
                None => return None,
            };
        }
        Some(target)
    }

    /// Finds a name in a module. The last name of a path is an item rather than a module, if both
    /// have it.
    fn lookup(
        &self,
        at: &[String],
        name: &str,
        is_last: bool,
        pending: &mut Pending,
    ) -> Option<Target> {
        let module = self.modules.get(at)?;
        let child = [at, &[name.to_owned()]].concat();
        let child = self
            .modules
            .contains_key(&child)
            .then_some(Target::Module(child));
        if child.is_some() && !is_last {
            return child;
        }
        if let Some(file) = module.items.get(name) {
            return Some(Target::Item {
                file: *file,
                name: name.to_owned(),
            });
        }
        if !pending.insert((at.to_vec(), name.to_owned())) {
            return child;
        }
        let mut bound = module.bindings.iter().filter(|(bound, _)| bound == name);
        let bound = bound.find_map(|(_, path)| self.resolve(at, path, pending));
        let found = bound.or(child).or_else(|| {
            module.globs.iter().find_map(|path| {
                let Some(Target::Module(inner)) = self.resolve(at, path, pending) else {
                    return None;
                };
                self.lookup(&inner, name, is_last, pending)
            })
        });
        pending.remove(&(at.to_vec(), name.to_owned()));
        found
    }
}
