//! Finds the numbers in an exercise's texts, and those without a source.
//!
//! A number has a source if the exercise sets it, asks for it, computes it (a
//! [`Fact`](super::Fact)), works it out (`60 / 0.5 = 120`), or if the story sets it
//! (`given`). A number without a source could be wrong without failing any test.

use std::ops::Range;

use super::{Exercise, Value, evaluate};
use crate::duration;

/// The rounding of results, which texts write with two or three digits.
const ROUNDED: f64 = 0.01;

/// The numbers in a text, with their places. `p99`, `v1.2` and addresses are names.
fn numbers(text: &str) -> Vec<(Range<usize>, f64)> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if !is_digit(at) {
            at += 1;
            continue;
        }
        let start = at;
        while is_digit(at) || (matches!(bytes.get(at), Some(b'.' | b',' | b'_')) && is_digit(at + 1)) {
            at += 1;
        }
        let before = text[..start].chars().next_back();
        let is_name = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | ':'));
        if let Ok(number) = text[start..at].replace([',', '_'], "").parse()
            && !is_name
        {
            found.push((start..at, number));
        }
    }
    found
}

/// The first number in a text.
pub fn first_number(text: &str) -> Option<f64> {
    numbers(text).first().map(|(_, number)| *number)
}

/// The prose of a text as one line: without fenced blocks and the numbers of lists.
pub fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let unnumbered = |line: &str| {
        let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let item = digits.len() < line.len() && digits.starts_with(". ");
        if item { digits[2..].to_owned() } else { line.to_owned() }
    };
    let words: String = lines.map(|line| unnumbered(line.trim_start()) + " ").collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Operators as texts write them, each with its sign in an expression.
const SIGNS: [(&str, &str); 7] =
    [("×", "*"), ("·", "*"), ("*", "*"), ("/", "/"), ("+", "+"), ("−", "-"), ("-", "-")];

/// A calculation in a text, such as `60 / 0.5 = 120`.
struct Equation {
    place: Range<usize>,
    expression: String,
    result: f64,
}

/// The calculations in a text. A unit of one word may follow each number.
fn equations(text: &str, numbers: &[(Range<usize>, f64)]) -> Vec<Equation> {
    let (mut found, mut open): (Vec<Equation>, Option<(usize, String)>) = (Vec::new(), None);
    for pair in numbers.windows(2) {
        let [(left, a), (right, b)] = pair else { continue };
        let between = text[left.end..right.start].trim();
        let sign =
            between.split_whitespace().next_back().filter(|_| between.split_whitespace().count() <= 2);
        let (start, expression) = open.take().unwrap_or_else(|| (left.start, a.to_string()));
        if let Some((_, sign)) = SIGNS.iter().find(|(written, _)| sign == Some(written)) {
            open = Some((start, format!("{expression} {sign} {b}")));
        } else if sign == Some("=") && expression.contains(' ') {
            found.push(Equation { place: start..right.end, expression, result: *b });
        }
    }
    found
}

impl Exercise {
    /// All texts that participants read, each with a name, as [`prose`].
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut texts = vec![
            ("README.md".to_owned(), self.text().unwrap_or_default()),
            ("the explanation".to_owned(), self.explanation.clone()),
        ];
        texts.extend(self.hints.iter().map(|hint| ("a hint".to_owned(), hint.clone())));
        for question in &self.questions {
            let own = [&question.ask, &question.look].into_iter();
            let reveals = question.wrong.iter().map(|wrong| &wrong.reveals);
            texts.extend(own.chain(reveals).map(|text| (question.name.clone(), text.clone())));
        }
        if let Some(code) = &self.code {
            let reveals = code.wrong.iter().map(|wrong| &wrong.reveals);
            texts.extend(reveals.chain([&code.task]).map(|text| ("code".to_owned(), text.clone())));
        }
        texts.into_iter().map(|(name, text)| (name, prose(&text))).collect()
    }

    /// The problems with the numbers in its texts: numbers without a source, and wrong
    /// calculations. `given` are the numbers that need no source in the whole set.
    pub fn doubtful_numbers(&self, given: &[String]) -> Vec<String> {
        let set = self.set_numbers();
        let computed = self.facts.iter().map(|fact| &fact.says);
        let said: Vec<String> =
            given.iter().chain(&self.given).chain(computed).map(|text| prose(text)).collect();
        let mut doubtful = Vec::new();
        for (name, text) in self.texts() {
            let numbers = numbers(&text);
            let mut known: Vec<Range<usize>> = said
                .iter()
                .flat_map(|said| text.match_indices(said))
                .map(|(at, said)| at..at + said.len())
                .collect();
            for Equation { place, expression, result } in equations(&text, &numbers) {
                match evaluate(&expression, &|_| None) {
                    Ok(is) if (is - result).abs() <= ROUNDED * is.abs() => known.push(place),
                    _ => doubtful.push(format!("{name}: {:?} does not come to that", &text[place])),
                }
            }
            let is_known = |place: &Range<usize>| {
                known.iter().any(|known| known.start <= place.start && place.end <= known.end)
            };
            let loose = numbers.iter().filter(|(place, number)| !is_known(place) && !set.contains(number));
            doubtful.extend(loose.map(|(place, number)| {
                format!("{name}: nothing accounts for {number} in {:?}", around(&text, place))
            }));
        }
        doubtful
    }

    /// The numbers that it sets or asks for.
    fn set_numbers(&self) -> Vec<f64> {
        let mut set: Vec<String> = self.config.clone();
        for load in &self.loads {
            set.push(load.run.clone());
            set.extend(load.also.iter().chain(&load.config).cloned());
            set.extend(load.edits.iter().map(|e| format!("{} {}", duration::format(e.after), e.value)));
        }
        for run in &self.jobs {
            set.extend(run.config.iter().cloned());
            set.extend(run.steps.iter().map(|step| step.to_string().replace(" x", " ")));
        }
        for run in &self.watch {
            set.extend(run.config.iter().cloned());
            set.push(run.in_words());
            set.push(run.seconds.to_string());
        }
        for run in &self.rooms {
            set.extend(run.config.iter().cloned());
            set.push(run.in_words());
        }
        for run in &self.engine {
            set.extend(run.config.iter().cloned());
            set.push(run.in_words());
        }
        for question in &self.questions {
            set.extend(question.choices.iter().cloned());
            let answers = question.wrong.iter().map(|wrong| &wrong.is).chain([&question.answer]);
            set.extend(answers.map(Value::to_string));
        }
        let plain = |text: &String| text.replace(['=', ':'], " ").replace("..", " ");
        set.iter().flat_map(|text| numbers(&plain(text))).map(|(_, number)| number).collect()
    }
}

/// The words around a place in a text.
fn around(text: &str, place: &Range<usize>) -> String {
    let before: String = text[..place.start].chars().rev().take(30).collect();
    let after: String = text[place.start..].chars().take(30).collect();
    before.chars().rev().chain(after.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<f64> {
        numbers(text).into_iter().map(|(_, number)| number).collect()
    }

    #[test]
    fn names_are_no_numbers() {
        assert_eq!(
            found("1,000 events, 99.5 % in 1.5s, -n 3000, the 99th."),
            [1000.0, 99.5, 1.5, 3000.0, 99.0]
        );
        assert_eq!(found("p99 of v2.1 at localhost:4000/part1/serial, http1, 127.0.0.1"), [0.0; 0]);
    }

    #[test]
    fn prose_is_what_is_neither_code_nor_layout() {
        let text = "One\n\n1. two\n2. 3 three\n\n```sh\nab -n 4\n```\nfive";
        assert_eq!(prose(text), "One two 3 three five");
    }

    #[test]
    fn calculations_are_read_with_their_units_and_over_several_steps() {
        let calculations = |text: &str| -> Vec<(String, f64)> {
            equations(text, &numbers(text))
                .into_iter()
                .map(|found| (found.expression, found.result))
                .collect()
        };
        assert_eq!(calculations("after 60 / 0.5 = 120 events"), [("60 / 0.5".to_owned(), 120.0)]);
        assert_eq!(calculations("0.5 s + 0.5 s + 2.5 s = 3.5 s."), [("0.5 + 0.5 + 2.5".to_owned(), 3.5)]);
        assert_eq!(calculations("100/s × 0.25 s = 25 clients"), [("100 * 0.25".to_owned(), 25.0)]);
        assert_eq!(calculations("1000 - 50 − 1 = 949"), [("1000 - 50 - 1".to_owned(), 949.0)]);
        assert_eq!(calculations("`capacity = 20`, and 3 / 4 of it; 5 = 5"), []);
    }
}
