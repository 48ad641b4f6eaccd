//! Names of secret values.
//!
//! The generator in `xtask` compiles this file too, so that `Debug` and masked text agree on the
//! names. The file therefore depends on nothing.

/// Words in the names of secrets, in lowercase and without separators.
const WORDS: &[&str] = &[
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "token",
    "secret",
    "passw",
    "passphrase",
    "bearer",
    "credential",
    "authorization",
    "cookie",
    "signature",
    "pairingcode",
];

/// Whether a name, such as `OPENAI_API_KEY` or `authToken`, says that its value is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let joined = joined.to_ascii_lowercase();
    // `tokens` are counted in many messages.
    let has_word = WORDS.iter().any(|word| joined.contains(word)) && !joined.ends_with("tokens");
    has_word
        || ["Key", "_key", "-key", "_KEY", "-KEY"]
            .iter()
            .any(|end| name.ends_with(end))
}
