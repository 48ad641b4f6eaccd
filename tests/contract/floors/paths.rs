//! Collects the names that a file defines and the paths that its code mentions.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprPath, ImplItem, Item, ItemMacro, ItemUse, Lit, Macro, Meta, PatIdent,
    Path, TraitItem, UseTree, Visibility,
    visit::{self, Visit},
};

use super::sources::{Mention, ModulePath, Sources, is_for_tests};

/// Reads one file, module by module.
pub(crate) struct Reader<'a> {
    sources: &'a mut Sources,
    file: usize,
    module: ModulePath,
    /// The names that patterns bind in the file.
    locals: BTreeSet<String>,
    /// Single lower-case names used as values: variables or functions.
    values: Vec<(ModulePath, String)>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(sources: &'a mut Sources, file: usize, module: ModulePath) -> Self {
        Self {
            sources,
            file,
            module,
            locals: BTreeSet::new(),
            values: Vec::new(),
        }
    }

    /// Reads the items of the file.
    pub(crate) fn read(mut self, items: &[Item]) {
        self.read_module(items);
        for (module, name) in std::mem::take(&mut self.values) {
            if !self.locals.contains(&name) {
                self.module = module;
                self.mention(vec![name], false);
            }
        }
    }

    /// Reads the items of the current module.
    fn read_module(&mut self, items: &[Item]) {
        let file = self.file;
        let module = self.sources.modules.entry(self.module.clone()).or_default();
        module.file = file;
        for item in items.iter().filter(|item| !is_test_item(item)) {
            if let Some(name) = name_of(item) {
                let module = self.sources.modules.entry(self.module.clone());
                module.or_default().items.insert(name, file);
            }
            self.visit_item(item);
        }
    }

    fn mention(&mut self, path: Vec<String>, is_macro_call: bool) {
        let mention = Mention {
            module: self.module.clone(),
            path,
            is_macro_call,
        };
        self.sources.files[self.file].mentions.insert(mention);
    }

    /// Records the imports of a `use`. A re-export counts only where the code mentions its name.
    fn import(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        let path = |name: &syn::Ident| {
            let mut path = prefix.to_vec();
            if name != "self" || path.is_empty() {
                path.push(name.to_string());
            }
            path
        };
        let (path, name) = match tree {
            UseTree::Path(tree) => return self.import(&tree.tree, &path(&tree.ident), is_public),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, is_public);
                }
                return;
            }
            UseTree::Glob(_) => (prefix.to_vec(), None),
            UseTree::Name(name) => {
                let path = path(&name.ident);
                let last = path.last().cloned();
                (path, last)
            }
            UseTree::Rename(rename) => (path(&rename.ident), Some(rename.rename.to_string())),
        };
        let module = self.sources.modules.entry(self.module.clone()).or_default();
        match name {
            Some(name) => module.bindings.push((name, path.clone())),
            None => module.globs.push(path.clone()),
        }
        if !is_public {
            self.mention(path, false);
        }
    }

    /// Records the paths in the tokens of a macro. The body of a definition is resolved where the
    /// macro is called, so only its paths from the root of the crate count here.
    fn tokens(&mut self, tokens: TokenStream, is_definition: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next_is_ident = matches!(tokens.get(at + 1), Some(TokenTree::Ident(_)));
            let after_dot = at > 0 && is_mark(&tokens[at - 1], '.');
            match token {
                TokenTree::Group(group) => self.tokens(group.stream(), is_definition),
                // The name of a lifetime, a field or a method, but not the end of a range.
                TokenTree::Punct(mark) if next_is_ident && mark.as_char() == '\'' => at += 1,
                TokenTree::Punct(mark) if next_is_ident && mark.as_char() == '.' && !after_dot => {
                    at += 1;
                }
                // A variable of the macro, unless it is `$crate`.
                TokenTree::Punct(mark) if next_is_ident && mark.as_char() == '$' => {
                    let is_crate =
                        matches!(&tokens[at + 1], TokenTree::Ident(name) if name == "crate");
                    at += usize::from(!is_crate);
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = tokens[at..].iter().position(|token| is_mark(token, ';'));
                    if let Some(end) = end
                        && self.use_in_macro(&tokens[at..=at + end], is_definition)
                    {
                        at += end;
                    }
                }
                TokenTree::Ident(_) => {
                    let path = path_at(&tokens[at..]);
                    // Each further segment has two colons before it.
                    at += 3 * (path.len() - 1);
                    let is_macro_call = tokens.get(at + 1).is_some_and(|token| is_mark(token, '!'));
                    let is_type = path[0].starts_with(char::is_uppercase);
                    let is_relative = path.len() > 1 || is_type || is_macro_call;
                    if path[0] == "crate" || (!is_definition && is_relative) {
                        self.mention(path, is_macro_call);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Records a `use` in the tokens of a macro. Returns whether the tokens are one.
    fn use_in_macro(&mut self, tokens: &[TokenTree], is_definition: bool) -> bool {
        let tokens = tokens.iter().filter(|token| !is_mark(token, '$')).cloned();
        let Ok(item) = syn::parse2::<ItemUse>(tokens.collect()) else {
            return false;
        };
        let starts_at_root = matches!(&item.tree, UseTree::Path(tree) if tree.ident == "crate");
        if starts_at_root || !is_definition {
            self.import(&item.tree, &[], false);
        }
        true
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            item if is_test_item(item) => {}
            Item::Mod(module) => {
                if let Some((_, items)) = &module.content {
                    self.module.push(module.ident.to_string());
                    self.read_module(items);
                    self.module.pop();
                }
            }
            Item::Use(item) => {
                let is_public = !matches!(item.vis, Visibility::Inherited);
                if item.leading_colon.is_none() {
                    self.import(&item.tree, &[], is_public);
                }
            }
            Item::Macro(item) if is_definition(item) => {
                if let Some(name) = &item.ident {
                    let (name, file) = (name.to_string(), self.file);
                    if item
                        .attrs
                        .iter()
                        .any(|attribute| attribute.path().is_ident("macro_export"))
                    {
                        let root = self.sources.modules.entry(Vec::new()).or_default();
                        root.items.insert(name.clone(), file);
                    }
                    self.sources.macros.entry(name).or_default().insert(file);
                }
                self.tokens(item.mac.tokens.clone(), true);
            }
            item => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let for_tests = matches!(item, TraitItem::Fn(item) if item.attrs.iter().any(is_for_tests));
        if !for_tests {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.locals.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::Path(ExprPath { path, .. }) if is_value(path) => {
                let name = path.segments[0].ident.to_string();
                self.values.push((self.module.clone(), name));
            }
            // This is a function even if a variable has the same name.
            Expr::Call(call) if matches!(&*call.func, Expr::Path(func) if is_value(&func.path)) => {
                if let Expr::Path(func) = &*call.func {
                    self.visit_path(&func.path);
                }
                for argument in &call.args {
                    self.visit_expr(argument);
                }
            }
            expression => visit::visit_expr(self, expression),
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.mention(names.collect(), false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let names = call
            .path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.mention(names.collect(), true);
        self.tokens(call.tokens.clone(), false);
    }

    // serde takes paths as strings: `#[serde(with = "crate::wire")]`.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let Meta::List(list) = &attribute.meta else {
            return;
        };
        for token in list.tokens.clone() {
            if let TokenTree::Literal(_) = &token
                && let Ok(Lit::Str(text)) = syn::parse2(token.to_token_stream())
                && let Ok(path) = text.parse::<Path>()
                && path.segments.len() > 1
            {
                self.visit_path(&path);
            }
        }
    }

    // `pub(in crate::a)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// Returns whether a path may be the name of a variable.
fn is_value(path: &Path) -> bool {
    let name = path.get_ident().map(ToString::to_string);
    name.is_some_and(|name| name.starts_with(char::is_lowercase))
}

/// Returns the path at the start of the tokens, which begin with an identifier.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = vec![tokens[0].to_string()];
    while let [_, first, second, TokenTree::Ident(name), ..] = &tokens[3 * (path.len() - 1)..]
        && is_mark(first, ':')
        && is_mark(second, ':')
    {
        path.push(name.to_string());
    }
    path
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_definition(item: &ItemMacro) -> bool {
    item.mac.path.is_ident("macro_rules")
}

/// Returns the name that an item defines in its module.
fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_test_item(item: &Item) -> bool {
    let attributes = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(is_for_tests)
}
