//! The async and the blocking API have the same types with the same methods.

use std::collections::BTreeSet;

use crate::public_api::Api;

/// Returns the names that users of the async side import.
fn public(api: &Api) -> BTreeSet<String> {
    let modules = &api.exports("builder.rs") | &api.exports("agents.rs");
    let modules = &(&modules | &api.exports("remote/mod.rs")) | &api.exports("supervisor/mod.rs");
    &api.exports("lib.rs") | &modules
}

/// Returns the async types, traits and functions that wait.
fn waiting(api: &Api) -> BTreeSet<String> {
    let types = api.asynchronous.iter().filter(|(_, members)| {
        let mut methods = members.methods.values();
        // Builders send what they build, and handlers are awaited.
        let waits = |name: &String| name == "Future" || api.both.contains_key(name);
        members.is_stream
            || methods.any(|method| method.is_async || method.returns.iter().any(waits))
    });
    let types = types.map(|(name, _)| name);
    types.chain(&api.async_functions).cloned().collect()
}

#[test]
fn each_async_type_that_waits_has_a_blocking_twin() {
    let api = Api::client();
    let waiting = &waiting(&api) & &public(&api);
    // Check that the reader finds the names.
    for name in [
        "ChatgptLoginHandle",
        "RunBuilder",
        "ServerRequestHandler",
        "TurnStream",
        "retry",
    ] {
        assert!(waiting.contains(name), "{name} is not in {waiting:?}");
    }
    let missing: Vec<_> = waiting
        .difference(&api.exports("blocking/mod.rs"))
        .cloned()
        .collect();
    assert!(missing.is_empty(), "`blocking` has no {missing:?}");
}

#[test]
fn each_type_has_the_same_methods_on_both_sides() {
    let api = Api::client();
    let blocking = api.exports("blocking/mod.rs");
    let only_blocking: Vec<_> = blocking.difference(&public(&api)).cloned().collect();
    assert!(
        only_blocking.is_empty(),
        "only in `blocking`: {only_blocking:?}"
    );
    let mut compared = 0;
    for name in &blocking {
        let (Some(there), Some(here)) = (api.asynchronous.get(name), api.blocking.get(name)) else {
            assert!(!api.asynchronous.contains_key(name), "of `{name}`");
            continue;
        };
        let mut methods: BTreeSet<_> = there.methods.keys().collect();
        assert_eq!(there.is_stream, here.is_stream, "of `{name}`");
        if there.is_stream {
            // `Iterator` provides `next`.
            assert!(methods.remove(&"next".to_owned()), "of `{name}`");
        }
        assert_eq!(methods, here.methods.keys().collect(), "of `{name}`");
        compared += 1;
    }
    assert!(compared >= 35, "only {compared} types were found");
}

#[test]
fn methods_that_macros_define_are_found() {
    let api = Api::client();
    for side in [&api.asynchronous, &api.blocking] {
        for (of, name) in [
            // Defined by the macros for logins.
            ("ChatgptLoginHandle", "auth_url"),
            ("ChatgptLoginHandle", "wait"),
            // Defined by the tables.
            ("CodexBuilder", "on_approval"),
            ("CodexBuilder", "on_request"),
            ("RunBuilder", "send"),
            ("ServerRequestHandler", "approval"),
        ] {
            let methods = &side[of].methods;
            assert!(
                methods.contains_key(name),
                "no `{name}` in {:?}",
                methods.keys()
            );
        }
    }
    for (of, name) in [
        ("RunBuilder", "effort"),
        ("RunBuilder", "approval_mode"),
        ("RunBuilder", "output"),
        ("ThreadForkBuilder", "last_turn_id"),
        ("ThreadForkBuilder", "model"),
        ("ThreadForkBuilder", "no_timeout"),
        ("ThreadForkBuilder", "params"),
        ("ThreadForkBuilder", "tool"),
    ] {
        let methods = &api.both[of].methods;
        assert!(
            methods.contains_key(name),
            "no `{name}` in {:?}",
            methods.keys()
        );
    }
}

#[test]
fn the_docs_of_all_methods_are_found() {
    let api = Api::client();
    let mut found = 0;
    for (of, members) in [&api.asynchronous, &api.blocking, &api.both]
        .into_iter()
        .flatten()
    {
        for (name, method) in &members.methods {
            assert!(!method.docs.trim().is_empty(), "of `{of}::{name}`");
            found += 1;
        }
    }
    assert!(found > 400, "only {found} methods were found");
}
