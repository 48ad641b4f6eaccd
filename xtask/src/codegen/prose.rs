//! Our own descriptions of types and variants that the schema does not describe, from `prose.toml`.
//!
//! An entry is an error if its target does not exist, or if the schema describes the target itself.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::model::{Kind, Model};

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

    /// Adds the descriptions to the model.
    pub(crate) fn describe(&self, model: &mut Model) -> Result<()> {
        for (name, sentence) in &self.types {
            let ty = model.types.get_mut(name);
            let ty = ty.with_context(|| missing(name))?;
            set(&mut ty.docs, sentence, name)?;
        }
        for (name, sentences) in &self.variants {
            for (wire, sentence) in sentences {
                let entry = format!("{name}.{wire}");
                let (docs, body) = variant(model, name, wire).with_context(|| missing(&entry))?;
                set(docs, sentence, &entry)?;
                let body = body.and_then(|body| model.types.get(&body));
                // The description of the variant serves its body too.
                if body.is_some_and(|body| body.docs.is_some()) {
                    bail!(described(&entry));
                }
            }
        }
        Ok(())
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

fn set(docs: &mut Option<String>, sentence: &str, entry: &str) -> Result<()> {
    ensure!(docs.is_none(), described(entry));
    *docs = Some(sentence.to_owned());
    Ok(())
}

fn missing(entry: &str) -> String {
    format!("prose.toml describes `{entry}`, which the schema does not contain; remove the entry")
}

fn described(entry: &str) -> String {
    format!("prose.toml describes `{entry}`, but so does the schema; remove the entry")
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
        build_model(definitions.clone(), definitions, &mut Tables::default()).unwrap()
    }

    fn describe(prose: &str) -> Result<Model> {
        let prose: Prose = toml::from_str(prose).unwrap();
        let mut model = model();
        prose.describe(&mut model)?;
        Ok(model)
    }

    #[test]
    fn descriptions_reach_types_and_variants() {
        let model = describe(
            "[types]\nStatus = \"Whether it runs.\"\n[variants.Status]\nactive = \"It runs.\"",
        )
        .unwrap();
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
    fn stale_entries_are_refused() {
        for (prose, reason) in [
            (
                "[types]\nGone = \"A.\"\n[variants]",
                "`Gone`, which the schema does not contain",
            ),
            (
                "[types]\n[variants.Status]\ngone = \"A.\"",
                "`Status.gone`, which",
            ),
            (
                "[types]\n[variants.Status]\nidle = \"A.\"",
                "`Status.idle`, but so does",
            ),
        ] {
            let error = describe(prose).err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
