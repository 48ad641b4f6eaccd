//! The meaning of `null` in an optional field, according to its description.

/// The meaning of `null` according to a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// `null` clears the value, or is different from absence in another way.
    Differs,
    /// `null` and absence mean the same, or `null` means the same as another value, which a client
    /// can send instead.
    Same,
    /// The description mentions `null`, or that absence keeps the value, in other words.
    Unclear,
    /// The description does not mention it.
    Silent,
}

/// The subject of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Field,
    /// A description of a type may speak of "a field".
    Type,
}

/// Reads a description.
pub(super) fn read(description: &str, subject: Subject) -> Wording {
    let sentences: Vec<_> = sentences(description)
        .iter()
        .map(|sentence| read_sentence(sentence, subject))
        .collect();
    let says = |wording| sentences.contains(&wording);
    match (says(Wording::Differs), says(Wording::Same)) {
        (true, true) => Wording::Unclear,
        (true, false) => Wording::Differs,
        (false, true) => Wording::Same,
        _ if says(Wording::Unclear) => Wording::Unclear,
        _ => Wording::Silent,
    }
}

/// Splits a text into sentences of lowercase words.
fn sentences(text: &str) -> Vec<Vec<String>> {
    // A full stop inside of a word, as in `config.toml`, ends no sentence.
    let text = format!("{text} ").replace(|end: char| end.is_whitespace(), " ");
    let sentences = text.split(". ").flat_map(|part| part.split([';', ':']));
    sentences
        .map(|sentence| {
            let words = sentence.split(|end: char| !end.is_alphanumeric());
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_lowercase).collect()
        })
        .collect()
}

fn read_sentence(sentence: &[String], subject: Subject) -> Wording {
    let sentence: Vec<&str> = sentence.iter().map(String::as_str).collect();
    let Some(null) = sentence.iter().position(|word| *word == "null") else {
        let keeps = sentence.windows(3).any(|words| match words {
            [omitted, "to", verb] => {
                is_omission(omitted) && is_one_of(verb, &["keep", "leave", "preserve"])
            }
            _ => false,
        });
        return if keeps {
            Wording::Unclear
        } else {
            Wording::Silent
        };
    };
    let (before, after) = (&sentence[..null], &sentence[null + 1..]);
    let is_same = match (before, after) {
        ([.., omitted], _) | ([.., omitted, "or"], _) if is_omission(omitted) => true,
        // "Omit or pass", "omission or explicit".
        ([.., omitted, "or", _], _) if is_omission(omitted) => true,
        (_, ["or", omitted, ..] | [omitted, ..]) if is_omission(omitted) => true,
        ([.., value, "or"], _) | (_, ["or", value, ..]) => {
            is_one_of(value, &["empty", "false", "true", "zero"])
        }
        _ => false,
    };
    if is_same {
        return Wording::Same;
    }
    let is_part = |words: &[&str]| match words {
        [article, part] => {
            is_one_of(article, &["a", "each", "any", "its"])
                && is_one_of(part, &["field", "key", "member", "entry", "property"])
        }
        _ => false,
    };
    if subject == Subject::Field && sentence.windows(2).any(is_part) {
        return Wording::Unclear; // About the members of the value.
    }
    let is_cleared = match after {
        ["to", verb, ..] | [verb, ..] => is_clearing(verb),
        [] => false,
    };
    let is_set = match before {
        [.., "set", "it", "to"] | [.., "set", "to"] | [.., "use" | "pass" | "send"] => {
            matches!(after, ["to" | "for", ..])
        }
        _ => false,
    };
    if is_cleared || is_set {
        Wording::Differs
    } else {
        Wording::Unclear
    }
}

fn is_omission(word: &str) -> bool {
    ["omi", "absent", "absence", "missing", "unset"]
        .iter()
        .any(|start| word.starts_with(start))
}

fn is_clearing(word: &str) -> bool {
    [
        "clear", "remove", "unset", "reset", "disable", "delete", "unassign",
    ]
    .iter()
    .any(|start| word.starts_with(start))
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wordings_of_released_schemas_are_understood() {
        for (description, wording) in [
            ("Optional page size.", Wording::Silent),
            (
                "`null` clears the tier; omission leaves it unchanged.",
                Wording::Differs,
            ),
            (
                "Omit to leave the stored branch unchanged, set to `null` to clear it,\nor provide a \
                 non-empty string to replace it.",
                Wording::Differs,
            ),
            (
                "When omitted, the server default applies. Set to `null` to disable the\ncap.",
                Wording::Differs,
            ),
            (
                "Omit to include every section, set to `null` for unsectioned threads.",
                Wording::Differs,
            ),
            (
                "Omit to preserve appearance, use `null` to clear it, or provide a replacement.",
                Wording::Differs,
            ),
            (
                "Omitted/null preserves the list; [] clears it.",
                Wording::Same,
            ),
            (
                "Omission or `null` leaves the effort unchanged.",
                Wording::Same,
            ),
            (
                "Omitted, null, or empty means no exclusions.",
                Wording::Same,
            ),
            (
                "Omit or pass `null` to clear the configuration's override.",
                Wording::Same,
            ),
            (
                "Omit or send null for unrestricted results. An empty list matches nothing.",
                Wording::Same,
            ),
            ("Null or absent selects `global`.", Wording::Same),
            (
                "Omit a field to leave it unchanged, set it to `null` to clear it.",
                Wording::Unclear,
            ),
            (
                "Set a key to `null` to unset an inherited variable.",
                Wording::Unclear,
            ),
            (
                "If false or null, only non-archived threads.",
                Wording::Same,
            ),
            ("Null or false keeps them.", Wording::Same),
            ("One or null of them.", Wording::Unclear),
            (
                "For `a.b`, `null` means the built-in one.",
                Wording::Unclear,
            ),
            (
                "Omit to leave the project unchanged, use an empty string to clear it.",
                Wording::Unclear,
            ),
            (
                "Omission or null keeps it. Set to null to clear it.",
                Wording::Unclear,
            ),
        ] {
            assert_eq!(read(description, Subject::Field), wording, "{description}");
        }
    }

    #[test]
    fn the_description_of_a_type_may_speak_of_its_fields() {
        let patch = "Omitted fields preserve their values. Explicit null clears a nullable field.";
        let update = "Set a field to `null` to clear it.";
        assert_eq!(read(patch, Subject::Type), Wording::Differs);
        assert_eq!(read(update, Subject::Field), Wording::Unclear);
        assert_eq!(read(update, Subject::Type), Wording::Differs);
        assert_eq!(read("A thread.", Subject::Type), Wording::Silent);
    }
}
