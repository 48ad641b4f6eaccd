//! The tools that a thread is started with.

use codex_types::{
    DynamicToolNamespaceTool, DynamicToolSpec, FunctionDynamicToolNamespaceTool,
    FunctionDynamicToolSpec, NamespaceDynamicToolSpec,
};
use serde_json::Value;

use crate::{
    client::WeakCodex,
    error::{Error, Result},
    server_requests::tool_registry::Toolbox,
    tool::Tool,
};

/// The maximum length of the name of a tool, in bytes.
const MAX_TOOL_NAME: usize = 128;

/// The maximum length of the name of a namespace, in bytes.
const MAX_NAMESPACE_NAME: usize = 64;

/// The maximum length of the description of a namespace, in characters.
const MAX_NAMESPACE_DESCRIPTION: usize = 1024;

/// The tools of a request that starts, resumes or forks a thread.
#[derive(Debug, Default)]
pub(crate) struct ToolSet {
    tools: Vec<Tool>,
    namespaces: Vec<Namespace>,
}

#[derive(Debug)]
struct Namespace {
    name: String,
    description: String,
    tools: Vec<Tool>,
}

impl ToolSet {
    pub(crate) fn add(&mut self, tool: Tool) {
        self.tools.push(tool);
    }

    pub(crate) fn add_namespace(&mut self, name: String, description: String, tools: Vec<Tool>) {
        self.namespaces.push(Namespace {
            name,
            description,
            tools,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.namespaces.is_empty()
    }

    /// Returns the definitions of the tools for the server, validated as the server validates them.
    pub(crate) fn specs(&self) -> Result<Vec<DynamicToolSpec>> {
        let mut specs = Vec::new();
        for tool in &self.tools {
            if tool.defer_loading {
                let message = format!(
                    "the tool `{}` cannot be loaded on demand because it is not in a namespace",
                    tool.name
                );
                return Err(Error::InvalidInput(message.into()));
            }
            let schema = schema_of(tool)?;
            let spec = FunctionDynamicToolSpec::new(&*tool.description, schema, &*tool.name);
            specs.push(spec.into());
        }
        for namespace in &self.namespaces {
            let tools = namespace.tools.iter().map(|tool| {
                let (description, name) = (&*tool.description, &*tool.name);
                let mut spec =
                    FunctionDynamicToolNamespaceTool::new(description, schema_of(tool)?, name);
                spec.defer_loading = tool.defer_loading.then_some(true);
                Ok(spec.into())
            });
            let tools: Vec<DynamicToolNamespaceTool> = tools.collect::<Result<_>>()?;
            let (description, name) = (&*namespace.description, &*namespace.name);
            specs.push(NamespaceDynamicToolSpec::new(description, name, tools).into());
        }
        Ok(specs)
    }

    /// Converts into a toolbox, which finds tools by name.
    pub(crate) fn toolbox(self) -> Result<Toolbox<WeakCodex>> {
        let mut toolbox = Toolbox::default();
        for tool in self.tools {
            add(&mut toolbox, None, tool)?;
        }
        for namespace in self.namespaces {
            let name = &namespace.name;
            check_name("namespace", name, MAX_NAMESPACE_NAME)?;
            if namespace.description.chars().count() > MAX_NAMESPACE_DESCRIPTION {
                let message = format!(
                    "the description of the namespace `{name}` has more than \
                     {MAX_NAMESPACE_DESCRIPTION} characters"
                );
                return Err(Error::InvalidInput(message.into()));
            }
            if toolbox.has_namespace(name) {
                let message = format!("the namespace `{name}` is defined twice");
                return Err(Error::InvalidInput(message.into()));
            }
            if namespace.tools.is_empty() {
                let message = format!("the namespace `{name}` has no tools");
                return Err(Error::InvalidInput(message.into()));
            }
            for tool in namespace.tools {
                add(&mut toolbox, Some(name), tool)?;
            }
        }
        Ok(toolbox)
    }
}

fn add(toolbox: &mut Toolbox<WeakCodex>, namespace: Option<&str>, tool: Tool) -> Result<()> {
    check_name("tool", &tool.name, MAX_TOOL_NAME)?;
    let name = tool.name.clone();
    if !toolbox.insert(namespace, tool.register()) {
        let location = match namespace {
            Some(namespace) => format!(" in the namespace `{namespace}`"),
            None => String::new(),
        };
        let message = format!("the tool `{name}`{location} is defined twice");
        return Err(Error::InvalidInput(message.into()));
    }
    Ok(())
}

fn schema_of(tool: &Tool) -> Result<Value> {
    match &*tool.schema {
        Ok(schema) => Ok(schema.clone()),
        Err(error) => {
            let message = format!("the arguments of the tool `{}`: {error}", tool.name);
            Err(Error::InvalidInput(message.into()))
        }
    }
}

fn check_name(kind: &str, name: &str, max: usize) -> Result<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let rule = if name.is_empty() || name.len() > max || !name.bytes().all(is_allowed) {
        format!("must consist of 1 to {max} letters, digits, `_` and `-`")
    } else if name == "mcp" || name.starts_with("mcp__") {
        "must not be `mcp` or begin with `mcp__`: these names are reserved for MCP tools".to_owned()
    } else {
        return Ok(());
    };
    let message = format!("the name of the {kind} `{name}` {rule}");
    Err(Error::InvalidInput(message.into()))
}

/// Defines the setters of a request builder whose `tools` field is a [`ToolSet`]. `$offered`
/// documents which tools the model sees.
macro_rules! tools {
    ($(#[$offered:meta])*) => {
        /// Adds a [`Tool`](crate::Tool) that the model can call.
        ///
        $(#[$offered])*
        ///
        /// The client serves the calls until the server unloads, archives or deletes the thread, or
        /// the connection ends, even if the handle of the thread is dropped.
        pub fn tool(mut self, tool: crate::Tool) -> Self {
            self.tools.add(tool);
            self
        }

        /// Adds [tools](crate::Tool) in a namespace, with a description of the namespace for the
        /// model. The description may have at most 1024 characters.
        pub fn tool_namespace<I>(
            mut self,
            name: impl Into<String>,
            description: impl Into<String>,
            tools: I,
        ) -> Self
        where
            I: IntoIterator<Item = crate::Tool>,
        {
            let tools = tools.into_iter().collect();
            self.tools.add_namespace(name.into(), description.into(), tools);
            self
        }
    };
}

pub(crate) use tools;
