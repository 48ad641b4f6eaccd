//! Rust names of types and variants.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase as _;

use super::{
    model::Model,
    report::{Kind, Place, Report},
};

/// Variants whose wire value would produce the same name as another variant: the enum, the wire
/// value, and the name to use.
const VARIANT_NAMES: &[(&str, &str, &str)] = &[(
    "McpServerElicitationRequestParams",
    "openai/form",
    "OpenaiExtensionForm",
)];

/// Inline shapes that get another name than the one by rule: the place of the shape, such as
/// `Thread.status`, and the name. An entry with the name by rule confirms it.
const INLINE_SHAPES: &[(&str, &str)] = &[];

/// The place that mends the name of an inline shape.
pub(crate) const INLINE_SHAPES_PLACE: Place = Place::new("names.rs", "INLINE_SHAPES");

/// The place that mends the name of a variant.
pub(crate) const VARIANT_NAMES_PLACE: Place = Place::new("names.rs", "VARIANT_NAMES");

/// Names that a generated type cannot have: the generated code uses them for something else.
const RESERVED: &[&str] = &[
    "BTreeMap",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "Err",
    "From",
    "Hash",
    "Into",
    "Map",
    "MethodInfo",
    "None",
    "Number",
    "Ok",
    "Option",
    "Ord",
    "ParamsError",
    "PartialEq",
    "PartialOrd",
    "Request",
    "Result",
    "Self",
    "ServerCall",
    "Some",
    "String",
    "UnrecognizedMessage",
    "Value",
    "Vec",
];

/// Converts `item/agentMessage/delta` to `ItemAgentMessageDelta`. The result is a Rust identifier,
/// or empty.
pub(crate) fn pascal(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    let words: String = text
        .chars()
        .map(|c| if is_part(c) { c } else { ' ' })
        .collect();
    let name = words.to_upper_camel_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("V{name}")
    } else {
        name
    }
}

/// The name of the type of a definition: its own, unless Rust or the generated code reserves it.
pub(crate) fn definition(name: &str) -> String {
    let is_type = name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let name = if is_type {
        name.to_owned()
    } else {
        pascal(name)
    };
    if name.is_empty() || RESERVED.contains(&name.as_str()) {
        format!("{name}Definition")
    } else {
        name
    }
}

/// The first of `name`, `name2`, `name3`, .. that is not taken.
pub(crate) fn unused(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name}{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// The name of the inline shape at a place, if the table lists it.
pub(crate) fn inline_shape(path: &str) -> Option<&'static str> {
    let row = INLINE_SHAPES.iter().find(|(place, _)| *place == path)?;
    Some(row.1)
}

/// Reports the entries of the tables that do not apply to the model.
pub(crate) fn report_unused(model: &Model, report: &mut Report) {
    let mut stale = |subject: String, place| {
        let sentence = "the table lists it, but the schema does not contain it";
        report.add(Kind::Stale, subject, sentence, place);
    };
    for (name, wire, _) in VARIANT_NAMES {
        let ty = model.types.get(*name);
        if !ty.is_some_and(|ty| ty.kind.wire_values().contains(wire)) {
            stale(format!("{name}.{wire}"), VARIANT_NAMES_PLACE);
        }
    }
    for (path, name) in INLINE_SHAPES {
        if !model.types.contains_key(*name) {
            stale((*path).to_owned(), INLINE_SHAPES_PLACE);
        }
    }
}

/// The name of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) ident: String,
    /// Whether the name is not simply that of the wire value.
    pub(crate) guessed: bool,
}

/// The names of the variants of an enum with these wire values: valid, distinct, and in order.
pub(crate) fn variants<'a>(
    enum_name: &str,
    values: impl IntoIterator<Item = &'a str>,
) -> Vec<Variant> {
    let mut taken: BTreeSet<String> = ["Self", "Unrecognized"].map(str::to_owned).into();
    let values: Vec<_> = values.into_iter().collect();
    let listed = |value: &str| {
        let row = VARIANT_NAMES
            .iter()
            .find(|(name, wire, _)| *name == enum_name && *wire == value)?;
        Some(row.2.to_owned())
    };
    taken.extend(values.iter().filter_map(|value| listed(value)));
    let variants = values.into_iter().map(|value| {
        if let Some(ident) = listed(value) {
            return Variant {
                ident,
                guessed: false,
            };
        }
        let mut wanted = pascal(value);
        let is_empty = wanted.is_empty();
        if is_empty {
            wanted = if value.is_empty() { "Empty" } else { "Other" }.to_owned();
        }
        let ident = unused(&wanted, |name| taken.contains(name));
        taken.insert(ident.clone());
        Variant {
            guessed: is_empty || ident != wanted,
            ident,
        }
    });
    variants.collect()
}

/// Reports the variants whose names are guesses.
pub(crate) fn report_guesses<'a>(
    enum_name: &str,
    variants: impl IntoIterator<Item = (&'a str, &'a Variant)>,
    report: &mut Report,
) {
    for (value, variant) in variants.into_iter().filter(|(_, name)| name.guessed) {
        report.add(
            Kind::Guess,
            format!("{enum_name}.{value}"),
            format!("the variant is named `{}`", variant.ident),
            VARIANT_NAMES_PLACE,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idents(values: &[&str]) -> Vec<(String, bool)> {
        let variants = variants("Enum", values.iter().copied());
        let variants = variants.into_iter();
        variants
            .map(|variant| (variant.ident, variant.guessed))
            .collect()
    }

    #[test]
    fn variant_names_are_distinct_identifiers_and_unusual_ones_are_guesses() {
        let names = idents(&["a/b", "aB", "", ">=", "<=", "self", "unrecognized", "2nd"]);
        let names: Vec<_> = names
            .iter()
            .map(|(name, guess)| (&**name, *guess))
            .collect();
        assert_eq!(
            names,
            [
                ("AB", false),
                ("AB2", true),
                ("Empty", true),
                ("Other", true),
                ("Other2", true),
                ("Self2", true),
                ("Unrecognized2", true),
                ("V2nd", false),
            ]
        );
    }

    #[test]
    fn the_table_names_variants_before_the_rule() {
        let enum_name = "McpServerElicitationRequestParams";
        let names = variants(enum_name, ["openaiForm", "openai/form"]);
        assert_eq!(names[0].ident, "OpenaiForm");
        assert_eq!(names[1].ident, "OpenaiExtensionForm");
        assert!(!names[1].guessed);
    }

    #[test]
    fn definitions_keep_their_names_unless_the_code_cannot_use_them() {
        for (name, expected) in [
            ("Thread", "Thread"),
            ("v2::Thread", "V2Thread"),
            ("Value", "ValueDefinition"),
            ("thread", "Thread"),
            ("Array_of_string", "Array_of_string"),
        ] {
            assert_eq!(definition(name), expected);
        }
    }
}
