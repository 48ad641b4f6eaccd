//! Writes structs: the type, its constructor and setters, and its wire table.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Context, Item, docs};
use crate::codegen::model::{Field, Kind, Model, Object, Rule, Shown, Slot, Type};

/// Writes a struct.
pub(crate) fn object(
    item: &mut Item,
    name: &str,
    ty: &Type,
    object: &Object,
    context: &Context<'_>,
) -> Result<()> {
    let out = &mut item.code;
    out.push_str(&docs::comment(&context.type_docs(name, ty), ""));
    let plain_debug = object.has_plain_debug();
    let plain = object.fields.iter().all(has_plain_default);
    let derives: Vec<_> = [
        (plain_debug, "Debug"),
        (true, "Clone"),
        (true, "PartialEq"),
        (plain, "Default"),
    ]
    .into_iter()
    .filter_map(|(wanted, derive)| wanted.then_some(derive))
    .collect();
    writeln!(out, "#[derive({})]\n#[non_exhaustive]", derives.join(", "))?;
    if object.fields.is_empty() && object.rest.is_none() {
        writeln!(out, "pub struct {name} {{}}\n")?;
    } else {
        writeln!(out, "pub struct {name} {{")?;
        for field in &object.fields {
            out.push_str(&docs::comment(&field_docs(field), "    "));
            writeln!(out, "    pub {}: {},", field.slot.ident, field_type(field))?;
        }
        if let Some(rest) = &object.rest {
            out.push_str(&docs::comment(
                "Additional members of the object, by name.",
                "    ",
            ));
            writeln!(out, "    pub rest: {},", rest_type(rest))?;
        }
        writeln!(out, "}}\n")?;
    }
    methods(out, name, ty, object, context.model)?;
    if !plain_debug {
        redacted(&mut item.table, name, object)?;
    }
    table(&mut item.table, name, object, context.model)
}

fn rest_type(rest: &Slot) -> String {
    match rest.rust.as_str() {
        "Value" => "Map<String, Value>".to_owned(),
        rust => format!("BTreeMap<String, {rust}>"),
    }
}

fn field_docs(field: &Field) -> String {
    let description = field.slot.docs.as_deref().map(docs::prose);
    let mut docs = docs::with_stage(description.unwrap_or_default(), field.slot.experimental);
    let mut add = |sentence: String| {
        if !docs.is_empty() {
            docs.push_str("\n\n");
        }
        docs.push_str(&sentence);
    };
    match (field.rule, &field.default) {
        (Rule::Clearable, _) => {
            add("`None` leaves the value unchanged; `Some(None)` clears it.".to_owned());
        }
        (Rule::Optional, Some(default)) => add(format!("The server's default is `{default}`.")),
        (Rule::Default, Some(default)) => add(format!("Defaults to `{default}` if absent.")),
        _ => {}
    }
    docs
}

/// The type of a field.
pub(crate) fn field_type(field: &Field) -> String {
    let rust = &field.slot.rust;
    match field.rule {
        Rule::Required | Rule::Default => rust.clone(),
        Rule::Nullable | Rule::Optional | Rule::Envelope => format!("Option<{rust}>"),
        Rule::Clearable => format!("Option<Option<{rust}>>"),
    }
}

/// Whether the schema of a field accepts `null`.
fn accepts_null(field: &Field) -> bool {
    field.nullable || field.slot.rust == "Value"
}

/// Whether the field's default is the `Default` of its type.
fn has_plain_default(field: &Field) -> bool {
    match (field.rule, &field.default) {
        (Rule::Required, _) => false,
        (Rule::Default, Some(default)) => match default {
            Value::Bool(value) => !value,
            Value::Array(values) => values.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Number(number) => number.as_i64() == Some(0),
            _ => false,
        },
        _ => true,
    }
}

/// Writes `new(required, ..)`, and setters for the optional fields of a type that clients send.
fn methods(out: &mut String, name: &str, ty: &Type, object: &Object, model: &Model) -> Result<()> {
    let required: Vec<_> = object
        .fields
        .iter()
        .filter(|field| matches!(field.rule, Rule::Required | Rule::Nullable))
        .collect();
    let optional: Vec<_> = object
        .fields
        .iter()
        .filter(|field| matches!(field.rule, Rule::Optional | Rule::Clearable))
        .filter(|_| ty.sent)
        .collect();
    let constructor = !required.is_empty();
    if !constructor && optional.is_empty() {
        return Ok(());
    }
    writeln!(out, "impl {name} {{")?;
    if constructor {
        new(out, name, object, &required, model)?;
    }
    for field in &optional {
        setter(out, field)?;
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

fn new(
    out: &mut String,
    name: &str,
    object: &Object,
    required: &[&Field],
    model: &Model,
) -> Result<()> {
    let arguments: Vec<_> = required
        .iter()
        .map(|field| match field.rule {
            Rule::Nullable => format!("{}: {}", field.slot.ident, field_type(field)),
            _ => format!("{}: {}", field.slot.ident, argument_type(&field.slot.rust)),
        })
        .collect();
    let sentence = format!("Creates a new `{name}` from its required fields.");
    out.push_str(&docs::comment(&sentence, "    "));
    if required.len() > 7 {
        writeln!(out, "    #[allow(clippy::too_many_arguments)]")?;
    }
    writeln!(
        out,
        "    #[must_use]\n    pub fn new({}) -> Self {{\n        Self {{",
        arguments.join(", ")
    )?;
    for field in &object.fields {
        let ident = &field.slot.ident;
        match field.rule {
            Rule::Required if is_copy(&field.slot.rust) => writeln!(out, "            {ident},")?,
            Rule::Required => writeln!(out, "            {ident}: {ident}.into(),")?,
            Rule::Nullable => writeln!(out, "            {ident},")?,
            Rule::Default => writeln!(out, "            {ident}: {},", default(field, model)?)?,
            _ => writeln!(out, "            {ident}: None,")?,
        }
    }
    if object.rest.is_some() {
        writeln!(out, "            rest: Default::default(),")?;
    }
    writeln!(out, "        }}\n    }}\n")?;
    Ok(())
}

fn setter(out: &mut String, field: &Field) -> Result<()> {
    let (ident, rust) = (&field.slot.ident, &field.slot.rust);
    let into = if is_copy(rust) {
        ident.clone()
    } else {
        format!("{ident}.into()")
    };
    let value = match field.rule {
        Rule::Clearable => format!("Some(Some({into}))"),
        _ => format!("Some({into})"),
    };
    out.push_str(&docs::comment(
        &format!("Sets [`{ident}`](field@Self::{ident})."),
        "    ",
    ));
    writeln!(
        out,
        "    #[must_use]\n    pub fn {ident}(mut self, {ident}: {}) -> Self {{\n        \
         self.{ident} = {value};\n        self\n    }}\n",
        argument_type(rust)
    )?;
    if field.rule == Rule::Clearable {
        let clear = ident.trim_end_matches('_');
        let sentence = format!("Clears [`{ident}`](field@Self::{ident}) by sending `null`.");
        out.push_str(&docs::comment(&sentence, "    "));
        writeln!(
            out,
            "    #[must_use]\n    pub fn clear_{clear}(mut self) -> Self {{\n        \
             self.{ident} = Some(None);\n        self\n    }}\n"
        )?;
    }
    Ok(())
}

fn argument_type(rust: &str) -> String {
    if is_copy(rust) {
        rust.to_owned()
    } else {
        format!("impl Into<{rust}>")
    }
}

fn is_copy(rust: &str) -> bool {
    matches!(rust, "bool" | "u16" | "i32" | "u32" | "i64" | "u64")
}

/// The default of a field, as an expression.
///
/// # Errors
///
/// Fails if the default is not a value of the type of the field.
pub(crate) fn default(field: &Field, model: &Model) -> Result<String> {
    let value = field
        .default
        .as_ref()
        .context("a field with the rule `default` but without a default")?;
    expression(value, &field.slot.rust, model)
        .with_context(|| format!("the default of `{}`", field.slot.name))
}

fn expression(value: &Value, rust: &str, model: &Model) -> Result<String> {
    match value {
        Value::Bool(_) if rust == "bool" => Ok(value.to_string()),
        Value::Number(number) if in_range(number, rust) => Ok(value.to_string()),
        Value::Array(values) if values.is_empty() && rust.starts_with("Vec<") => {
            Ok("Vec::new()".to_owned())
        }
        Value::Object(members) if members.is_empty() && is_map(rust) => {
            Ok("Default::default()".to_owned())
        }
        Value::Array(values) => {
            let inner = rust
                .strip_prefix("Vec<")
                .and_then(|rust| rust.strip_suffix('>'));
            let inner = inner.with_context(|| format!("a list is not a value of `{rust}`"))?;
            let values: Result<Vec<_>> = values
                .iter()
                .map(|value| expression(value, inner, model))
                .collect();
            Ok(format!("vec![{}]", values?.join(", ")))
        }
        Value::String(wire) => {
            let variants = match model.types.get(rust).map(|ty| &ty.kind) {
                Some(Kind::Strings(strings)) => &strings.variants,
                Some(Kind::Mixed(mixed)) => &mixed.strings,
                _ => bail!("`{rust}` is not an enum with the value `{wire}`"),
            };
            let variant = variants.iter().find(|variant| variant.wire == *wire);
            let variant = variant.with_context(|| format!("`{rust}` has no value `{wire}`"))?;
            Ok(format!("{rust}::{}", variant.ident))
        }
        _ => bail!("`{value}` is not supported for the type `{rust}`"),
    }
}

fn is_map(rust: &str) -> bool {
    rust.starts_with("BTreeMap<") || rust.starts_with("Map<")
}

/// Whether a number is a value of an integer type.
fn in_range(number: &serde_json::Number, rust: &str) -> bool {
    let (signed, unsigned) = (number.as_i64(), number.as_u64());
    match rust {
        "i64" => signed.is_some(),
        "i32" => signed.is_some_and(|number| i32::try_from(number).is_ok()),
        "u64" => unsigned.is_some(),
        "u32" => unsigned.is_some_and(|number| u32::try_from(number).is_ok()),
        "u16" => unsigned.is_some_and(|number| u16::try_from(number).is_ok()),
        _ => false,
    }
}

/// Writes an implementation of `Debug` that hides secrets.
fn redacted(out: &mut String, name: &str, object: &Object) -> Result<()> {
    let fields = object.fields.iter().map(|field| {
        let shown = match field.shown {
            Shown::Plain => "plain",
            Shown::Masked => "masked",
            Shown::Hidden => "hidden",
        };
        format!("{shown} {}", field.slot.ident)
    });
    let shown = if object.rest_secret {
        "hidden"
    } else {
        "plain"
    };
    let rest = object.rest.iter().map(|_| format!("{shown} rest"));
    let fields: Vec<_> = fields.chain(rest).collect();
    writeln!(
        out,
        "wire::redacted! {{ {name} {{ {} }} }}\n",
        fields.join(", ")
    )?;
    Ok(())
}

/// Writes the wire table of the fields.
fn table(out: &mut String, name: &str, object: &Object, model: &Model) -> Result<()> {
    let prefix = match (object.strict, &object.rest) {
        (true, _) => "strict ",
        (false, Some(_)) => "open ",
        (false, None) if object.closed => "closed ",
        (false, None) => "",
    };
    if object.fields.is_empty() && object.rest.is_none() {
        writeln!(out, "wire::object! {{ {prefix}{name} {{}} }}")?;
        return Ok(());
    }
    writeln!(out, "wire::object! {{ {prefix}{name} {{")?;
    for field in &object.fields {
        let rule = match field.rule {
            Rule::Required if field.natural => "natural".to_owned(),
            Rule::Required => "required".to_owned(),
            Rule::Nullable => "nullable".to_owned(),
            Rule::Optional if accepts_null(field) => "optional".to_owned(),
            Rule::Optional => "omittable".to_owned(),
            Rule::Clearable => "clearable".to_owned(),
            Rule::Envelope => "envelope".to_owned(),
            Rule::Default if accepts_null(field) => {
                format!("default_or_null({})", default(field, model)?)
            }
            Rule::Default => format!("default({})", default(field, model)?),
        };
        writeln!(
            out,
            "    {}: {rule} {:?},",
            field.slot.ident, field.slot.name
        )?;
    }
    writeln!(out, "}} }}")?;
    Ok(())
}
