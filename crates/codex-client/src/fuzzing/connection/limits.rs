//! The limits of the client of a script.

use std::time::Duration;

/// The timeout for requests.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time after which a call ends whose end does not depend on the server.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(60);

/// The longest time that closing a connection takes.
pub(super) const LONGEST_CLOSE: Duration = Duration::from_secs(1);

/// Maximum length of a message.
pub(super) const MAX_MESSAGE: usize = 4096;
