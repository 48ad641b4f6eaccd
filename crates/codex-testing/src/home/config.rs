//! The text of `config.toml`.

use std::{collections::BTreeMap, fmt, path::Path};

/// The variable that holds the API key of the scripted model.
pub(super) const API_KEY_VARIABLE: &str = "CODEX_TESTING_API_KEY";

/// The API key of the scripted model, which does not check it.
pub(super) const API_KEY: &str = "sk-codex-testing-no-secret";

/// The settings that a test can choose.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) model: String,
    pub(super) approval_policy: Option<String>,
    pub(super) sandbox_mode: Option<String>,
    pub(super) features: BTreeMap<String, bool>,
    pub(super) trusted: bool,
    pub(super) more: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: "scripted-model".to_owned(),
            approval_policy: None,
            sandbox_mode: None,
            features: [("plugins".to_owned(), false)].into(),
            trusted: true,
            more: String::new(),
        }
    }
}

impl Settings {
    /// Returns the text of the file. All keys are dotted and no table is open at the end, so the
    /// lines that the test adds start at the top level.
    pub(super) fn to_toml(&self, base_url: &str, workspace: &Path) -> String {
        let mut lines = vec![
            format!("model = {}", Quoted(&self.model)),
            "model_provider = \"scripted\"".to_owned(),
            "model_providers.scripted.name = \"Scripted model of codex-testing\"".to_owned(),
            format!("model_providers.scripted.base_url = {}", Quoted(base_url)),
            format!(
                "model_providers.scripted.env_key = {}",
                Quoted(API_KEY_VARIABLE)
            ),
            "model_providers.scripted.wire_api = \"responses\"".to_owned(),
            // A retry after a scripted failure would consume the next response.
            "model_providers.scripted.request_max_retries = 0".to_owned(),
            "model_providers.scripted.stream_max_retries = 0".to_owned(),
            // These features would use the network.
            "analytics.enabled = false".to_owned(),
            "check_for_update_on_startup = false".to_owned(),
        ];
        for (key, value) in [
            ("approval_policy", &self.approval_policy),
            ("sandbox_mode", &self.sandbox_mode),
        ] {
            lines.extend(
                value
                    .as_ref()
                    .map(|value| format!("{key} = {}", Quoted(value))),
            );
        }
        for (name, on) in &self.features {
            lines.push(format!("features.{} = {on}", Quoted(name)));
        }
        if self.trusted {
            let workspace = workspace.to_string_lossy();
            lines.push(format!(
                "projects.{}.trust_level = \"trusted\"",
                Quoted(&workspace)
            ));
        }
        lines.join("\n") + "\n" + &self.more
    }
}

/// Formats text as a basic TOML string, which has the same escapes as JSON.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", serde_json::Value::from(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_added_by_the_test_come_last_and_at_the_top_level() {
        let settings = Settings {
            approval_policy: Some("never".into()),
            more: "personality = \"none\"\n[tui]\n".into(),
            ..Settings::default()
        };
        let toml = settings.to_toml("http://127.0.0.1:1/v1", Path::new("/w \"x\""));
        assert!(toml.contains("approval_policy = \"never\"\n"), "{toml}");
        assert!(
            toml.contains("projects.\"/w \\\"x\\\"\".trust_level = \"trusted\"\n"),
            "{toml}"
        );
        assert!(toml.contains("features.\"plugins\" = false\n"), "{toml}");
        assert!(
            toml.ends_with("\npersonality = \"none\"\n[tui]\n"),
            "{toml}"
        );
        assert_eq!(
            toml.find('['),
            toml.find("[tui]"),
            "no table precedes those that the test adds"
        );
    }

    #[test]
    fn settings_that_are_not_given_are_left_to_codex() {
        let settings = Settings {
            trusted: false,
            ..Settings::default()
        };
        let toml = settings.to_toml("u", Path::new("/w"));
        for key in ["approval_policy", "sandbox_mode", "projects"] {
            assert!(!toml.contains(key), "{toml}");
        }
    }
}
