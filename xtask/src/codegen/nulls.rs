//! Decides in which optional fields `null` differs from absence. They become
//! `Option<Option<T>>`; in the others `null` counts as absent, and is never sent.
//!
//! The sources are the TypeScript of the release, and descriptions and names in the schema. The
//! tables add what no source tells, and correct what a source gets wrong. A field is undecided if
//! the sources are silent or contradict each other.
//!
//! The TypeScript shows `T | null | null` only where the type is derived from the source of Codex. A
//! type that the source spells out is `T | null` in either case. It is recognized in 64-bit integers
//! (`number` instead of `bigint`). The fields of an update (`…UpdateParams`, `…SetParams`) are not
//! decided by `T | null` alone either, because most clearable fields are in such types. A method that
//! only reads has nothing to clear: a filter in which `null` stands for a value says so.
//!
//! A copy of params for another method is decided like its original.

mod wording;

use std::collections::{BTreeMap, BTreeSet};

use self::wording::{Subject, Wording};
use super::{
    field_table::{FieldTable, Groups},
    model::{Field, Kind, Model, Rule, Type},
    report::{Kind as Entry, Place, Report},
};
use crate::schema::clearable_fields::{ClearableFields, Evidence};

/// Fields that can be cleared, by source, although the rules do not find it.
const CLEARABLE: Groups = &[(
    "Tried on 0.169.0: `null` removes the budget of the goal.",
    &["ThreadGoalSetParams.tokenBudget"],
)];

/// Fields in which `null` counts as absent, by source, although the rules do not find it.
const ABSENT: Groups = &[
    (
        "Tried on 0.169.0: `null` leaves the value unchanged.",
        &[
            "ProjectUpdateParams.metadata",
            "ProjectUpdateParams.name",
            "ProjectUpdateParams.roots",
            "ThreadGoalSetParams.objective",
            "ThreadGoalSetParams.origin",
            "ThreadGoalSetParams.status",
            // Its description speaks of the members of the value.
            "ThreadMetadataUpdateParams.gitInfo",
            // An empty string clears it.
            "ThreadMetadataUpdateParams.projectId",
            // Its description speaks of a member of the value.
            "ThreadSettingsUpdateParams.collaborationMode",
        ],
    ),
    (
        "Tried on 0.169.0: `null` gives the same response as absence. The params have a `disableTimeout`, \
         which excludes a timeout but not `null`.",
        &["CommandExecParams.timeoutMs"],
    ),
    (
        "The description states the meaning of absence, and none of `null`.",
        &[
            "EnvironmentAddParams.connectTimeoutMs",
            // An empty map preserves the metadata too.
            "ThreadQueueUpdateParams.responsesapiClientMetadata",
        ],
    ),
    (
        "The description speaks of `null` in members of the value; the TypeScript has `T | null`.",
        &[
            "CommandExecParams.env",
            "ProcessSpawnParams.env",
            "TurnStartParams.collaborationMode",
        ],
    ),
    (
        "The description gives `null` the meaning of a value that is not known; the TypeScript has `T | null`.",
        &["ChatgptAuthTokensLoginAccountParams.chatgptPlanType"],
    ),
    (
        "Items of a history: there is nothing to clear.",
        &[
            "FindInPageResponsesApiWebSearchAction.pattern",
            "FindInPageResponsesApiWebSearchAction.url",
            "OpenPageResponsesApiWebSearchAction.url",
            "SearchResponsesApiWebSearchAction.queries",
            "SearchResponsesApiWebSearchAction.query",
        ],
    ),
];

/// Decides for each optional nullable field that a client sends. Of the others, those are clearable
/// that the TypeScript shows so.
pub(crate) fn decide(model: &mut Model, fields: &ClearableFields, report: &mut Report) {
    decide_by(CLEARABLE, ABSENT, model, fields, report);
}

/// Decides by the rules and these tables.
fn decide_by(
    clearable: Groups,
    absent: Groups,
    model: &mut Model,
    fields: &ClearableFields,
    report: &mut Report,
) {
    let mut clearable = FieldTable::new(Place::new("nulls.rs", "CLEARABLE"), clearable);
    let mut absent = FieldTable::new(Place::new("nulls.rs", "ABSENT"), absent);
    let unions = unions(model);
    let reads = reads(model);
    let mut found = Vec::new();
    for (name, ty) in &model.types {
        let Kind::Object(object) = &ty.kind else {
            continue;
        };
        let union = unions
            .get(name)
            .map(|union| (union.as_str(), &model.types[union]));
        let original = model.copies.original(name);
        let context = Context {
            fields,
            name: original,
            ty,
            union,
            reads: reads.contains(original),
        };
        let optional =
            |field: &&Field| field.nullable && matches!(field.rule, Rule::Optional | Rule::Default);
        for field in object.fields.iter().filter(optional) {
            let wire = field.slot.name.as_str();
            let decision = context.decide(field);
            // An entry that repeats the decision of a rule does not apply.
            let corrected = if decision != Decision::Clearable && clearable.lists(original, wire) {
                Decision::Clearable
            } else if decision != Decision::Absent && absent.lists(original, wire) {
                Decision::Absent
            } else {
                decision
            };
            match corrected {
                Decision::Clearable => found.push((name.clone(), wire.to_owned())),
                Decision::Absent => {}
                Decision::WithoutEvidence => report.add(
                    Entry::Undecided,
                    format!("{original}.{wire}"),
                    "the release prints no TypeScript; `null` counts as absent",
                    Place::new("nulls.rs", "CLEARABLE or ABSENT"),
                ),
                Decision::Undecided(reason) => report.add(
                    Entry::Undecided,
                    format!("{original}.{wire}"),
                    format!("{reason}; `null` counts as absent"),
                    Place::new("nulls.rs", "CLEARABLE or ABSENT"),
                ),
            }
        }
    }
    for (name, wire) in found {
        let fields = model.object_mut(&name).map(|object| &mut object.fields);
        for field in fields.into_iter().flatten() {
            if field.slot.name == wire {
                field.rule = Rule::Clearable;
            }
        }
    }
    let sentence = "no such optional nullable field, or the rules decide the same";
    clearable.report_unused(sentence, report);
    absent.report_unused(sentence, report);
}

/// The union of each definition that holds the fields of a variant.
fn unions(model: &Model) -> BTreeMap<String, String> {
    let mut unions = BTreeMap::new();
    for (name, ty) in &model.types {
        match &ty.kind {
            Kind::Tagged(tagged) => {
                let bodies = tagged.variants.iter().filter_map(|it| it.body.clone());
                unions.extend(bodies.map(|body| (body, name.clone())));
            }
            Kind::Mixed(_) | Kind::Untagged(_) => {
                let bodies = ty.kind.slots().into_iter().map(|slot| slot.rust.clone());
                unions.extend(bodies.map(|body| (body, name.clone())));
            }
            _ => {}
        }
    }
    unions
}

/// The params of methods that only read, without copies.
fn reads(model: &Model) -> BTreeSet<&str> {
    const VERBS: &[&str] = &["get", "list", "read", "search"];
    let methods = model.methods("ClientRequest").iter();
    let reading = methods.filter(|method| {
        let last = method.method.rsplit('/').next().unwrap_or_default();
        // As in `fs/readFile`.
        let verb = last.split(|letter: char| !letter.is_lowercase()).next();
        verb.is_some_and(|verb| VERBS.contains(&verb))
    });
    let params = reading.filter_map(|method| method.params.as_deref());
    params.map(|name| model.copies.original(name)).collect()
}

/// Whether `null` differs from absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// `null` differs from absence.
    Clearable,
    /// `null` counts as absent.
    Absent,
    /// Only the TypeScript could tell, and the release prints none.
    WithoutEvidence,
    /// The sources are silent or contradict each other, for this reason.
    Undecided(&'static str),
}

/// The definition of a field.
struct Context<'a> {
    fields: &'a ClearableFields,
    name: &'a str,
    ty: &'a Type,
    /// The union that has the definition as a variant.
    union: Option<(&'a str, &'a Type)>,
    /// Whether the definition holds the params of a method that only reads.
    reads: bool,
}

impl Context<'_> {
    fn decide(&self, field: &Field) -> Decision {
        let evidence = self.evidence(&field.slot.name);
        if !self.ty.sent {
            return match evidence {
                Evidence::NullTwice => Decision::Clearable,
                _ => Decision::Absent,
            };
        }
        let docs = field.slot.docs.as_deref().unwrap_or_default();
        match (evidence, wording::read(docs, Subject::Field)) {
            (Evidence::NullTwice, Wording::Same) => Decision::Undecided(
                "the TypeScript distinguishes `null` from absence, the description does not",
            ),
            (Evidence::NullTwice, _) | (_, Wording::Differs) => Decision::Clearable,
            (_, Wording::Same) => Decision::Absent,
            (_, Wording::Unclear) => Decision::Undecided("no rule understands the description"),
            (_, Wording::Silent) if self.is_patch() => Decision::Clearable,
            (Evidence::NullOnce, Wording::Silent) if self.is_partial_update() => {
                Decision::Undecided("`null` may clear a value in an update, the TypeScript says no")
            }
            (Evidence::NullOnce, Wording::Silent) => Decision::Absent,
            (Evidence::WrittenByHand, Wording::Silent) if self.reads => Decision::Absent,
            (Evidence::WrittenByHand, Wording::Silent) => Decision::Undecided(
                "the TypeScript type is written by hand, and may have lost a second `null`",
            ),
            (Evidence::Missing, Wording::Silent) => Decision::Undecided("the TypeScript lacks it"),
            (Evidence::Unavailable, Wording::Silent) => Decision::WithoutEvidence,
        }
    }

    /// How the TypeScript shows a field of the definition. It knows the variants of unions only as
    /// parts of them.
    fn evidence(&self, field: &str) -> Evidence {
        let evidence = self.fields.evidence(self.name, field);
        match self.union {
            Some((union, _)) if evidence == Evidence::Missing => self.fields.evidence(union, field),
            _ => evidence,
        }
    }

    /// Whether the name or the description of the definition says that `null` clears its fields.
    fn is_patch(&self) -> bool {
        let own = [(self.name, self.ty)];
        own.into_iter().chain(self.union).any(|(name, ty)| {
            let docs = ty.docs.as_deref().unwrap_or_default();
            name.trim_end_matches("Params").ends_with("Patch")
                || wording::read(docs, Subject::Type) == Wording::Differs
        })
    }

    /// Whether the definition changes some of several values, and no other field shows that the
    /// TypeScript distinguishes `null` there.
    fn is_partial_update(&self) -> bool {
        let name = self.name.trim_end_matches("Params");
        ["Set", "Update"].iter().any(|end| name.ends_with(end))
            && !self.fields.has_clearable(self.name)
    }
}

#[cfg(test)]
mod tests;
