//! What a client says to watch: a command in a text message, or the parameters of an address.
//! Everything that is wrong has a name.

use serde_json::{Map, Value, json};

/// The longest name of a user, in characters.
pub(super) const LONGEST_NAME: usize = 64;

/// A command of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Watch a match.
    Watch(Wish),
    /// Close the connection.
    Leave,
}

/// The match that a client wants to watch, and from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) id: String,
    pub(super) user: String,
    /// The number of the first event that it wants, if it resumes.
    pub(super) since: Option<u64>,
}

/// Something wrong with a command or an address: a name for programs, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) name: &'static str,
    pub(super) message: String,
}

impl Wrong {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into() }
    }

    /// A message that is not text.
    pub(super) fn binary() -> Self {
        Self::new("not_json", format!("the message is not text; expected {EXAMPLE}"))
    }

    pub(super) fn unknown_match(id: &str, known: &str) -> Self {
        let id: String = id.chars().take(LONGEST_NAME).collect();
        Self::new("unknown_match", format!("there is no match {id:?}; matches: {known}"))
    }

    pub(super) fn already_watching() -> Self {
        Self::new("already_watching", r#"this connection watches already; expected {"command":"leave"}"#)
    }

    /// Returns the error as a JSON object.
    pub(super) fn json(&self) -> String {
        json!({ "error": { "name": self.name, "message": self.message } }).to_string()
    }
}

const EXAMPLE: &str = r#"{"command":"watch","user":"ada","match":"weir-sluice"}"#;

/// Reads a command.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<Command, Wrong> {
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        Wrong::new("not_json", format!("the message is not a JSON object ({error}); expected {EXAMPLE}"))
    })?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    match text("command") {
        Some("watch") => {
            let since = match fields.get("since") {
                None | Some(Value::Null) => None,
                Some(since) => Some(since.as_u64().ok_or_else(|| bad_since(&since.to_string()))?),
            };
            wish(text("match"), text("user"), since).map(Command::Watch)
        }
        Some("leave") => Ok(Command::Leave),
        Some(other) => {
            let other: String = other.chars().take(LONGEST_NAME).collect();
            Err(Wrong::new("unknown_command", format!("found {other:?}; commands: watch, leave")))
        }
        None => Err(Wrong::new("missing_command", format!("there is no \"command\"; expected {EXAMPLE}"))),
    }
}

/// Reads the parameters of an address: the match, the user and the first event wanted.
///
/// # Errors
/// What is wrong with them.
pub(super) fn read_parameters(
    id: Option<&str>,
    user: Option<&str>,
    since: Option<&str>,
) -> Result<Wish, Wrong> {
    let since = since.map(|since| since.parse().map_err(|_| bad_since(since))).transpose()?;
    wish(id, user, since)
}

fn wish(id: Option<&str>, user: Option<&str>, since: Option<u64>) -> Result<Wish, Wrong> {
    let id = id.filter(|id| !id.is_empty());
    let id = id
        .ok_or_else(|| Wrong::new("missing_match", "there is no \"match\"; GET /api/matches lists them"))?;
    let user = user.filter(|user| !user.is_empty());
    let user = user.ok_or_else(|| {
        Wrong::new(
            "missing_user",
            format!("there is no \"user\"; expected a name of 1 to {LONGEST_NAME} characters"),
        )
    })?;
    let size = user.chars().count();
    if size > LONGEST_NAME {
        let message = format!("the user's name has {size} characters; allowed: 1 to {LONGEST_NAME}");
        return Err(Wrong::new("too_long", message));
    }
    Ok(Wish { id: id.to_owned(), user: user.to_owned(), since })
}

pub(super) fn bad_since(found: &str) -> Wrong {
    let found: String = found.chars().take(30).collect();
    Wrong::new("bad_since", format!("found since {found:?}; expected the number of an event, such as 17"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_a_match_a_user_and_perhaps_an_event() {
        let wish = |since| Wish { id: "weir-sluice".to_owned(), user: "ada".to_owned(), since };
        assert_eq!(read(EXAMPLE), Ok(Command::Watch(wish(None))));
        let resumes = r#"{"since":17,"user":"ada","match":"weir-sluice","command":"watch","more":[1]}"#;
        assert_eq!(read(resumes), Ok(Command::Watch(wish(Some(17)))));
        assert_eq!(read(r#"{"command":"leave"}"#), Ok(Command::Leave));
        assert_eq!(read_parameters(Some("weir-sluice"), Some("ada"), Some("17")), Ok(wish(Some(17))));
    }

    #[test]
    fn everything_that_is_wrong_has_a_name_and_one_line() {
        let long = format!(r#"{{"command":"watch","match":"a","user":"{}"}}"#, "ü".repeat(65));
        for (text, name) in [
            ("", "not_json"),
            ("[1]", "not_json"),
            (r#"{"command":"watch""#, "not_json"),
            ("{}", "missing_command"),
            (r#"{"command":7}"#, "missing_command"),
            (r#"{"command":"dance"}"#, "unknown_command"),
            (r#"{"command":"watch","match":"a"}"#, "missing_user"),
            (r#"{"command":"watch","match":"a","user":""}"#, "missing_user"),
            (r#"{"command":"watch","user":"ada"}"#, "missing_match"),
            (r#"{"command":"watch","match":"a","user":"ada","since":-1}"#, "bad_since"),
            (r#"{"command":"watch","match":"a","user":"ada","since":"17"}"#, "bad_since"),
            (&long, "too_long"),
        ] {
            let wrong = read(text).unwrap_err();
            assert_eq!(wrong.name, name, "{text}");
            assert_eq!(wrong.message.lines().count(), 1);
            let json: Value = serde_json::from_str(&wrong.json()).unwrap();
            assert_eq!(json["error"]["name"], name);
        }
        assert_eq!(read_parameters(Some("a"), Some("b"), Some("1.5")).unwrap_err().name, "bad_since");
        assert!(read(&long.replace(&"ü".repeat(65), &"ü".repeat(64))).is_ok(), "characters, not bytes");
    }
}
