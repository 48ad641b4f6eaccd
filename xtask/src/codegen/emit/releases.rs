//! Writes the pinned release, and the first releases of the methods.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::docs;
use crate::schema::pinned::Pinned;

/// Writes the constants. The table leaves out the methods of the oldest release, which are most of
/// them.
pub(crate) fn releases(out: &mut String, pinned: &Pinned) -> Result<()> {
    let table = &pinned.first_releases;
    let oldest = table.oldest().context("no release has known methods")?;
    for (name, value, about) in [
        (
            "CODEX_VERSION",
            &pinned.version,
            "The Codex release whose protocol these types describe.",
        ),
        (
            "OLDEST_CODEX_VERSION",
            &oldest.to_string(),
            "The oldest Codex release that the tests of this SDK run against.",
        ),
    ] {
        out.push_str(&docs::comment(about, ""));
        writeln!(out, "pub const {name}: &str = {value:?};\n")?;
    }
    out.push_str(&docs::comment(
        "The methods that the oldest release does not have, with their first release, in the order \
         of their names.",
        "",
    ));
    writeln!(out, "pub(crate) const LATER_METHODS: &[(&str, &str)] = &[")?;
    for (method, first) in table.methods.iter().filter(|(_, first)| *first > oldest) {
        writeln!(out, "    ({method:?}, \"{first}\"),")?;
    }
    writeln!(out, "];")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::schema::pinned::Pinned;

    #[test]
    fn the_table_lists_only_the_methods_that_the_oldest_release_lacks() {
        let first_releases = toml::from_str(
            "releases = [\"0.133.0\", \"0.169.0\"]\n[methods]\n\"a/old\" = \"0.133.0\"\n\"b/new\" = \
             \"0.150.0\"",
        );
        let pinned = Pinned {
            version: "0.169.0".to_owned(),
            stable: Value::Null,
            experimental: Value::Null,
            first_releases: first_releases.unwrap(),
            clearable_fields: Default::default(),
            kept: Default::default(),
        };
        let mut out = String::new();
        releases(&mut out, &pinned).unwrap();
        assert!(out.contains("CODEX_VERSION: &str = \"0.169.0\""), "{out}");
        assert!(
            out.contains("OLDEST_CODEX_VERSION: &str = \"0.133.0\""),
            "{out}"
        );
        assert!(out.contains("(\"b/new\", \"0.150.0\")"), "{out}");
        assert!(!out.contains("a/old"), "{out}");
    }
}
