//! Values that override those of the configuration.

use serde_json::{Map, Value};

use crate::{
    config::{mcp_server::McpServer, toml},
    error::{Error, Result},
};

/// A value for a key of the configuration. Does not implement `Debug`: the value may be a secret.
#[derive(Clone)]
pub(crate) struct Override {
    /// The parts of the key. Codex splits a key at its dots and knows no quotes.
    path: Vec<String>,
    value: Value,
    /// The value as TOML.
    toml: String,
}

impl Override {
    /// Creates an override from a dotted key.
    pub(crate) fn new(key: &str, value: impl Into<Value>) -> Result<Self> {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let is_plain = |part: &String| {
            let is_special =
                |c: char| c.is_whitespace() || c.is_control() || "='\"[]{}".contains(c);
            !part.is_empty() && !part.contains(is_special)
        };
        if !path.iter().all(is_plain) {
            let reason = format!(
                "{key:?} is not a configuration key: separate the parts of a key by dots, and for a \
                 part with dots, spaces or quotes, pass the table above it as an object"
            );
            return Err(Error::InvalidInput(reason.into()));
        }
        Self::at(path, value.into())
    }

    /// Creates the override that defines an MCP server.
    pub(crate) fn mcp_server<T>(name: &str, server: McpServer<T>) -> Result<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if name.is_empty() || !name.bytes().all(is_plain) {
            let reason = format!(
                "{name:?} is not a name for an MCP server: use letters, digits, `-` and `_`"
            );
            return Err(Error::InvalidInput(reason.into()));
        }
        let path = vec!["mcp_servers".to_owned(), name.to_owned()];
        Self::at(path, server.into_members()?.into())
    }

    fn at(path: Vec<String>, value: Value) -> Result<Self> {
        match toml::inline(&value) {
            Ok(toml) => Ok(Self { path, value, toml }),
            Err(reason) => {
                let reason = format!("the value of `{}` is invalid: {reason}", path.join("."));
                Err(Error::InvalidInput(reason.into()))
            }
        }
    }

    /// Returns the dotted key.
    pub(crate) fn key(&self) -> String {
        self.path.join(".")
    }

    /// Returns the argument of the flag `-c`.
    pub(crate) fn flag(&self) -> String {
        format!("{}={}", self.key(), self.toml)
    }

    /// Adds the value to a map from dotted keys, in the place of what the map has for the key. No key
    /// of the map is part of another one, so their order does not matter.
    ///
    /// The keys are not nested, because a table would replace the one that is overridden for the
    /// server.
    pub(crate) fn add_to(self, config: &mut Map<String, Value>) {
        let key = self.key();
        config.retain(|other, _| *other != key && !is_below(other, &key));
        match config.iter_mut().find(|(other, _)| is_below(&key, other)) {
            Some((above, table)) => {
                let depth = above.split('.').count();
                insert(table, self.path.into_iter().skip(depth), self.value);
            }
            None => drop(config.insert(key, self.value)),
        }
    }
}

/// Whether the table of a key contains another key.
fn is_below(key: &str, table: &str) -> bool {
    let rest = key.strip_prefix(table);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

/// Inserts a value at a path below a table. Other values on the way become tables.
fn insert(table: &mut Value, mut path: impl Iterator<Item = String>, value: Value) {
    let Some(key) = path.next() else {
        *table = value;
        return;
    };
    if !table.is_object() {
        *table = Map::new().into();
    }
    if let Value::Object(table) = table {
        insert(table.entry(key).or_insert(Value::Null), path, value);
    }
}

/// Defines the options that override the configuration, for a builder with the method
/// `add_override(self, Result<Override>) -> Self`.
macro_rules! config_options {
    ($(#[$scope:meta])*) => {
        /// Overrides a value of the configuration, by its dotted key.
        ///
        /// The value is a text, a number, a boolean, or an array or object of them, such as
        /// `serde_json::json!({"network_access": true})`. An object is merged into the table that
        /// `config.toml` has for the key, but replaces an earlier override of the table. Of several
        /// values for one key, the last one applies. Codex ignores keys that it does not know.
        ///
        /// A key with empty parts, quotes or spaces, and a value with a null, is an
        /// [`InvalidInput`](crate::Error::InvalidInput) error when the builder is used.
        ///
        $(#[$scope])*
        pub fn config(self, key: impl AsRef<str>, value: impl Into<serde_json::Value>) -> Self {
            self.add_override($crate::config::overrides::Override::new(key.as_ref(), value))
        }

        /// Overrides several values of the configuration: see [`config`](Self::config).
        ///
        $(#[$scope])*
        pub fn configs<I, K, V>(self, values: I) -> Self
        where
            I: IntoIterator<Item = (K, V)>,
            K: AsRef<str>,
            V: Into<serde_json::Value>,
        {
            let set = |builder: Self, (key, value): (K, V)| builder.config(key, value);
            values.into_iter().fold(self, set)
        }

        /// Adds an MCP server, whose tools the model can call. It replaces an earlier override of
        /// the server; if `config.toml` has a server of this name, that one keeps the options that
        /// are not set here.
        ///
        /// The name consists of letters, digits, `-` and `_`. Any other name is an
        /// [`InvalidInput`](crate::Error::InvalidInput) error when the builder is used.
        ///
        $(#[$scope])*
        pub fn mcp_server<T>(
            self,
            name: impl AsRef<str>,
            server: $crate::config::McpServer<T>,
        ) -> Self {
            let server = $crate::config::overrides::Override::mcp_server(name.as_ref(), server);
            self.add_override(server)
        }
    };
}

pub(crate) use config_options;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flag(key: &str, value: impl Into<Value>) -> String {
        Override::new(key, value).unwrap().flag()
    }

    fn error(created: Result<Override>) -> String {
        created.err().unwrap().to_string()
    }

    #[test]
    fn a_flag_is_the_key_and_the_value_as_toml() {
        assert_eq!(flag("model", "gpt-5.4"), r#"model="gpt-5.4""#);
        assert_eq!(flag("features.a", true), "features.a=true");
        assert_eq!(flag("a", "true"), r#"a="true""#);
        assert_eq!(
            flag("a.b", json!({"c d": [1, "x"]})),
            r#"a.b={"c d"=[1, "x"]}"#
        );
    }

    #[test]
    fn a_key_or_a_value_that_codex_cannot_take_is_an_error() {
        for key in [
            "",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a=b",
            "\"a\"",
            "a.\"b.c\"",
            "a[0]",
            " a",
        ] {
            let error = error(Override::new(key, 1));
            assert!(error.starts_with(&format!("{key:?} is not a")), "{error}");
        }
        let null = error(Override::new("a.b", Value::Null));
        assert!(
            null.starts_with("the value of `a.b` is invalid: TOML has no null"),
            "{null}"
        );
        let name = error(Override::mcp_server("a.b", McpServer::stdio("x")));
        assert!(name.starts_with("\"a.b\" is not a name"), "{name}");
    }

    #[test]
    fn the_last_value_of_a_key_applies_and_no_key_is_part_of_another() {
        let mut config = Map::new();
        let values = [
            ("a.b", json!(1)),
            ("a.c.d", json!(2)),
            ("a.b", json!(3)),
            ("a.bc", json!(4)),
            ("e", json!(5)),
            ("e.f.g", json!(6)),
            ("h.i", json!(7)),
            ("h.i.j", json!(8)),
            ("h", json!({"k": 9})),
            ("h.l", json!(10)),
        ];
        for (key, value) in values {
            Override::new(key, value).unwrap().add_to(&mut config);
        }
        let expected = json!({
            "a.b": 3, "a.c.d": 2, "a.bc": 4, "e": {"f": {"g": 6}}, "h": {"k": 9, "l": 10},
        });
        assert_eq!(Value::from(config), expected);
    }
}
