//! The async and the blocking API have the same methods.
//!
//! Request builders have their options in `impl<M>`, which serves both sides; only `send` is written
//! per side. Handles are written twice. The test reads the sources of the client and compares.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{File, ImplItem, Item, ItemImpl, Type, Visibility};

/// Methods by type, under the name that users of its side write.
type Methods = BTreeMap<String, BTreeSet<String>>;

/// One side of the API.
#[derive(Default)]
struct Side {
    /// The methods written for this side only.
    methods: Methods,
    /// The types that are a `Stream` or an `Iterator`.
    streams: BTreeSet<String>,
    /// The types with an `async fn`.
    asynchronous: BTreeSet<String>,
    /// The names in the return types of a type's methods. For methods that a macro writes, all names in
    /// the macro.
    returned: Methods,
}

#[derive(Default)]
struct Api {
    asynchronous: Side,
    blocking: Side,
    /// Names that `blocking` exports.
    exported: BTreeSet<String>,
    /// The types that are generic over the mode.
    moded: BTreeSet<String>,
}

impl Api {
    /// Reads the sources of the client.
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/codex-client/src");
        let mut api = Self::default();
        for path in sources(&root) {
            let text = fs::read_to_string(&path).expect("a source file");
            let file = syn::parse_file(&text).expect("Rust");
            let blocking = path.starts_with(root.join("blocking"));
            api.file(&file, blocking);
            if path == root.join("blocking/mod.rs") {
                api.exports(&file);
            }
        }
        api
    }

    fn file(&mut self, file: &File, blocking: bool) {
        let macros = Macros::of(file);
        for item in &file.items {
            match item {
                Item::Impl(item) => self.implementation(item, blocking, &macros),
                // A macro that writes `impl`s for the types in its arguments.
                Item::Macro(invoked) => {
                    let side = self.side(blocking);
                    let methods = macros.methods(&invoked.mac);
                    if let Some(name) = words(invoked.mac.tokens.clone()).first()
                        && !methods.is_empty()
                    {
                        let mentioned = macros.mentioned(&invoked.mac);
                        side.returned
                            .entry(name.clone())
                            .or_default()
                            .extend(mentioned.iter().cloned());
                        side.methods
                            .entry(name.clone())
                            .or_default()
                            .extend(methods);
                    }
                }
                _ => {}
            }
        }
    }

    fn implementation(&mut self, item: &ItemImpl, blocking: bool, macros: &Macros) {
        let Type::Path(path) = &*item.self_ty else {
            return;
        };
        let Some(segment) = path.path.segments.last() else {
            return;
        };
        let name = segment.ident.to_string();
        let arguments = words(segment.arguments.to_token_stream());
        // Generic over the mode, so it serves both sides.
        if arguments.iter().any(|argument| argument == "M") {
            self.moded.insert(name);
            return;
        }
        let blocking = blocking || arguments.iter().any(|argument| argument == "Blocking");
        let side = self.side(blocking);
        if let Some((of, _)) = &item.trait_ {
            let of = of.segments.last().map(|of| of.ident.to_string());
            if matches!(of.as_deref(), Some("Stream" | "Iterator")) {
                side.streams.insert(name);
            }
            return;
        }
        for item in &item.items {
            match item {
                ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => {
                    if method.sig.asyncness.is_some() {
                        side.asynchronous.insert(name.clone());
                    }
                    let returned = words(method.sig.output.to_token_stream());
                    side.returned
                        .entry(name.clone())
                        .or_default()
                        .extend(returned);
                    let methods = side.methods.entry(name.clone()).or_default();
                    methods.insert(method.sig.ident.to_string());
                }
                ImplItem::Macro(invoked) => {
                    let methods = macros.methods(&invoked.mac);
                    side.methods
                        .entry(name.clone())
                        .or_default()
                        .extend(methods);
                }
                _ => {}
            }
        }
    }

    /// Collects the exports of `blocking`: its own types, and aliases of the builders.
    fn exports(&mut self, file: &File) {
        for item in &file.items {
            match item {
                Item::Use(item) if matches!(item.vis, Visibility::Public(_)) => {
                    self.exported.extend(names(item.tree.to_token_stream()));
                }
                Item::Macro(item) if item.mac.path.is_ident("builders") => {
                    self.exported.extend(builders(item.mac.tokens.clone()));
                }
                _ => {}
            }
        }
    }

    fn side(&mut self, blocking: bool) -> &mut Side {
        match blocking {
            true => &mut self.blocking,
            false => &mut self.asynchronous,
        }
    }
}

/// The macros of one file that write public methods. Macros shared by several files are for builders
/// and write both sides.
struct Macros(BTreeMap<String, Vec<String>>);

impl Macros {
    fn of(file: &File) -> Self {
        let rules = file.items.iter().filter_map(|item| match item {
            Item::Macro(item) => {
                let name = item.ident.as_ref()?.to_string();
                let words = words(item.mac.tokens.clone());
                Some((name, words))
            }
            _ => None,
        });
        Self(rules.collect())
    }

    fn methods(&self, invoked: &syn::Macro) -> BTreeSet<String> {
        public_functions(self.mentioned(invoked))
    }

    /// Returns all words of a macro.
    fn mentioned(&self, invoked: &syn::Macro) -> &[String] {
        let name = invoked.path.get_ident().map(ToString::to_string);
        let words = name.and_then(|name| self.0.get(&name));
        words.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Returns the names after `pub fn` and `pub async fn`.
fn public_functions(words: &[String]) -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let mut rest = words[at + 1..].iter().skip_while(|word| *word == "async");
        if word == "pub"
            && rest.next().is_some_and(|word| word == "fn")
            && let Some(name) = rest.next()
        {
            functions.insert(name.clone());
        }
    }
    functions
}

/// Returns all identifiers in order, and `(` for each group, because `pub(crate)` is not `pub`.
fn words(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => all.push(word.to_string()),
            TokenTree::Group(group) => {
                all.push("(".to_owned());
                all.extend(words(group.stream()));
            }
            _ => {}
        }
    }
    all
}

/// Returns all identifiers.
fn names(tokens: TokenStream) -> impl Iterator<Item = String> {
    words(tokens).into_iter().filter(|word| word != "(")
}

/// Returns the names of the builders, without their parameters and defaults.
fn builders(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    let mut depth = 0;
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' => depth -= 1,
            TokenTree::Ident(name) if depth == 0 => all.push(name.to_string()),
            _ => {}
        }
    }
    all
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let is_test = path.ends_with("tests");
        if path.is_dir() && !is_test {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
    all
}

#[test]
fn each_async_type_that_waits_has_a_blocking_twin() {
    let api = Api::read();
    let mut waits = &api.asynchronous.asynchronous | &api.asynchronous.streams;
    for (name, returned) in &api.asynchronous.returned {
        if !returned.is_disjoint(&api.moded) {
            waits.insert(name.clone());
        }
    }
    // Proves that the reader finds the types.
    assert!(
        waits.contains("ChatgptLoginHandle") && waits.contains("TurnStream"),
        "{waits:?}"
    );
    let missing: Vec<_> = (&waits & &public())
        .difference(&api.exported)
        .cloned()
        .collect();
    assert!(missing.is_empty(), "`blocking` has no {missing:?}");
}

/// Returns the names that the crate exports.
fn public() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/codex-client/src/lib.rs");
    let text = fs::read_to_string(path).expect("lib.rs");
    let file = syn::parse_file(&text).expect("Rust");
    let uses = file.items.iter().filter_map(|item| match item {
        Item::Use(item) if matches!(item.vis, Visibility::Public(_)) => {
            Some(names(item.tree.to_token_stream()))
        }
        _ => None,
    });
    uses.flatten().collect()
}

#[test]
fn each_type_has_the_same_methods_on_both_sides() {
    let api = Api::read();
    let (ours, theirs) = (&api.asynchronous, &api.blocking);
    let mut compared = 0;
    for name in &api.exported {
        let (Some(there), here) = (ours.methods.get(name), theirs.methods.get(name)) else {
            assert!(
                !theirs.methods.contains_key(name),
                "only in blocking: `{name}`"
            );
            continue;
        };
        let mut there = there.clone();
        if ours.streams.contains(name) {
            // `Iterator` provides `next`.
            assert!(theirs.streams.contains(name), "not an iterator: `{name}`");
            there.remove("next");
        }
        assert_eq!(there, here.cloned().unwrap_or_default(), "of `{name}`");
        compared += 1;
    }
    assert!(compared >= 8, "only {compared} types were found");
}

#[test]
fn methods_written_by_macros_are_found() {
    let api = Api::read();
    let methods = &api.blocking.methods["ChatgptLoginHandle"];
    assert!(
        methods.contains("wait") && methods.contains("auth_url"),
        "{methods:?}"
    );
}
