//! The methods that macros define.
//!
//! Names and docs in the body of a macro are read unexpanded. The caller's arguments are read only
//! for known macros. A macro that defines something public but is not read is an error.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    iter,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{File, Item};

use super::{
    found::{Doc, Found, find, idents},
    known::{ALIASES, PASSED_ON, Row, STREAMS, TABLES, function_name, subject},
};

/// A method of a type or trait.
pub(crate) struct Method {
    pub(crate) docs: String,
    pub(crate) is_async: bool,
    /// The names in the return type.
    pub(crate) returns: BTreeSet<String>,
}

/// The methods and constants in the body of an `impl` or trait.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) methods: BTreeMap<String, Method>,
    pub(crate) constants: Vec<String>,
}

/// The methods that an item macro defines for a type.
pub(crate) struct Implementation {
    /// The name of the type.
    pub(crate) subject: String,
    pub(crate) serves_both_sides: bool,
    /// Whether the type becomes a `Stream` or an `Iterator`.
    pub(crate) is_stream: bool,
    pub(crate) body: Body,
}

/// A macro of the crate.
struct Definition {
    file: String,
    /// The right-hand sides of its rules.
    rules: Vec<TokenStream>,
    is_read: Cell<bool>,
}

/// The macros of a crate, by name.
#[derive(Default)]
pub(crate) struct Macros(BTreeMap<String, Vec<Definition>>);

impl Macros {
    /// Adds the macros that a file defines.
    pub(crate) fn add(&mut self, path: &str, file: &File) {
        for item in &file.items {
            if let Item::Macro(item) = item
                && let Some(name) = &item.ident
            {
                let tokens = item.mac.tokens.clone().into_iter();
                let groups = tokens.filter_map(|token| match token {
                    TokenTree::Group(group) => Some(group.stream()),
                    _ => None,
                });
                let definition = Definition {
                    file: path.to_owned(),
                    rules: groups.skip(1).step_by(2).collect(),
                    is_read: Cell::new(false),
                };
                self.0.entry(name.to_string()).or_default().push(definition);
            }
        }
    }

    /// Finds a macro that is called in a file: the one that the file defines, or the only one.
    fn find(&self, name: &str, file: &str) -> Option<&Definition> {
        let all = self.0.get(name)?;
        let here = all.iter().find(|definition| definition.file == file);
        assert!(here.is_some() || all.len() == 1, "{file}: which `{name}!`?");
        here.or(all.first())
    }

    /// Reads the body of an `impl` or trait.
    pub(crate) fn body(&self, tokens: TokenStream, file: &str) -> Body {
        let mut body = Body::default();
        self.collect(tokens, file, None, &mut body);
        body
    }

    /// Reads a call to an item macro.
    pub(crate) fn item(&self, called: &syn::Macro, file: &str) -> Vec<Implementation> {
        let path = idents(called.path.to_token_stream());
        let mut name = path.last().unwrap().clone();
        let mut arguments = called.tokens.clone();
        let Some(mut definition) = self.find(&name, file) else {
            return Vec::new();
        };
        if TABLES.contains(&&*name) {
            name = arguments.to_string();
            // `$callback! { rows }`
            let table = find(definition.rules[0].clone());
            let [Found::Call(_, rows)] = &table[..] else {
                panic!("`{name}!` is not a table");
            };
            arguments = rows.clone();
            definition = self.find(&name, file).unwrap();
        }
        if name == ALIASES {
            definition.is_read.set(true);
            return Vec::new();
        }
        let implementations = Row::all(&name, arguments.clone())
            .into_iter()
            .filter_map(|row| {
                let Some((subject, serves_both_sides)) = subject(&name, &row) else {
                    let is_public = self.is_public(&name, definition);
                    assert!(
                        !is_public,
                        "{file}: `{name}!` is public: add it to `subject`"
                    );
                    return None;
                };
                // The caller may pass methods.
                let mut body = self.body(arguments.clone(), file);
                self.expand(definition, &name, &row, &mut body);
                Some(Implementation {
                    subject,
                    serves_both_sides,
                    is_stream: STREAMS.contains(&&*name),
                    body,
                })
            });
        implementations.collect()
    }

    /// Adds the functions in tokens. In the body of a macro, `row` holds the macro's name and its
    /// caller's arguments.
    fn collect(&self, tokens: TokenStream, file: &str, row: Option<(&str, &Row)>, body: &mut Body) {
        for found in find(tokens) {
            match found {
                Found::Constant(name) => body.constants.push(name),
                // A macro that calls itself defines nothing else.
                Found::Call(called, _) if row.is_some_and(|(name, _)| name == called) => {}
                Found::Call(called, arguments) => {
                    let called = &*called;
                    let passed_on = PASSED_ON.iter().filter(|(from, _)| *from == called);
                    for name in iter::once(called).chain(passed_on.map(|(_, to)| *to)) {
                        if let Some(definition) = self.find(name, file) {
                            for row in Row::all(name, arguments.clone()) {
                                self.expand(definition, name, &row, body);
                            }
                        }
                    }
                }
                Found::Function(function) => {
                    let of_caller = || row.and_then(|(of, row)| function_name(of, row));
                    let Some(name) = function.name.or_else(of_caller) else {
                        continue;
                    };
                    let docs = function
                        .docs
                        .into_iter()
                        .flat_map(|line| match (line, row) {
                            (Doc::OfCaller, Some((_, row))) => row.docs.clone(),
                            (line, _) => vec![line],
                        });
                    let docs = docs.map(|line| match line {
                        Doc::Line(line) => line + "\n",
                        Doc::OfCaller => String::new(),
                    });
                    body.methods.entry(name).or_insert(Method {
                        docs: docs.collect(),
                        is_async: function.is_async,
                        returns: function.returns,
                    });
                }
            }
        }
    }

    /// Adds the functions that a macro defines for a row.
    fn expand(&self, definition: &Definition, name: &str, row: &Row, body: &mut Body) {
        definition.is_read.set(true);
        for rule in &definition.rules {
            self.collect(rule.clone(), &definition.file, Some((name, row)), body);
        }
    }

    /// Returns whether a macro defines something public, either itself or through a macro that it
    /// calls.
    fn is_public(&self, name: &str, definition: &Definition) -> bool {
        let is_public = |found| match found {
            Found::Call(called, _) if called != name => self
                .find(&called, &definition.file)
                .is_some_and(|definition| self.is_public(&called, definition)),
            _ => false,
        };
        let mut rules = definition.rules.iter();
        rules.any(|rule| {
            has_public_item(rule.clone()) || find(rule.clone()).into_iter().any(is_public)
        })
    }

    /// Returns the macros that define something public but were not read.
    pub(crate) fn unread(&self) -> Vec<String> {
        let all = self
            .0
            .iter()
            .flat_map(|(name, all)| all.iter().map(move |one| (name, one)));
        let unread = all.filter(|(name, one)| !one.is_read.get() && self.is_public(name, one));
        unread
            .map(|(name, one)| format!("{}: `{name}!`", one.file))
            .collect()
    }
}

/// Returns whether tokens contain a `pub`, other than `pub(crate)`.
fn has_public_item(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_public = match token {
            TokenTree::Ident(word) if word == "pub" => !matches!(
                tokens.peek(),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
            ),
            TokenTree::Group(group) => has_public_item(group.stream()),
            _ => false,
        };
        if is_public {
            return true;
        }
    }
    false
}
