//! Our own descriptions of types and variants that the schema does not describe, from `prose.toml`.
//!
//! An entry is stale if its target does not exist, or if the schema describes the target itself.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{
    model::{Kind, Model},
    report::{self, Place, Report},
};

/// The table of descriptions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prose {
    /// Descriptions of types, by name.
    types: BTreeMap<String, String>,
    /// Descriptions of variants, by the name of the enum and the wire value (for a message union,
    /// the method).
    variants: BTreeMap<String, BTreeMap<String, String>>,
}

impl Prose {
    pub(crate) fn load() -> Result<Self> {
        toml::from_str(include_str!("prose.toml")).context("reading prose.toml")
    }

    /// Adds the descriptions to the model, and reports the entries that do not apply.
    pub(crate) fn describe(&self, model: &mut Model, report: &mut Report) {
        for (name, sentence) in &self.types {
            let docs = model.types.get_mut(name).map(|ty| &mut ty.docs);
            set(docs, sentence, name, "types", report);
        }
        for (name, sentences) in &self.variants {
            for (wire, sentence) in sentences {
                let entry = format!("{name}.{wire}");
                let body = variant(model, name, wire).and_then(|(_, body)| body);
                let body = body.and_then(|body| model.types.get(&body));
                // The description of the variant serves its body too.
                if body.is_some_and(|body| body.docs.is_some()) {
                    stale(report, &entry, "variants", DESCRIBED);
                    continue;
                }
                let docs = variant(model, name, wire).map(|(docs, _)| docs);
                set(docs, sentence, &entry, "variants", report);
            }
        }
    }
}

/// The docs of a variant, and the definition that holds its fields.
fn variant<'a>(
    model: &'a mut Model,
    name: &str,
    wire: &str,
) -> Option<(&'a mut Option<String>, Option<String>)> {
    match &mut model.types.get_mut(name)?.kind {
        Kind::Strings(strings) => {
            let mut variants = strings.variants.iter_mut();
            let variant = variants.find(|variant| variant.wire == wire)?;
            Some((&mut variant.docs, None))
        }
        Kind::Tagged(tagged) => {
            let mut variants = tagged.variants.iter_mut();
            let variant = variants.find(|variant| variant.name.wire == wire)?;
            Some((&mut variant.name.docs, variant.body.clone()))
        }
        Kind::Mixed(mixed) => {
            let strings = mixed.strings.iter_mut();
            let strings = strings.map(|variant| (&variant.wire, &mut variant.docs));
            let keyed = mixed.keyed.iter_mut();
            let mut all = strings.chain(keyed.map(|slot| (&slot.name, &mut slot.docs)));
            let (_, docs) = all.find(|(name, _)| *name == wire)?;
            Some((docs, None))
        }
        Kind::Messages => {
            let mut unions = model.unions.iter_mut();
            let mut methods = unions.find(|union| union.name == name)?.methods.iter_mut();
            let method = methods.find(|method| method.method == wire)?;
            Some((&mut method.docs, method.params.clone()))
        }
        _ => None,
    }
}

const DESCRIBED: &str = "the table describes it, but so does the schema";
const MISSING: &str = "the table describes it, but the schema does not contain it";

/// Sets the description of an entry, unless its target does not exist or has a description.
fn set(
    docs: Option<&mut Option<String>>,
    sentence: &str,
    entry: &str,
    table: &'static str,
    report: &mut Report,
) {
    match docs {
        None => stale(report, entry, table, MISSING),
        Some(Some(_)) => stale(report, entry, table, DESCRIBED),
        Some(docs) => *docs = Some(sentence.to_owned()),
    }
}

fn stale(report: &mut Report, entry: &str, table: &'static str, sentence: &str) {
    let place = Place::new("prose.toml", table);
    report.add(report::Kind::Stale, entry, sentence, place);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codegen::{Tables, build_model};

    /// A model of one described and one undescribed type, each with such variants.
    fn model() -> Model {
        let definitions: BTreeMap<_, _> = [(
            "Status".to_owned(),
            json!({ "oneOf": [
                { "type": "string", "enum": ["idle"], "description": "Nothing runs." },
                { "type": "string", "enum": ["active"] },
            ] }),
        )]
        .into();
        let (tables, report) = (&mut Tables::default(), &mut Report::default());
        build_model(definitions.clone(), definitions, tables, report)
    }

    fn describe(prose: &str) -> (Model, Report) {
        let prose: Prose = toml::from_str(prose).unwrap();
        let mut model = model();
        let mut report = Report::default();
        prose.describe(&mut model, &mut report);
        (model, report)
    }

    #[test]
    fn descriptions_reach_types_and_variants() {
        let (model, report) = describe(
            "[types]\nStatus = \"Whether it runs.\"\n[variants.Status]\nactive = \"It runs.\"",
        );
        report.refuse().unwrap();
        let status = &model.types["Status"];
        assert_eq!(status.docs.as_deref(), Some("Whether it runs."));
        let Kind::Strings(strings) = &status.kind else {
            panic!("an enum of strings")
        };
        let docs = strings
            .variants
            .iter()
            .map(|variant| variant.docs.as_deref());
        assert!(docs.eq([Some("Nothing runs."), Some("It runs.")]));
    }

    #[test]
    fn stale_entries_are_reported_and_change_nothing() {
        for (prose, subject, sentence) in [
            ("[types]\nGone = \"A.\"\n[variants]", "Gone", MISSING),
            (
                "[types]\n[variants.Status]\ngone = \"A.\"",
                "Status.gone",
                MISSING,
            ),
            (
                "[types]\n[variants.Status]\nidle = \"A.\"",
                "Status.idle",
                DESCRIBED,
            ),
        ] {
            let (model, report) = describe(prose);
            let entries: Vec<_> = report.of(report::Kind::Stale).collect();
            assert_eq!(entries.len(), 1, "{report}");
            assert_eq!(
                (&*entries[0].subject, &*entries[0].sentence),
                (subject, sentence)
            );
            let Kind::Strings(strings) = &model.types["Status"].kind else {
                panic!("an enum of strings")
            };
            assert_eq!(strings.variants[0].docs.as_deref(), Some("Nothing runs."));
        }
    }
}
