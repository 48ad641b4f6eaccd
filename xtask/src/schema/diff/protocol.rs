//! What a release speaks, read from its two bundles into lines that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::flow::{Flow, flows};
use super::methods::{Method, Union, methods_of};
use super::outline::{Kind, Outline, outline};
use super::report::Area;
use crate::schema::census;

/// The protocol of one release, experimental parts included.
pub(super) struct Protocol {
    /// The methods of each union, by name.
    pub(super) methods: BTreeMap<Union, BTreeMap<String, Method>>,
    /// Types, fields and variants, by path.
    pub(super) outline: Outline,
    /// The paths of the outline that need no experimental API.
    stable: BTreeSet<String>,
    flows: BTreeMap<String, Flow>,
}

impl Protocol {
    /// Reads a release.
    pub(super) fn read(stable: &Value, experimental: &Value) -> anyhow::Result<Self> {
        let all = definitions(experimental)?;
        let without = definitions(stable)?;
        let mut methods = BTreeMap::new();
        for union in Union::ALL {
            let stable: BTreeSet<String> = methods_of(&without, union).into_keys().collect();
            let mut members = methods_of(&all, union);
            for (name, method) in &mut members {
                method.stable = stable.contains(name);
            }
            methods.insert(union, members);
        }
        let flows = flows_of(&all, &methods);
        let stable = outline_of(&without).into_keys().collect();
        Ok(Self {
            methods,
            outline: outline_of(&all),
            stable,
            flows,
        })
    }

    /// Whether that path needs no experimental API.
    pub(super) fn is_stable(&self, path: &str) -> bool {
        self.stable.contains(path)
    }

    /// Who writes that type; `None` when nothing leads to it.
    pub(super) fn flow(&self, name: &str) -> Option<Flow> {
        self.flows.get(name).copied()
    }

    /// How much there is of a sort.
    pub(super) fn size(&self, area: Area) -> usize {
        let members = |wanted: fn(&Kind) -> bool| {
            self.outline
                .values()
                .filter(|member| wanted(&member.kind))
                .count()
        };
        match area {
            Area::Method(union) => self.methods.get(&union).map_or(0, BTreeMap::len),
            Area::Type => members(|kind| matches!(kind, Kind::Type)),
            Area::Field => members(|kind| matches!(kind, Kind::Field { .. })),
            Area::Variant => members(|kind| matches!(kind, Kind::Variant)),
        }
    }
}

/// The definitions of a bundle by name. Those of `v2` come before equal names at the root.
fn definitions(bundle: &Value) -> anyhow::Result<BTreeMap<&str, &Value>> {
    let root = census::definitions(bundle)?;
    let v2 = census::v2(root)?;
    Ok(root
        .iter()
        .filter(|(name, _)| *name != "v2")
        .chain(v2)
        .map(|(name, schema)| (name.as_str(), schema))
        .collect())
}

/// The lines of all types; the unions of methods are told apart.
fn outline_of(definitions: &BTreeMap<&str, &Value>) -> Outline {
    let mut lines = Outline::new();
    for (name, schema) in definitions {
        if !Union::ALL.iter().any(|union| union.definition() == *name) {
            outline(name, schema, &mut lines);
        }
    }
    lines
}

/// The flow of all types, by who sends which method and by the endings of the other names.
fn flows_of(
    definitions: &BTreeMap<&str, &Value>,
    methods: &BTreeMap<Union, BTreeMap<String, Method>>,
) -> BTreeMap<String, Flow> {
    let of = |union: Union| methods.get(&union).into_iter().flat_map(BTreeMap::values);
    let params = |method: &'_ Method| {
        method
            .params
            .as_deref()
            .map(|name| name.trim_end_matches(" | null").to_owned())
    };
    let sent: BTreeSet<String> = of(Union::ClientRequest)
        .chain(of(Union::ClientNotification))
        .filter_map(params)
        .chain(of(Union::ServerRequest).filter_map(|method| method.response.clone()))
        .collect();
    let received: BTreeSet<String> = of(Union::ServerRequest)
        .chain(of(Union::ServerNotification))
        .filter_map(params)
        .collect();
    let sent: BTreeSet<&str> = sent.iter().map(String::as_str).collect();
    // Some notifications are sent and not listed, and some responses follow no rule of names.
    let received: BTreeSet<&str> = received
        .iter()
        .map(String::as_str)
        .chain(definitions.keys().copied().filter(|name| {
            (name.ends_with("Response") || name.ends_with("Notification")) && !sent.contains(name)
        }))
        .collect();
    flows(definitions, &sent, &received)
}
