//! Error responses from the server.

use std::fmt;

use codex_types::{redact, rpc::JsonRpcError};
use semver::Version;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::Value;

use crate::{
    error::rpc_error_kind::RpcErrorKind,
    version::{self, UPDATE},
};

/// An error response from the server.
///
/// `Display` and `Debug` mask keys and tokens in the message, and `Debug` shows only the size of the
/// details. In serde, the fields have their names in camelCase; the message is masked, and the
/// details are left out.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RpcError {
    /// The method of the request.
    pub method: &'static str,
    /// The kind of the error.
    pub kind: RpcErrorKind,
    /// The JSON-RPC error code.
    pub code: i64,
    /// The message from the server.
    pub message: String,
    /// The details, if the server sent any.
    pub data: Option<Value>,
    /// The version of the server. `None` if the server did not report it.
    pub server_version: Option<Version>,
    /// The first release with the method, if the server is older than that.
    pub required_version: Option<Version>,
}

/// The position of a fault in a configuration file, from [`RpcError::config_location`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigLocation<'a> {
    /// The path of the file on the machine of the server.
    pub file: &'a str,
    /// The line, starting at 1.
    pub line: u32,
    /// The column, starting at 1.
    pub column: u32,
}

/// The position as compilers print it: `FILE:LINE:COLUMN`.
impl fmt::Display for ConfigLocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

impl Serialize for RpcError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let version = |version: &Option<Version>| version.as_ref().map(Version::to_string);
        let mut fields = serializer.serialize_struct("RpcError", 6)?;
        fields.serialize_field("method", self.method)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("message", &redact::without_tokens(&self.message))?;
        fields.serialize_field("serverVersion", &version(&self.server_version))?;
        fields.serialize_field("requiredVersion", &version(&self.required_version))?;
        fields.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RpcError {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RpcError".into()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        concat!(module_path!(), "::RpcError").into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "method": { "type": "string" },
                "kind": generator.subschema_for::<RpcErrorKind>(),
                "code": { "type": "integer", "format": "int64" },
                "message": { "type": "string" },
                "serverVersion": { "type": ["string", "null"] },
                "requiredVersion": { "type": ["string", "null"] },
            },
            "required": ["method", "kind", "code", "message", "serverVersion", "requiredVersion"],
        })
    }
}

impl RpcError {
    pub(crate) fn new(method: &'static str, error: JsonRpcError) -> Self {
        Self {
            method,
            kind: RpcErrorKind::of(method, &error),
            code: error.code,
            message: error.message,
            data: error.data,
            server_version: None,
            required_version: None,
        }
    }

    /// Adds the version of the server.
    pub(crate) fn on_server(mut self, server_version: Option<&Version>) -> Self {
        self.server_version = server_version.cloned();
        if self.kind == RpcErrorKind::MethodNotFound {
            self.required_version =
                server_version.and_then(|it| version::required(self.method, it));
        }
        self
    }

    /// Returns the message without the list of all methods that the server knows.
    fn short_message(&self) -> &str {
        let end = match self.kind {
            RpcErrorKind::MethodNotFound => self.message.find(", expected one of"),
            _ => None,
        };
        &self.message[..end.unwrap_or(self.message.len())]
    }

    /// Returns the end of the message, which says what a method needs.
    fn advice(&self) -> String {
        let Some(server) = &self.server_version else {
            return String::new();
        };
        match &self.required_version {
            Some(required) => format!(
                "; `{}` needs codex {required} or newer, and the server is codex {server}: update \
                 it with `{UPDATE}`",
                self.method
            ),
            None if self.kind == RpcErrorKind::MethodNotFound => {
                format!("; the server is codex {server}")
            }
            None => String::new(),
        }
    }

    /// Returns the position of the fault in the server's configuration, if the kind is
    /// [`InvalidConfig`](RpcErrorKind::InvalidConfig) and the message names one. For example, it
    /// names none if a value is unknown, such as the name of a model provider.
    pub fn config_location(&self) -> Option<ConfigLocation<'_>> {
        if self.kind != RpcErrorKind::InvalidConfig {
            return None;
        }
        // The message is `PROSE: FILE:LINE:COLUMN: FAULT`.
        let (_, rest) = self.message.split_once(": ")?;
        let mut ends = rest.match_indices(": ").map(|(end, _)| &rest[..end]);
        ends.find_map(|position| {
            let mut parts = position.rsplitn(3, ':');
            let column = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            let file = parts.next()?;
            Some(ConfigLocation { file, line, column })
        })
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = redact::without_tokens(self.short_message());
        let (method, code) = (self.method, self.code);
        let advice = self.advice();
        write!(
            f,
            "the server rejected `{method}`: {message} (code {code}){advice}"
        )
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |data: &Value| format!("<{} bytes>", data.to_string().len());
        f.debug_struct("RpcError")
            .field("method", &self.method)
            .field("kind", &self.kind)
            .field("code", &self.code)
            .field("message", &redact::without_tokens(&self.message))
            .field("data", &self.data.as_ref().map(size))
            .field("server_version", &self.server_version)
            .field("required_version", &self.required_version)
            .finish()
    }
}

impl std::error::Error for RpcError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_an_older_server_lacks_is_an_error_with_both_versions() {
        let unknown = "Invalid request: unknown variant `thread/start`, expected one of `a`, `b`";
        let error = JsonRpcError::new(-32600, unknown);
        let error = RpcError::new("thread/start", error).on_server(Some(&Version::new(0, 44, 0)));
        assert_eq!(error.required_version, Some(Version::new(0, 133, 0)));
        assert_eq!(
            error.to_string(),
            "the server rejected `thread/start`: Invalid request: unknown variant `thread/start` \
             (code -32600); `thread/start` needs codex 0.133.0 or newer, and the server is codex \
             0.44.0: update it with `npm install -g @openai/codex@latest`"
        );
        let unknown = JsonRpcError::new(-32601, "unknown method");
        let error = RpcError::new("thread/start", unknown).on_server(Some(&Version::new(9, 0, 0)));
        assert_eq!(error.required_version, None);
        assert!(
            error.to_string().ends_with("; the server is codex 9.0.0"),
            "{error}"
        );
        let invalid = JsonRpcError::new(-32600, "no active turn");
        let error = RpcError::new("turn/steer", invalid).on_server(Some(&Version::new(0, 44, 0)));
        assert_eq!(error.required_version, None);
        assert!(error.to_string().ends_with("(code -32600)"), "{error}");
    }

    #[test]
    fn the_position_of_a_configuration_fault_is_read_from_the_message() {
        let location = |message: &str| {
            let error = RpcError::new("thread/start", JsonRpcError::new(-32600, message));
            let location = error.config_location()?;
            assert!(message.contains(&format!(": {location}: ")), "{location}");
            Some((location.file.to_owned(), location.line, location.column))
        };
        let fault = "failed to load configuration: /a: b/config.toml:16:9: extra `=`: expected";
        assert_eq!(location(fault), Some(("/a: b/config.toml".into(), 16, 9)));
        let fault = "failed to read configuration layers: C:\\x\\config.toml:1:2: duplicate key";
        assert_eq!(location(fault), Some(("C:\\x\\config.toml".into(), 1, 2)));
        for other in [
            "failed to load configuration: Model provider `nope` not found",
            "failed to load configuration: /a/config.toml:16:9",
            "no active turn: a:1:2: b",
        ] {
            assert_eq!(location(other), None, "{other}");
        }
    }
}
