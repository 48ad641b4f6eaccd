//! Reads the members of the public types of a crate from its sources.
//!
//! The members of a type are the methods of its `impl`s, the options that the macros of the request
//! builders write, its fields and its variants.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{ImplItem, Item, ItemImpl, Type, Visibility};

/// Members by type.
type Members = BTreeMap<String, BTreeSet<String>>;

/// The public types of a crate.
#[derive(Default)]
pub(crate) struct Api {
    /// The members of the async side, and of types that both sides share.
    shared: Members,
    /// The members of the blocking side: its handles, and the `send` of the builders.
    blocking: Members,
    /// The builders that are the same type on both sides.
    moded: BTreeSet<String>,
    /// The rules of all macros.
    macros: BTreeMap<String, TokenStream>,
}

impl Api {
    /// Reads the sources in a folder.
    pub(crate) fn read(root: &Path) -> Self {
        let files: Vec<_> = sources(root)
            .into_iter()
            .map(|path| {
                let text = fs::read_to_string(&path).unwrap();
                (
                    path.starts_with(root.join("blocking")),
                    syn::parse_file(&text).unwrap(),
                )
            })
            .collect();
        let mut api = Self::default();
        let items = || {
            files
                .iter()
                .flat_map(|(side, file)| file.items.iter().map(|item| (*side, item)))
        };
        for (_, item) in items() {
            if let Item::Macro(rules) = item
                && let Some(name) = &rules.ident
            {
                // Two files may each have a macro of this name, for their own types.
                let all = api.macros.entry(name.to_string()).or_default();
                all.extend(rules.mac.tokens.clone());
            }
        }
        for (blocking, item) in items() {
            api.item(item, blocking);
        }
        api
    }

    fn item(&mut self, item: &Item, blocking: bool) {
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                let fields = item.fields.iter().filter(|field| is_public(&field.vis));
                let names = fields.filter_map(|field| Some(field.ident.as_ref()?.to_string()));
                let names: Vec<_> = names.collect();
                self.of(&item.ident.to_string(), blocking).extend(names);
            }
            Item::Enum(item) if is_public(&item.vis) => {
                let names: Vec<_> = item
                    .variants
                    .iter()
                    .map(|variant| variant.ident.to_string())
                    .collect();
                self.of(&item.ident.to_string(), blocking).extend(names);
            }
            Item::Type(item) if is_public(&item.vis) => {
                self.of(&item.ident.to_string(), blocking);
            }
            Item::Impl(item) if item.trait_.is_none() => self.implementation(item, blocking),
            Item::Macro(invoked) if invoked.ident.is_none() => {
                let tokens = invoked.mac.tokens.clone();
                let name = invoked.mac.path.to_token_stream().to_string();
                let rules = self.macros.get(&name).cloned().unwrap_or_default();
                if let Some(ty) = implemented(rules) {
                    // Its arguments are the names of the members.
                    let mut members = self.written_by(&name, &tokens);
                    entries(tokens, &mut members);
                    self.of(&ty, blocking).extend(members);
                } else if let Some(ty) = idents(tokens.clone()).into_iter().next() {
                    let members = self.written_by(&name, &tokens);
                    if name == "turn_options" {
                        self.moded.insert(ty.clone());
                    }
                    self.of(&ty, blocking).extend(members);
                }
            }
            _ => {}
        }
    }

    fn implementation(&mut self, item: &ItemImpl, blocking: bool) {
        let Type::Path(path) = &*item.self_ty else {
            return;
        };
        let Some(segment) = path.path.segments.last() else {
            return;
        };
        let (name, arguments) = (
            segment.ident.to_string(),
            segment.arguments.to_token_stream(),
        );
        let arguments = idents(arguments);
        if arguments.iter().any(|argument| argument == "M") {
            self.moded.insert(name.clone());
        }
        let blocking = blocking || arguments.iter().any(|argument| argument == "Blocking");
        let mut members = BTreeSet::new();
        for item in &item.items {
            match item {
                ImplItem::Fn(method) if is_public(&method.vis) => {
                    members.insert(method.sig.ident.to_string());
                }
                ImplItem::Const(constant) if is_public(&constant.vis) => {
                    members.insert(constant.ident.to_string());
                }
                ImplItem::Macro(invoked) => {
                    let name = invoked.mac.path.to_token_stream().to_string();
                    members.extend(self.written_by(&name, &invoked.mac.tokens));
                }
                _ => {}
            }
        }
        self.of(&name, blocking).extend(members);
    }

    /// Returns the members of a type on one side.
    fn of(&mut self, name: &str, blocking: bool) -> &mut BTreeSet<String> {
        let side = if blocking {
            &mut self.blocking
        } else {
            &mut self.shared
        };
        side.entry(name.to_owned()).or_default()
    }

    /// Returns the members that a macro writes for these tokens.
    fn written_by(&self, name: &str, tokens: &TokenStream) -> BTreeSet<String> {
        let name = name.rsplit(' ').next().unwrap_or(name);
        let Some(rules) = self.macros.get(name) else {
            return BTreeSet::new();
        };
        let mut members = BTreeSet::new();
        self.written(rules.clone(), name, &mut members);
        if ["options", "thread_options"].contains(&name) {
            options(tokens, &mut members);
        }
        members
    }

    /// Collects the public functions in the rules of a macro, and those of the macros that it calls.
    fn written(&self, rules: TokenStream, of: &str, members: &mut BTreeSet<String>) {
        let tokens: Vec<_> = rules.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match (token, tokens.get(at + 1), tokens.get(at + 2)) {
                (TokenTree::Ident(word), Some(TokenTree::Ident(next)), _) if word == "pub" => {
                    let skipped = if *next == "async" { 3 } else { 2 };
                    // The caller of the macro gives the name of `pub fn $name`.
                    if let Some(TokenTree::Ident(name)) = tokens.get(at + skipped) {
                        members.insert(name.to_string());
                    }
                }
                (
                    TokenTree::Ident(name),
                    Some(TokenTree::Punct(mark)),
                    Some(TokenTree::Group(given)),
                ) if mark.as_char() == '!' && *name != of => {
                    members.extend(self.written_by(&name.to_string(), &given.stream()));
                }
                (TokenTree::Group(group), ..) => self.written(group.stream(), of, members),
                _ => {}
            }
        }
    }

    /// Returns whether a public type has this name.
    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.shared.contains_key(name)
    }

    /// Returns whether a type has a member, on both sides if it exists on both.
    pub(crate) fn has(&self, ty: &str, member: &str) -> bool {
        let has = |side: &Members| side.get(ty).is_some_and(|members| members.contains(member));
        let (there, here) = (has(&self.shared), has(&self.blocking));
        if self.blocking.contains_key(ty) && !self.moded.contains(ty) {
            return there && here;
        }
        there
    }
}

/// Collects the names of the options in `Params { name: type; name => field: type; }`.
fn options(tokens: &TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens.clone() {
        if let TokenTree::Group(group) = token
            && group.delimiter() == Delimiter::Brace
        {
            entries(group.stream(), names);
        }
    }
}

/// Collects the first word of each entry. A semicolon ends an entry.
fn entries(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let mut begins = true;
    for token in tokens {
        match &token {
            TokenTree::Ident(name) if begins => {
                names.insert(name.to_string());
                begins = false;
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => begins = true,
            // Tokens that another macro adds.
            TokenTree::Punct(mark) if mark.as_char() == '$' => begins = false,
            _ => {}
        }
    }
}

/// Returns the type that a macro writes an `impl` for, if it is always the same.
fn implemented(rules: TokenStream) -> Option<String> {
    let tokens: Vec<_> = rules.into_iter().collect();
    tokens.iter().enumerate().find_map(|(at, token)| match token {
        TokenTree::Group(group) => implemented(group.stream()),
        TokenTree::Ident(word) if word == "impl" => {
            let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
                return None;
            };
            // A body follows; the `impl` of a trait would have `for`.
            let arguments = |token: &&TokenTree| match token {
                TokenTree::Punct(mark) => ['<', '>', ','].contains(&mark.as_char()),
                TokenTree::Ident(word) => *word != "for",
                _ => false,
            };
            let body = tokens[at + 2..].iter().find(|token| !arguments(token));
            let body = matches!(body, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
            body.then(|| name.to_string())
        }
        _ => None,
    })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Returns all identifiers in order, except those in attributes.
pub(crate) fn idents(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) => all.push(word.to_string()),
            TokenTree::Group(group) => all.extend(idents(group.stream())),
            TokenTree::Punct(mark) if mark.as_char() == '#' => drop(tokens.next()),
            _ => {}
        }
    }
    all
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
    all
}
