//! Sums such as `800 / 20 + one.bench.drain_s`: numbers, the names of figures, `+`,
//! `-`, `*`, `/` and parentheses.
//!
//! Our own, since the crates for it bring a language along: this is the whole of it.

/// Computes a sum. `figure` knows what a name stands for.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn compute(sum: &str, figure: &dyn Fn(&str) -> Option<f64>) -> Result<f64, String> {
    if sum.len() > LONGEST {
        return Err(format!("a sum of {} bytes: expected at most {LONGEST}", sum.len()));
    }
    let mut reader = Reader { rest: sum.trim_start(), depth: 0, figure };
    let value = reader.sum()?;
    match reader.rest {
        "" => Ok(value),
        rest => Err(format!("{sum:?}: there is no use for {rest:?}")),
    }
}

/// The longest sum, in bytes.
const LONGEST: usize = 1000;
/// How many parentheses may be open at once: each takes a piece of the stack.
const DEEPEST: usize = 50;

struct Reader<'a> {
    rest: &'a str,
    /// How many parentheses are open.
    depth: usize,
    figure: &'a dyn Fn(&str) -> Option<f64>,
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        while let Some(sign) = self.sign(['+', '-']) {
            let other = self.product()?;
            value = if sign == '+' { value + other } else { value - other };
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.factor()?;
        while let Some(sign) = self.sign(['*', '/']) {
            let other = self.factor()?;
            value = if sign == '*' { value * other } else { value / other };
        }
        Ok(value)
    }

    fn factor(&mut self) -> Result<f64, String> {
        if self.sign(['(', '(']).is_some() {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("more than {DEEPEST} parentheses are open at once"));
            }
            let value = self.sum()?;
            self.depth -= 1;
            return self
                .sign([')', ')'])
                .map(|_| value)
                .ok_or_else(|| "a parenthesis stays open".to_owned());
        }
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
        let (word, rest) = self.rest.split_at(self.rest.find(|c| !in_word(c)).unwrap_or(self.rest.len()));
        if word.is_empty() {
            return Err(format!("expected a number or the name of a figure, and not {rest:?}"));
        }
        self.rest = rest.trim_start();
        let value = word.parse().ok().or_else(|| (self.figure)(word));
        value.ok_or_else(|| format!("there is no figure {word}"))
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

    fn computed(sum: &str) -> Result<f64, String> {
        compute(sum, &|name| (name == "one.drain_s").then_some(140.0))
    }

    #[test]
    fn products_go_before_sums_and_both_from_left_to_right() {
        for (sum, value) in [
            ("1000 * 0.5", 500.0),
            ("100 + 800 / 20", 140.0),
            ("(100+800) / 20", 45.0),
            ("10 - 2 - 3", 5.0),
            ("100 / 10 / 2", 5.0),
            ("one.drain_s - 100", 40.0),
            (" ( ( 2 ) ) * 3 ", 6.0),
        ] {
            assert_eq!(computed(sum), Ok(value), "{sum}");
        }
    }

    #[test]
    fn a_hundred_thousand_parentheses_are_refused_and_fifty_are_not() {
        let nested = |depth: usize| computed(&format!("{}1{}", "(".repeat(depth), ")".repeat(depth)));
        assert_eq!(nested(50), Ok(1.0));
        assert!(nested(51).is_err_and(|error| error.contains("more than 50")));
        assert!(nested(100_000).is_err_and(|error| error.contains("200001 bytes")));
        // One after the other they are not nested.
        assert_eq!(computed(&format!("{}1", "(1)+".repeat(100))), Ok(101.0));
    }

    #[test]
    fn what_is_no_sum_is_said() {
        for (sum, says) in [
            ("", "expected a number"),
            ("2 +", "expected a number"),
            ("2 3", "no use for \"3\""),
            ("(2", "stays open"),
            ("two.drain_s", "no figure two.drain_s"),
            ("2 × 3", "no use"),
        ] {
            assert!(computed(sum).is_err_and(|error| error.contains(says)), "{sum}");
        }
    }
}
