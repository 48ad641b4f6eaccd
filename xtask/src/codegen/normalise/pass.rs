//! Runs a pass over all definitions, one by one. A pass that fails for a definition widens that
//! definition, and does not affect the others.

use std::{collections::BTreeSet, mem};

use anyhow::Result;
use serde_json::{Value, json};

use super::walk::widest;
use crate::codegen::{
    load::Definitions,
    names,
    report::{Kind, Place, Report},
};

/// Rewrites one definition. An error says what the pass does not understand.
pub(crate) type Rewrite = fn(&mut Value, &mut Pass<'_>) -> Result<()>;

/// A run of a pass over one definition.
pub(crate) struct Pass<'a> {
    /// The name of the definition.
    pub(super) name: &'a str,
    /// The names of all definitions, including the new ones.
    taken: &'a mut BTreeSet<String>,
    /// The new definitions.
    hoisted: Definitions,
    /// The entries about the definition, which count only if the pass succeeds.
    report: Report,
}

impl Pass<'_> {
    /// Adds an entry to the report.
    pub(super) fn report(
        &mut self,
        kind: Kind,
        subject: &str,
        sentence: impl Into<String>,
        place: Place,
    ) {
        self.report.add(kind, subject, sentence, place);
    }

    /// Moves an inline shape to a definition of its own, and leaves a reference. `path` is the place
    /// of the shape. The name is `wanted`, unless it is taken or the table names the shape.
    ///
    /// Returns the name.
    pub(super) fn hoist(&mut self, shape: &mut Value, path: &str, wanted: &str) -> String {
        let listed = names::inline_shape(path).map(str::to_owned);
        let name = names::unused(listed.as_deref().unwrap_or(wanted), |name| {
            self.taken.contains(name)
        });
        if name != wanted && listed.as_deref() != Some(name.as_str()) {
            self.report(
                Kind::Guess,
                path,
                format!("its shape is named `{name}`, because `{wanted}` is taken"),
                names::INLINE_SHAPES_PLACE,
            );
        }
        self.taken.insert(name.clone());
        let reference = json!({ "$ref": format!("#/definitions/{name}") });
        self.hoisted
            .insert(name.clone(), mem::replace(shape, reference));
        name
    }
}

/// Runs a pass over all definitions, and adds the new ones.
pub(super) fn run(
    rewrite: Rewrite,
    definitions: &mut Definitions,
    taken: &mut BTreeSet<String>,
    report: &mut Report,
) {
    let mut hoisted = Definitions::new();
    for (name, schema) in definitions.iter_mut() {
        let before = schema.clone();
        let mut pass = Pass {
            name,
            taken: &mut *taken,
            hoisted: Definitions::new(),
            report: Report::default(),
        };
        match rewrite(schema, &mut pass) {
            Ok(()) => {
                hoisted.append(&mut pass.hoisted);
                report.append(pass.report);
            }
            Err(error) => {
                *schema = widest(&before);
                report.add(
                    Kind::Widened,
                    name,
                    format!("{error:#}"),
                    Place::new("normalise", "PASSES"),
                );
                for name in pass.hoisted.keys() {
                    pass.taken.remove(name);
                }
            }
        }
    }
    definitions.append(&mut hoisted);
}
