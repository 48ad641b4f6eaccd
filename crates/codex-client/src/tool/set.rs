//! The tools of one thread, before it is started.

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

/// How long names may be.
const TOOL_NAME: usize = 128;
const NAMESPACE_NAME: usize = 64;

/// How long the description of a namespace may be, in characters.
const NAMESPACE_DESCRIPTION: usize = 1024;

/// The tools that a thread is to have.
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

    /// What the server is told, checked as far as it would check it.
    pub(crate) fn specs(&self) -> Result<Vec<DynamicToolSpec>> {
        let mut specs = Vec::new();
        for tool in &self.tools {
            if tool.defer_loading {
                let message = format!(
                    "the tool `{}` is in no namespace, and so its loading cannot be deferred",
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

    /// The tools by their names.
    pub(crate) fn toolbox(self) -> Result<Toolbox<WeakCodex>> {
        let mut toolbox = Toolbox::default();
        for tool in self.tools {
            add(&mut toolbox, "", tool)?;
        }
        for namespace in self.namespaces {
            let name = &namespace.name;
            check_name("namespace", name, NAMESPACE_NAME)?;
            if namespace.description.chars().count() > NAMESPACE_DESCRIPTION {
                let message = format!(
                    "the description of the namespace `{name}` has more than \
                     {NAMESPACE_DESCRIPTION} characters"
                );
                return Err(Error::InvalidInput(message.into()));
            }
            if toolbox.has_namespace(name) {
                let message = format!("the namespace `{name}` was given twice");
                return Err(Error::InvalidInput(message.into()));
            }
            if namespace.tools.is_empty() {
                let message = format!("there is no tool in the namespace `{name}`");
                return Err(Error::InvalidInput(message.into()));
            }
            for tool in namespace.tools {
                add(&mut toolbox, name, tool)?;
            }
        }
        Ok(toolbox)
    }
}

fn add(toolbox: &mut Toolbox<WeakCodex>, namespace: &str, tool: Tool) -> Result<()> {
    check_name("tool", &tool.name, TOOL_NAME)?;
    let name = tool.name.clone();
    if !toolbox.insert(namespace, tool.register()) {
        let place = match namespace {
            "" => String::new(),
            _ => format!(" in the namespace `{namespace}`"),
        };
        let message = format!("the tool `{name}`{place} was given twice");
        return Err(Error::InvalidInput(message.into()));
    }
    Ok(())
}

fn schema_of(tool: &Tool) -> Result<Value> {
    match &*tool.schema {
        Ok(schema) => Ok(schema.clone()),
        Err(fault) => {
            let message = format!("the arguments of the tool `{}`: {fault}", tool.name);
            Err(Error::InvalidInput(message.into()))
        }
    }
}

fn check_name(what: &str, name: &str, most: usize) -> Result<()> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let wrong = if name.is_empty() || name.len() > most || !name.bytes().all(is_known) {
        format!("consist of 1 to {most} letters, digits, `_` and `-`")
    } else if name == "mcp" || name.starts_with("mcp__") {
        "not be one of those that servers give to tools of MCP".to_owned()
    } else {
        return Ok(());
    };
    let message = format!("the name of the {what} `{name}` has to {wrong}");
    Err(Error::InvalidInput(message.into()))
}

/// The setters of a request builder whose field `tools` is a [`ToolSet`]. `$offered` says whether the
/// server is told of them.
macro_rules! tools {
    ($(#[$offered:meta])*) => {
        /// Gives the model a tool in Rust; see [`Tool`](crate::Tool). May be called again, for more.
        ///
        $(#[$offered])*
        ///
        /// It is there until the server unloads, archives or deletes the thread, or the connection
        /// ends; dropping the handle of the thread does not take it away.
        pub fn tool(mut self, tool: crate::Tool) -> Self {
            self.tools.add(tool);
            self
        }

        /// The same for tools that belong together, under a name that is put before theirs, and with
        /// what the model is told about all of them (1024 characters at most).
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
