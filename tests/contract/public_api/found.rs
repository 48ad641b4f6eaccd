//! Finds the public functions in Rust tokens. Bodies of macros are such tokens too: there, the
//! caller of the macro may provide the name of a function and part of its docs.

use std::{collections::BTreeSet, mem};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Ident, LitStr, Meta, Token, Visibility,
    parse::{ParseStream, Parser, Result},
    token,
};

/// A part of an `impl`, of a trait or of a macro.
pub(crate) enum Found {
    Function(Function),
    /// The name of a constant.
    Constant(String),
    /// A call to a macro: its name and its arguments.
    Call(String, TokenStream),
}

/// A public function.
pub(crate) struct Function {
    /// `None` if the caller of the macro provides the name.
    pub(crate) name: Option<String>,
    pub(crate) docs: Vec<Doc>,
    pub(crate) is_async: bool,
    /// The names in the return type.
    pub(crate) returns: BTreeSet<String>,
}

/// A line of documentation.
#[derive(Clone)]
pub(crate) enum Doc {
    Line(String),
    /// The lines that the caller of the macro provides.
    OfCaller,
}

/// Finds the public functions in tokens, and the calls to macros outside function bodies.
pub(crate) fn find(tokens: TokenStream) -> Vec<Found> {
    find_in(tokens, false).unwrap()
}

/// The functions of a trait have no `pub`.
fn find_in(tokens: TokenStream, is_trait: bool) -> Result<Vec<Found>> {
    let parser = |input: ParseStream<'_>| {
        let (mut found, mut docs) = (Vec::new(), Vec::new());
        while !input.is_empty() {
            if input.peek(Token![#]) && input.peek2(token::Bracket) {
                docs.extend(read_docs(&input.call(Attribute::parse_outer)?));
            } else if input.peek(Token![$]) && input.peek2(token::Paren) {
                input.parse::<Token![$]>()?;
                let repeated = group(input)?;
                if is_attribute_of_caller(&repeated) {
                    docs.push(Doc::OfCaller);
                } else {
                    // Docs inside the repetition are left out, because a row may lack them.
                    found.extend(find_in(repeated, is_trait)?);
                }
                input.parse::<Option<Token![*]>>()?;
                input.parse::<Option<Token![?]>>()?;
            } else if input.peek(Token![pub]) {
                if is_public(&input.parse()?) {
                    found.extend(public_item(input, mem::take(&mut docs))?);
                }
                docs.clear();
            } else if is_trait && input.peek(Token![fn]) {
                found.push(function(input, mem::take(&mut docs), false)?);
            } else if input.peek(Ident) && input.peek2(Token![!]) && is_group(input) {
                let name = input.parse::<Ident>()?.to_string();
                input.parse::<Token![!]>()?;
                found.push(Found::Call(name, group(input)?));
                docs.clear();
            } else {
                if let TokenTree::Group(group) = input.parse()? {
                    found.extend(find_in(group.stream(), is_trait)?);
                }
                docs.clear();
            }
        }
        Ok(found)
    };
    parser.parse2(tokens)
}

/// Returns whether tokens are `#[$doc]`.
fn is_attribute_of_caller(tokens: &TokenStream) -> bool {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    matches!(&tokens[..], [TokenTree::Punct(mark), TokenTree::Group(_)] if mark.as_char() == '#')
}

/// Returns whether the third token is a group.
fn is_group(input: ParseStream<'_>) -> bool {
    input.peek3(token::Paren) || input.peek3(token::Bracket) || input.peek3(token::Brace)
}

fn group(input: ParseStream<'_>) -> Result<TokenStream> {
    match input.parse()? {
        TokenTree::Group(group) => Ok(group.stream()),
        other => Err(syn::Error::new_spanned(other, "expected a group")),
    }
}

/// Reads an item after its `pub`. Items other than functions, constants and traits are left to the
/// caller.
fn public_item(input: ParseStream<'_>, docs: Vec<Doc>) -> Result<Vec<Found>> {
    if input.peek(Token![trait]) {
        while !input.peek(token::Brace) {
            input.parse::<TokenTree>()?;
        }
        return find_in(group(input)?, true);
    }
    let is_const = input.parse::<Option<Token![const]>>()?.is_some();
    let is_async = input.parse::<Option<Token![async]>>()?.is_some();
    if input.peek(Token![fn]) {
        Ok(vec![function(input, docs, is_async)?])
    } else if is_const {
        Ok(vec![Found::Constant(input.parse::<Ident>()?.to_string())])
    } else {
        Ok(Vec::new())
    }
}

/// Reads a function, starting at its `fn` and including its body.
fn function(input: ParseStream<'_>, docs: Vec<Doc>, is_async: bool) -> Result<Found> {
    input.parse::<Token![fn]>()?;
    let is_of_caller = input.parse::<Option<Token![$]>>()?.is_some();
    let name = input.parse::<Ident>()?.to_string();
    let (mut returns, mut has_arrow, mut has_where) = (BTreeSet::new(), false, false);
    while !input.is_empty() && !input.peek(Token![;]) && !input.peek(token::Brace) {
        has_arrow |= input.peek(Token![->]);
        has_where |= input.peek(Token![where]);
        let token = input.parse::<TokenTree>()?;
        if has_arrow && !has_where {
            returns.extend(idents(token.into_token_stream()));
        }
    }
    if input.peek(token::Brace) {
        group(input)?;
    }
    Ok(Found::Function(Function {
        name: (!is_of_caller).then_some(name),
        docs,
        is_async,
        returns,
    }))
}

/// Reads the documentation in attributes. In a `concat!`, only the literals are read.
pub(crate) fn read_docs(attributes: &[Attribute]) -> Vec<Doc> {
    let docs = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => {
                Some(literals(meta.value.to_token_stream()))
            }
            _ => None,
        });
    let lines = docs.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned());
    lines.map(Doc::Line).collect()
}

fn literals(tokens: TokenStream) -> String {
    let texts = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => literals(group.stream()),
        other => syn::parse2(other.into())
            .map(|text: LitStr| text.value())
            .unwrap_or_default(),
    });
    texts.collect()
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Returns all identifiers in order.
pub(crate) fn idents(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => all.push(word.to_string()),
            TokenTree::Group(group) => all.extend(idents(group.stream())),
            _ => {}
        }
    }
    all
}
