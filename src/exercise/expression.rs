//! Arithmetic expressions such as `800 / 20 + one.bench.drain_s`: numbers, names of
//! figures, `+`, `-`, `*`, `/` and parentheses.
//!
//! A recursive-descent parser of our own: the crates for it bring a whole language.

use thiserror::Error;

/// The longest expression, in bytes.
const LONGEST: usize = 1000;
/// The deepest nesting of parentheses. Each level takes a piece of the stack.
const DEEPEST: usize = 50;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpressionError {
    /// It is too long to be parsed.
    #[error("an expression of {0} bytes: expected at most {LONGEST}")]
    TooLong(usize),
    /// It nests too many parentheses.
    #[error("more than {DEEPEST} nested parentheses")]
    TooDeep,
    /// A parenthesis is never closed.
    #[error("an unclosed parenthesis")]
    Unclosed,
    /// An operand is missing; the field holds what stands in its place.
    #[error("expected a number or the name of a figure, found {0:?}")]
    NoOperand(String),
    /// A name is unknown.
    #[error("unknown figure: {0}")]
    UnknownFigure(String),
    /// The expression ends before the text does.
    #[error("expected an operator or the end, found {0:?}")]
    Trailing(String),
}

/// Evaluates an expression. `figure` returns the value of a name.
///
/// # Errors
/// [`ExpressionError`].
pub fn evaluate(expression: &str, figure: &dyn Fn(&str) -> Option<f64>) -> Result<f64, ExpressionError> {
    if expression.len() > LONGEST {
        return Err(ExpressionError::TooLong(expression.len()));
    }
    let mut parser = Parser { rest: expression.trim_start(), depth: 0, figure };
    let value = parser.sum()?;
    match parser.rest {
        "" => Ok(value),
        rest => Err(ExpressionError::Trailing(rest.to_owned())),
    }
}

struct Parser<'a> {
    rest: &'a str,
    /// How many parentheses are open.
    depth: usize,
    figure: &'a dyn Fn(&str) -> Option<f64>,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<f64, ExpressionError> {
        let mut value = self.product()?;
        while let Some(sign) = self.sign(['+', '-']) {
            let other = self.product()?;
            value = if sign == '+' { value + other } else { value - other };
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<f64, ExpressionError> {
        let mut value = self.factor()?;
        while let Some(sign) = self.sign(['*', '/']) {
            let other = self.factor()?;
            value = if sign == '*' { value * other } else { value / other };
        }
        Ok(value)
    }

    fn factor(&mut self) -> Result<f64, ExpressionError> {
        if self.sign(['(', '(']).is_some() {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(ExpressionError::TooDeep);
            }
            let value = self.sum()?;
            self.depth -= 1;
            return self.sign([')', ')']).map(|_| value).ok_or(ExpressionError::Unclosed);
        }
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
        let (word, rest) = self.rest.split_at(self.rest.find(|c| !in_word(c)).unwrap_or(self.rest.len()));
        if word.is_empty() {
            return Err(ExpressionError::NoOperand(rest.to_owned()));
        }
        self.rest = rest.trim_start();
        let value = word.parse().ok().or_else(|| (self.figure)(word));
        value.ok_or_else(|| ExpressionError::UnknownFigure(word.to_owned()))
    }

    fn sign(&mut self, signs: [char; 2]) -> Option<char> {
        let sign = self.rest.chars().next().filter(|sign| signs.contains(sign))?;
        self.rest = self.rest[1..].trim_start();
        Some(sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(expression: &str) -> Result<f64, ExpressionError> {
        evaluate(expression, &|name| (name == "one.drain_s").then_some(140.0))
    }

    #[test]
    fn products_go_before_sums_and_both_from_left_to_right() {
        for (expression, expected) in [
            ("1000 * 0.5", 500.0),
            ("100 + 800 / 20", 140.0),
            ("(100+800) / 20", 45.0),
            ("10 - 2 - 3", 5.0),
            ("100 / 10 / 2", 5.0),
            ("one.drain_s - 100", 40.0),
            (" ( ( 2 ) ) * 3 ", 6.0),
        ] {
            assert_eq!(value(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn a_hundred_thousand_parentheses_are_refused_and_fifty_are_not() {
        let nested = |depth: usize| value(&format!("{}1{}", "(".repeat(depth), ")".repeat(depth)));
        assert_eq!(nested(50), Ok(1.0));
        assert!(nested(51).is_err_and(|error| error == ExpressionError::TooDeep));
        assert!(nested(100_000).is_err_and(|error| error == ExpressionError::TooLong(200_001)));
        // One after the other they are not nested.
        assert_eq!(value(&format!("{}1", "(1)+".repeat(100))), Ok(101.0));
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_said() {
        for (expression, says) in [
            ("", "expected a number"),
            ("2 +", "expected a number"),
            ("2 3", "found \"3\""),
            ("(2", "unclosed"),
            ("two.drain_s", "unknown figure: two.drain_s"),
            ("2 × 3", "expected an operator"),
        ] {
            assert!(value(expression).is_err_and(|error| error.to_string().contains(says)), "{expression}");
        }
    }
}
