//! Settles what the generated code cannot express: types that contain themselves, alternatives of
//! the same type, defaults of the wrong type, and parts of messages that are not objects. Each
//! becomes the widest type that can be right, and is reported.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    emit,
    model::{Kind, Model, Object, Rule, Slot},
    report::{self, Place, Report},
};

const PLACE: Place = Place::new("settle.rs", "settle");

/// Settles the whole model.
pub(crate) fn settle(model: &mut Model, report: &mut Report) {
    open_bodies(model, report);
    open_params(model, report);
    break_cycles(model, report);
    remove_repeated_alternatives(model, report);
    remove_wrong_defaults(model, report);
    remove_timestamps(model, report);
}

fn widened(report: &mut Report, subject: impl Into<String>, sentence: impl Into<String>) {
    report.add(report::Kind::Widened, subject, sentence, PLACE);
}

/// Turns the bodies of tagged variants that are not structs into any object: the tag is one of its
/// members.
fn open_bodies(model: &mut Model, report: &mut Report) {
    let mut bodies = BTreeSet::new();
    for ty in model.types.values() {
        if let Kind::Tagged(tagged) = &ty.kind {
            bodies.extend(tagged.variants.iter().filter_map(|v| v.body.clone()));
        }
    }
    for name in bodies {
        if model.object(&name).is_none()
            && let Some(ty) = model.types.get_mut(&name)
        {
            widened(report, &name, "the body of a variant is not an object");
            ty.kind = Kind::Object(Object::any());
        }
    }
}

/// Turns the params of messages into types that can implement the traits of their method: those of
/// notifications, which hold a timestamp, into structs, and aliases into newtypes.
fn open_params(model: &mut Model, report: &mut Report) {
    let unions = model.unions.iter();
    let methods = unions.flat_map(|union| {
        let is_timed = union.name == "ServerNotification";
        let params = union.methods.iter().filter_map(|m| m.params.clone());
        params.map(move |params| (params, is_timed))
    });
    for (params, is_timed) in methods.collect::<Vec<_>>() {
        let Some(ty) = model.types.get_mut(&params) else {
            continue;
        };
        match &ty.kind {
            Kind::Object(_) => {}
            _ if is_timed => {
                widened(
                    report,
                    &params,
                    "the params of a notification are not an object",
                );
                ty.kind = Kind::Object(Object::any());
            }
            Kind::Alias(_) | Kind::HandWritten(_) | Kind::Untyped | Kind::Messages => {
                widened(
                    report,
                    &params,
                    "the params of a request have no type of their own",
                );
                ty.kind = Kind::Any;
            }
            _ => {}
        }
    }
}

/// Turns a field whose type contains the type of the field into any value: the type would have no
/// size.
fn break_cycles(model: &mut Model, report: &mut Report) {
    let names: Vec<_> = model.types.keys().cloned().collect();
    for name in names {
        while let Some((owner, slot)) = cycle(model, &name) {
            widened(
                report,
                format!("{owner}.{}", model.types[&owner].kind.slots()[slot].name),
                "its type contains itself",
            );
            if let Some(ty) = model.types.get_mut(&owner) {
                widen(ty.kind.slots_mut().swap_remove(slot));
            }
        }
    }
}

fn widen(slot: &mut Slot) {
    slot.schema = Value::Bool(true);
    "Value".clone_into(&mut slot.rust);
}

/// Finds a way from a type back to itself, without a list or map between, and returns the last slot
/// on it: the definition and its index.
fn cycle(model: &Model, name: &str) -> Option<(String, usize)> {
    let mut seen = BTreeSet::new();
    let mut pending = vec![name.to_owned()];
    while let Some(user) = pending.pop() {
        let kind = &model.types.get(&user)?.kind;
        for (index, slot) in kind.slots().into_iter().enumerate() {
            let Some(used) = contained(model, kind, slot) else {
                continue;
            };
            if used == name {
                return Some((user, index));
            }
            if model.types.contains_key(used) && seen.insert(used.to_owned()) {
                pending.push(used.to_owned());
            }
        }
        if let Kind::Tagged(tagged) = kind {
            let bodies = tagged.variants.iter().filter_map(|v| v.body.clone());
            pending.extend(bodies.filter(|body| seen.insert(body.clone())));
        }
    }
    None
}

/// The type that a slot contains without a list or map between. An alias cannot contain an alias of
/// itself even in a list.
fn contained<'a>(model: &Model, kind: &Kind, slot: &'a Slot) -> Option<&'a str> {
    let rest = match kind {
        Kind::Object(object) => object.rest.as_ref(),
        _ => None,
    };
    if rest.is_some_and(|rest| std::ptr::eq(rest, slot)) {
        return None;
    }
    let is_alias = |name: &str| {
        matches!(
            model.types.get(name).map(|ty| &ty.kind),
            Some(Kind::Alias(_))
        )
    };
    let rust = slot.rust.as_str();
    let optional = rust
        .strip_prefix("Option<")
        .and_then(|rust| rust.strip_suffix('>'));
    let inner = optional.unwrap_or(rust);
    if !inner.contains('<') {
        return Some(inner);
    }
    let mut words = inner.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.find(|word| matches!(kind, Kind::Alias(_)) && is_alias(word))
}

/// Removes the alternatives of an untagged union that have the type of an earlier one: decoding
/// never reaches them.
fn remove_repeated_alternatives(model: &mut Model, report: &mut Report) {
    let mut repeated = Vec::new();
    for (name, ty) in &model.types {
        let Kind::Untagged(slots) = &ty.kind else {
            continue;
        };
        let mut seen = BTreeSet::new();
        for (index, slot) in slots.iter().enumerate() {
            if !seen.insert(resolved(model, &slot.rust)) {
                repeated.push((name.clone(), index, slot.ident.clone()));
            }
        }
    }
    for (name, index, ident) in repeated.into_iter().rev() {
        if let Some(Kind::Untagged(slots)) = model.types.get_mut(&name).map(|ty| &mut ty.kind) {
            slots.remove(index);
            report.add(
                report::Kind::LeftOut,
                format!("{name}.{ident}"),
                "an earlier alternative of the union has the same type",
                PLACE,
            );
        }
    }
}

/// A type with its aliases replaced by their targets.
fn resolved(model: &Model, rust: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in rust.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        match model.types.get(&word).map(|ty| &ty.kind) {
            Some(Kind::Alias(alias)) => {
                let target = resolved(model, &alias.target.rust);
                match alias.nullable {
                    true => out.push_str(&format!("Option<{target}>")),
                    false => out.push_str(&target),
                }
            }
            _ => out.push_str(&word),
        }
        word.clear();
        out.push(c);
    }
    out.trim_end().to_owned()
}

/// Removes the defaults that are not a value of the type of their field.
fn remove_wrong_defaults(model: &mut Model, report: &mut Report) {
    let mut wrong = Vec::new();
    for (name, ty) in &model.types {
        let Kind::Object(object) = &ty.kind else {
            continue;
        };
        for (index, field) in object.fields.iter().enumerate() {
            if field.rule == Rule::Default
                && let Err(error) = emit::default(field, model)
            {
                wrong.push((name.clone(), index, format!("{error:#}")));
            }
        }
    }
    for (name, index, reason) in wrong {
        if let Some(Kind::Object(object)) = model.types.get_mut(&name).map(|ty| &mut ty.kind) {
            let field = &mut object.fields[index];
            let subject = format!("{name}.{}", field.slot.name);
            let sentence = format!("the default is left out: {reason}");
            report.add(report::Kind::LeftOut, subject, sentence, PLACE);
            field.rule = Rule::Optional;
        }
    }
}

/// Removes the member `emittedAtMs` from the params of notifications, whose type has a field for the
/// timestamp beside the params.
fn remove_timestamps(model: &mut Model, report: &mut Report) {
    let methods = model.methods("ServerNotification");
    let params: BTreeSet<_> = methods.iter().filter_map(|m| m.params.clone()).collect();
    for name in params {
        let Some(Kind::Object(object)) = model.types.get_mut(&name).map(|ty| &mut ty.kind) else {
            continue;
        };
        let before = object.fields.len();
        object
            .fields
            .retain(|field| field.slot.name != "emittedAtMs");
        if object.fields.len() < before {
            let sentence = "a member that has the name of the timestamp beside the params";
            let subject = format!("{name}.emittedAtMs");
            report.add(report::Kind::LeftOut, subject, sentence, PLACE);
        }
    }
}
