//! Proves that the reader finds what macros define and never misses anything silently.

use std::collections::BTreeSet;

use super::Api;

fn read(sources: &[(&str, &str)]) -> Api {
    let files = sources.iter().map(|(path, text)| {
        let file = syn::parse_file(text).unwrap();
        ((*path).to_owned(), file)
    });
    Api::with_sides(files.collect())
}

#[test]
fn methods_have_the_side_of_their_impl() {
    let api = read(&[
        (
            "lib.rs",
            "impl<M> Builder<M> { pub fn option(self) {} fn private() { pub_like!(); } }
             impl Builder<Async> { pub async fn send(self) {} pub(crate) fn perform(self) {} }
             impl Builder<Blocking> { pub fn send(self) {} }
             impl Stream for Events {}
             pub trait Handler { fn approval(&self) -> impl Future<Output = ()>; }
             pub struct Handle { pub id: String, secret: String }
             impl Handle { pub const MAX: usize = 1; pub fn stream(&self) -> Events { x } }",
        ),
        (
            "blocking/mod.rs",
            "impl Handle { pub fn stream(&self) -> Events { x } }",
        ),
    ]);
    let names = |members: &super::Members| members.methods.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&api.both["Builder"]), ["option"]);
    assert_eq!(names(&api.asynchronous["Builder"]), ["send"]);
    assert_eq!(names(&api.blocking["Builder"]), ["send"]);
    assert!(api.asynchronous["Builder"].methods["send"].is_async);
    assert!(api.asynchronous["Events"].is_stream);
    let returns = &api.asynchronous["Handler"].methods["approval"].returns;
    assert!(returns.contains("Future"), "{returns:?}");
    assert!(api.has("Builder", "option") && api.has("Builder", "send"));
    assert!(api.has("Handle", "stream") && !api.has("Handle", "secret"));
    // Not on the blocking side.
    assert!(!api.has("Handle", "id") && !api.has("Handle", "MAX"));
}

#[test]
fn exports_follow_globs_renames_and_aliases() {
    let api = read(&[
        (
            "lib.rs",
            "pub mod blocking; mod private; pub use a::{B, c::D as E}; use f::G;",
        ),
        ("blocking/mod.rs", "mod builders; pub use builders::*;"),
        (
            "blocking/builders.rs",
            "aliases! {
                /// Runs, or starts.
                Run<R = Result>,
                Start,
             }
             pub type Pages = X; struct Private; pub fn retry() {}",
        ),
    ]);
    assert_eq!(
        api.exports("lib.rs"),
        BTreeSet::from(["B", "E", "blocking"].map(str::to_owned))
    );
    let names = ["Pages", "Run", "Start", "retry"].map(str::to_owned);
    assert_eq!(api.exports("blocking/mod.rs"), BTreeSet::from(names));
}

#[test]
fn a_table_gives_names_and_docs() {
    let api = read(&[
        (
            "table.rs",
            "macro_rules! send_table { ($callback:ident) => { $callback! {
                /// Runs.
                Run<R> -> R;
                /// Starts.
                Start -> Handle;
             } }; }",
        ),
        (
            "send.rs",
            "macro_rules! define_send {
                ($($(#[$doc:meta])* $name:ident $(<$of:ident>)? -> $output:ty;)*) => {$(
                    impl $(<$of>)? $name $(<$of>)? {
                        $(#[$doc])*
                        ///
                        /// In async code.
                        $(
                            /// The type is generic.
                            $(#[$of])*
                        )?
                        pub async fn send(self) -> $output {}
                    }
                )*};
             }
             send_table!(define_send);",
        ),
    ]);
    let docs = |name| &*api.asynchronous[name].methods["send"].docs;
    assert_eq!(docs("Run"), "Runs.\n\nIn async code.\n");
    assert_eq!(docs("Start"), "Starts.\n\nIn async code.\n");
}

#[test]
#[should_panic(expected = "`handle!` is public: add it to `subject`")]
fn an_unknown_macro_that_defines_methods_is_an_error() {
    read(&[(
        "lib.rs",
        "macro_rules! handle { ($of:ident) => { impl $of { pub fn id(&self) {} } }; } handle!(Thread);",
    )]);
}

#[test]
#[should_panic(expected = "`handle!` is public: add it to `subject`")]
fn an_unknown_macro_that_calls_one_that_defines_methods_is_an_error() {
    read(&[(
        "lib.rs",
        "macro_rules! id { () => { pub fn id(&self) {} }; }
         macro_rules! handle { ($of:ident) => { impl $of { id!(); } }; }
         handle!(Thread);",
    )]);
}

#[test]
#[should_panic(expected = "`setters!` takes the name of a function: add it to `function_name`")]
fn an_unknown_macro_that_takes_the_name_of_a_method_is_an_error() {
    read(&[(
        "lib.rs",
        "macro_rules! setters { ($($name:ident),*) => { $(pub fn $name(self) {})* }; }
         impl Builder { setters!(cwd, model); }",
    )]);
}

#[test]
#[should_panic(expected = "public, but not read")]
fn a_macro_that_defines_methods_and_is_not_read_is_an_error() {
    read(&[(
        "lib.rs",
        "macro_rules! id { () => { pub fn id(&self) {} }; } fn main() { x(id!()); }",
    )]);
}
