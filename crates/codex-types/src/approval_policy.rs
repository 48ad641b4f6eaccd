//! The approval policy as text, for command lines and configuration files.

use std::{convert::Infallible, fmt, str::FromStr};

use serde_json::Value;

use crate::generated::AskForApproval;

/// The wire value, such as `on-request`, or the JSON of a policy that is not a string.
impl fmt::Display for AskForApproval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_value(self) {
            Ok(Value::String(name)) => f.write_str(&name),
            Ok(object) => object.fmt(f),
            Err(_) => Err(fmt::Error),
        }
    }
}

/// Reads a wire value, such as `on-request`, or the JSON of an object. Anything else is kept as
/// [`AskForApproval::Unrecognized`], which the server refuses.
impl FromStr for AskForApproval {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let object = text
            .starts_with('{')
            .then(|| serde_json::from_str(text).ok());
        let value = object.flatten().unwrap_or_else(|| Value::from(text));
        Ok(serde_json::from_value(value.clone()).unwrap_or(Self::Unrecognized(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::GranularAskForApproval;

    #[test]
    fn a_policy_is_read_from_its_displayed_form() {
        let granular = GranularAskForApproval::new(true, false, true);
        for (policy, text) in [
            (AskForApproval::Untrusted, Some("untrusted")),
            (AskForApproval::OnRequest, Some("on-request")),
            (AskForApproval::Never, Some("never")),
            (AskForApproval::Granular(granular), None),
            (AskForApproval::Unrecognized("later".into()), Some("later")),
        ] {
            let shown = policy.to_string();
            assert_eq!(text.unwrap_or(&shown), shown);
            assert_eq!(shown.parse(), Ok(policy));
        }
        let broken = "{".parse();
        assert_eq!(broken, Ok(AskForApproval::Unrecognized("{".into())));
    }
}
