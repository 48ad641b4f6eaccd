//! MCP servers of the configuration.

use std::{fmt, marker::PhantomData, path::Path, time::Duration};

use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    path,
};

/// An MCP server that Codex starts as a process, and talks to over its standard streams.
#[derive(Debug, Clone, Copy)]
pub enum Stdio {}

/// An MCP server that Codex reaches over HTTP (streamable HTTP).
#[derive(Debug, Clone, Copy)]
pub enum Http {}

/// An MCP server (`mcp_servers` in the configuration), for the `mcp_server` option of
/// [`CodexBuilder`](crate::builder::CodexBuilder) and of the builders of threads. The model can
/// call its tools.
///
/// ```no_run
/// use codex_client::{Codex, Result, config::McpServer};
///
/// async fn example(codex: &Codex, token: &str) -> Result<()> {
///     let tickets = McpServer::stdio("tickets-mcp")
///         .args(["--project", "app"])
///         .env("TICKETS_TOKEN", token)
///         .enabled_tools(["search", "read"]);
///     let docs = McpServer::http("https://docs.example/mcp").bearer_token_env_var("DOCS_TOKEN");
///     let thread = codex.thread_start().mcp_server("tickets", tickets).mcp_server("docs", docs);
///     let result = thread.await?.run("Summarize ticket 7.").await?;
///     println!("{}", result.final_response.unwrap_or_default());
///     Ok(())
/// }
/// ```
///
/// # Secrets
///
/// The options of a thread are sent over the connection, so a secret may be among them. The options
/// of a client are arguments of the server process, which other users of the machine can see: name
/// the variables that hold the secrets instead, with [`env_vars`](Self::env_vars),
/// [`bearer_token_env_var`](Self::bearer_token_env_var) or [`env_header`](Self::env_header), and set
/// these with [`CodexBuilder::env`](crate::builder::CodexBuilder::env). Commands of the model see
/// the variables of the server process, unless `shell_environment_policy.exclude` in the
/// configuration names them. `Debug` shows no values.
#[must_use = "an MCP server is used by the `mcp_server` option of a builder"]
pub struct McpServer<T = Stdio> {
    members: Map<String, Value>,
    /// The error of an option whose value cannot be sent.
    error: Option<Error>,
    transport: PhantomData<fn() -> T>,
}

impl McpServer<Stdio> {
    /// Creates a server that Codex starts with this command: a path, or a name to look up in `PATH`.
    pub fn stdio(command: impl AsRef<Path>) -> Self {
        Self::new().path("command", command.as_ref())
    }

    /// Adds an argument to the command.
    pub fn arg(self, arg: impl Into<String>) -> Self {
        self.args([arg])
    }

    /// Adds arguments to the command.
    pub fn args<I>(self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.extend("args", args)
    }

    /// Sets an environment variable of the process. It inherits only a few variables from Codex,
    /// such as `PATH` and `HOME`.
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.entry("env", name.into(), value.into())
    }

    /// Sets several environment variables of the process.
    pub fn envs<I, K, V>(self, variables: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<String>,
        V: Into<String>,
    {
        let set = |server: Self, (name, value): (K, V)| server.env(name, value);
        variables.into_iter().fold(self, set)
    }

    /// Adds the names of environment variables that the process inherits from Codex.
    pub fn env_vars<I>(self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.extend("env_vars", names)
    }

    /// Sets the working directory of the process.
    pub fn cwd(self, dir: impl AsRef<Path>) -> Self {
        self.path("cwd", dir.as_ref())
    }

    fn path(mut self, key: &str, path: &Path) -> Self {
        match path::text(path) {
            Ok(path) => self.config(key, path),
            Err(error) => {
                self.error.get_or_insert(error);
                self
            }
        }
    }
}

impl McpServer<Http> {
    /// Creates a server that Codex reaches at this URL.
    pub fn http(url: impl Into<String>) -> Self {
        Self::new().config("url", url.into())
    }

    /// Sets the environment variable of Codex from which it takes the bearer token for the server.
    pub fn bearer_token_env_var(self, name: impl Into<String>) -> Self {
        self.config("bearer_token_env_var", name.into())
    }

    /// Sets a header of the requests to the server.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.entry("http_headers", name.into(), value.into())
    }

    /// Sets a header whose value Codex takes from this environment variable.
    pub fn env_header(self, name: impl Into<String>, variable: impl Into<String>) -> Self {
        self.entry("env_http_headers", name.into(), variable.into())
    }
}

impl<T> McpServer<T> {
    fn new() -> Self {
        Self {
            members: Map::new(),
            error: None,
            transport: PhantomData,
        }
    }

    /// Adds tools to those that the model can use. By default, it can use all tools of the server.
    pub fn enabled_tools<I>(self, tools: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.extend("enabled_tools", tools)
    }

    /// Adds tools to those that the model cannot use.
    pub fn disabled_tools<I>(self, tools: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.extend("disabled_tools", tools)
    }

    /// Sets how long the server may take to start.
    pub fn startup_timeout(self, timeout: Duration) -> Self {
        self.config("startup_timeout_sec", timeout.as_secs_f64())
    }

    /// Sets how long a call to a tool may take.
    pub fn tool_timeout(self, timeout: Duration) -> Self {
        self.config("tool_timeout_sec", timeout.as_secs_f64())
    }

    /// Sets whether a thread fails to start if the server does. By default, the thread starts
    /// without the tools of the server.
    pub fn required(self, required: bool) -> Self {
        self.config("required", required)
    }

    /// Sets whether the server is used. The default is true; `false` turns off a server that the
    /// configuration has under the same name.
    pub fn enabled(self, enabled: bool) -> Self {
        self.config("enabled", enabled)
    }

    /// Sets an option that has no method here, by its key in the configuration, such as
    /// `default_tools_approval_mode`.
    pub fn config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(key.into(), value.into());
        self
    }

    fn extend<I>(mut self, key: &str, values: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let values = values.into_iter().map(|value| Value::from(value.into()));
        match self.members.get_mut(key) {
            Some(Value::Array(all)) => all.extend(values),
            _ => drop(self.members.insert(key.to_owned(), values.collect())),
        }
        self
    }

    fn entry(mut self, key: &str, name: String, value: String) -> Self {
        match self.members.get_mut(key) {
            Some(Value::Object(all)) => drop(all.insert(name, value.into())),
            _ => {
                let all = Map::from_iter([(name, value.into())]);
                self.members.insert(key.to_owned(), all.into());
            }
        }
        self
    }

    /// Returns the members of the table in the configuration.
    pub(crate) fn into_members(self) -> Result<Map<String, Value>> {
        self.error.map_or(Ok(self.members), Err)
    }
}

// Not derived, because a derive would require it of the transport.
impl<T> Clone for McpServer<T> {
    fn clone(&self) -> Self {
        Self {
            members: self.members.clone(),
            error: self.error.clone(),
            transport: PhantomData,
        }
    }
}

impl<T> fmt::Debug for McpServer<T> {
    /// Shows the names of the options only: any value may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.members.keys().collect();
        f.debug_struct("McpServer")
            .field("options", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members<T>(server: McpServer<T>) -> Value {
        server.into_members().unwrap().into()
    }

    #[test]
    fn each_option_has_the_name_of_the_configuration() {
        let server = McpServer::stdio("npx")
            .arg("-y")
            .args(["tickets", "--all"])
            .env("A", "1")
            .envs([("B", "2"), ("A", "3")])
            .env_vars(["TOKEN"])
            .cwd("/work")
            .enabled_tools(["read"])
            .enabled_tools(["list"])
            .disabled_tools(["write"])
            .startup_timeout(Duration::from_secs(20))
            .tool_timeout(Duration::from_millis(1500))
            .required(true)
            .enabled(false)
            .config("default_tools_approval_mode", "approve");
        let expected = json!({
            "command": "npx", "args": ["-y", "tickets", "--all"], "env": {"A": "3", "B": "2"},
            "env_vars": ["TOKEN"], "cwd": "/work", "enabled_tools": ["read", "list"],
            "disabled_tools": ["write"], "startup_timeout_sec": 20.0, "tool_timeout_sec": 1.5,
            "required": true, "enabled": false, "default_tools_approval_mode": "approve",
        });
        assert_eq!(members(server), expected);
        let server = McpServer::http("https://docs.example/mcp")
            .bearer_token_env_var("DOCS_TOKEN")
            .header("X-Team", "a")
            .env_header("X-Key", "DOCS_KEY");
        let expected = json!({
            "url": "https://docs.example/mcp", "bearer_token_env_var": "DOCS_TOKEN",
            "http_headers": {"X-Team": "a"}, "env_http_headers": {"X-Key": "DOCS_KEY"},
        });
        assert_eq!(members(server), expected);
    }

    #[test]
    fn debug_shows_no_values() {
        let server = McpServer::stdio("sk-secret")
            .arg("sk-secret")
            .env("sk-secret", "sk-secret");
        let text = format!("{server:?}");
        assert!(
            text.contains("\"env\"") && !text.contains("secret"),
            "{text}"
        );
    }
}
