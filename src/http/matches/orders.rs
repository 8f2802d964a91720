//! The parameters of orders: numbers, and the event that an operator applies.

use std::str::FromStr;

use serde::Deserialize;

use crate::lab::matches::{Action, Card, Event, Half, Side};

/// The parameters of an event.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EventParameters {
    kind: Option<String>,
    side: Option<String>,
    player: Option<String>,
    card: Option<String>,
    off: Option<String>,
    on: Option<String>,
    half: Option<String>,
    minute: Option<String>,
}

/// Reads a number, if it is there.
///
/// # Errors
/// A line that says what is expected.
pub(super) fn number<T: FromStr>(
    name: &str,
    text: Option<&str>,
    expected: &str,
) -> Result<Option<T>, String> {
    let read = |text: &str| text.parse().map_err(|_| found(name, text, expected));
    text.map(read).transpose()
}

fn found(name: &str, text: &str, expected: &str) -> String {
    let text: String = text.chars().take(30).collect();
    format!("{name} = {text:?}, expected {expected}")
}

/// Reads one of a few words.
fn word<T: Copy>(name: &str, text: Option<&str>, words: &[(&str, T)]) -> Result<T, String> {
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let expected = known.join(" or ");
    let text = text.ok_or_else(|| format!("{name} is missing; expected {expected}"))?;
    let word = words.iter().find(|(word, _)| *word == text);
    word.map(|(_, value)| *value).ok_or_else(|| found(name, text, &expected))
}

impl EventParameters {
    /// Returns the event. Without a minute it happens in `minute`, that of the last event.
    ///
    /// # Errors
    /// A line that says what is missing or wrong.
    pub(super) fn event(&self, minute: u16) -> Result<Event, String> {
        let side = || word("side", self.side.as_deref(), &[("home", Side::Home), ("away", Side::Away)]);
        let half =
            || word("half", self.half.as_deref(), &[("first", Half::First), ("second", Half::Second)]);
        let shirt = |name: &str, text: &Option<String>| {
            number(name, text.as_deref(), "the number of a player")?
                .ok_or_else(|| format!("{name} is missing; expected the number of a player"))
        };
        let player = || shirt("player", &self.player);
        let kinds = ["begin", "end", "goal", "shot", "card", "substitution", "stop"];
        let kinds: Vec<(&str, &str)> = kinds.into_iter().map(|kind| (kind, kind)).collect();
        let action = match word("kind", self.kind.as_deref(), &kinds)? {
            "begin" => Action::Begin { half: half()? },
            "end" => Action::End { half: half()? },
            "goal" => Action::Goal { side: side()?, player: player()? },
            "shot" => Action::Shot { side: side()?, player: player()? },
            "card" => {
                let cards = [("yellow", Card::Yellow), ("red", Card::Red)];
                let card = word("card", self.card.as_deref(), &cards)?;
                Action::Card { side: side()?, player: player()?, card }
            }
            "substitution" => Action::Substitution {
                side: side()?,
                off: shirt("off", &self.off)?,
                on: shirt("on", &self.on)?,
            },
            _ => Action::Stop,
        };
        let minute =
            number("minute", self.minute.as_deref(), "a minute, such as 23")?.unwrap_or(minute.max(1));
        Ok(Event { minute, action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(pairs: &[(&str, &str)]) -> Result<Event, String> {
        let pairs: serde_json::Map<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        serde_json::from_value::<EventParameters>(pairs.into()).unwrap().event(12)
    }

    #[test]
    fn each_kind_has_its_own_parameters_and_the_minute_may_be_left_out() {
        let goal = Action::Goal { side: Side::Home, player: 9 };
        let parameters = [("kind", "goal"), ("side", "home"), ("player", "9")];
        assert_eq!(event(&parameters), Ok(Event { minute: 12, action: goal }));
        let parameters = [&parameters[..], &[("minute", "23")]].concat();
        assert_eq!(event(&parameters), Ok(Event { minute: 23, action: goal }));
        let card = [("kind", "card"), ("side", "away"), ("player", "4"), ("card", "red")];
        let red = Action::Card { side: Side::Away, player: 4, card: Card::Red };
        assert_eq!(event(&card).unwrap().action, red);
        let change = [("kind", "substitution"), ("side", "away"), ("off", "4"), ("on", "13")];
        let substitution = Action::Substitution { side: Side::Away, off: 4, on: 13 };
        assert_eq!(event(&change).unwrap().action, substitution);
        let begin = Action::Begin { half: Half::First };
        assert_eq!(event(&[("kind", "begin"), ("half", "first")]).unwrap().action, begin);
        assert_eq!(event(&[("kind", "stop")]).unwrap().action, Action::Stop);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (parameters, says) in [
            (&[][..], "kind is missing; expected begin or end"),
            (&[("kind", "dance")], "kind = \"dance\", expected begin or end"),
            (&[("kind", "goal")], "side is missing; expected home or away"),
            (&[("kind", "goal"), ("side", "left")], "side = \"left\""),
            (&[("kind", "goal"), ("side", "home")], "player is missing"),
            (&[("kind", "goal"), ("side", "home"), ("player", "256")], "player = \"256\""),
            (
                &[("kind", "card"), ("side", "home"), ("player", "2")],
                "card is missing; expected yellow or red",
            ),
            (&[("kind", "stop"), ("minute", "-1")], "minute = \"-1\", expected a minute"),
        ] {
            let why = event(parameters).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
