//! The macros of the client that take the names of types or functions, and how their rows are read.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Attribute, Ident,
    parse::{ParseStream, Parser},
};

use super::found::{Doc, idents, read_docs};

/// The tables of the client: macros that call another macro with their rows.
pub(crate) const TABLES: &[&str] = &["handler_table", "send_table"];

/// The macros that make a type a `Stream` or an `Iterator`.
pub(crate) const STREAMS: &[&str] = &["iterator", "stream"];

/// The macros that pass their rows on to another macro.
pub(crate) const PASSED_ON: &[(&str, &str)] = &[("thread_options", "options")];

/// The macro that names the builders of the blocking mode, and defines no methods.
pub(crate) const ALIASES: &str = "aliases";

/// Returns the type that a call to an item macro defines methods for, and whether they serve both
/// sides of the API.
pub(crate) fn subject(of: &str, row: &Row) -> Option<(String, bool)> {
    let of_row = || row.names.first().cloned();
    match of {
        "define_send" | "iterator" | "login" | "stream" => Some((of_row()?, false)),
        "turn_options" => Some((of_row()?, true)),
        "define_setters" => Some(("CodexBuilder".to_owned(), false)),
        "define_trait" => Some(("ServerRequestHandler".to_owned(), false)),
        _ => None,
    }
}

/// Returns the name that a row assigns to a function of the macro.
pub(crate) fn function_name(of: &str, row: &Row) -> Option<String> {
    let index = match of {
        "options" | "define_trait" => 0,
        "define_setters" => 1,
        _ => panic!("`{of}!` takes the name of a function: add it to `function_name`"),
    };
    row.names.get(index).cloned()
}

/// Returns the names that a call to [`ALIASES`] defines.
pub(crate) fn aliases(arguments: TokenStream) -> BTreeSet<String> {
    let rows = Row::split(arguments, ',').into_iter();
    rows.filter_map(|row| row.names.into_iter().next())
        .collect()
}

/// Returns the arguments of a macro that are its rows.
fn rows_in(of: &str, arguments: TokenStream) -> TokenStream {
    // `options! { Params { rows } }`
    let is_braces = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    match (of, arguments.clone().into_iter().find(is_braces)) {
        ("options", Some(TokenTree::Group(rows))) => rows.stream(),
        _ => arguments,
    }
}

/// A row of the arguments of a macro. A semicolon ends a row.
pub(crate) struct Row {
    pub(crate) docs: Vec<Doc>,
    /// The identifiers in the row; empty if its first token is not an identifier.
    names: Vec<String>,
}

impl Row {
    /// Returns the rows of the arguments of a macro, at least one.
    pub(crate) fn all(of: &str, arguments: TokenStream) -> Vec<Self> {
        Self::split(rows_in(of, arguments), ';')
    }

    fn split(tokens: TokenStream, end: char) -> Vec<Self> {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let is_end =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == end);
        let mut rows: Vec<_> = tokens.split(is_end).collect();
        if rows.len() > 1 {
            rows.retain(|row| !row.is_empty());
        }
        rows.into_iter().map(Self::read).collect()
    }

    fn read(row: &[TokenTree]) -> Self {
        let parser = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let names = match input.peek(Ident) {
                true => idents(input.parse()?),
                false => input.parse::<TokenStream>().map(|_| Vec::new())?,
            };
            let docs = read_docs(&attributes);
            Ok(Self { docs, names })
        };
        parser.parse2(row.iter().cloned().collect()).unwrap()
    }
}
