//! Markdown as it reads in a terminal: paragraphs and list items broken anew at 80
//! columns, everything that is laid out left as it is.

use std::fmt::Write;

pub(super) const WIDTH: usize = 80;

/// A text without its markup, as far as it would disturb.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        let as_it_is =
            fenced || line.starts_with("    ") || line.starts_with('|') || line.trim().is_empty();
        if as_it_is || fence || line.starts_with('#') || bullet(line) > 0 {
            flush(&mut paragraph, &mut out);
        }
        if fence {
            fenced = !fenced;
        } else if fenced {
            let _ = writeln!(out, "    {line}");
        } else if as_it_is {
            let _ = writeln!(out, "{}", line.trim_end());
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#').trim();
            let _ = writeln!(out, "{title}\n{}", "─".repeat(title.chars().count().min(WIDTH)));
        } else {
            let space = if paragraph.is_empty() { "" } else { " " };
            let _ = write!(paragraph, "{space}{}", line.trim());
        }
    }
    flush(&mut paragraph, &mut out);
    out
}

/// How many characters a line begins with that make it an item of a list: `- `,
/// `* ` or `12. `.
fn bullet(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match &line[digits..] {
        rest if digits == 0 && (rest.starts_with("- ") || rest.starts_with("* ")) => 2,
        rest if digits > 0 && rest.starts_with(". ") => digits + 2,
        _ => 0,
    }
}

fn flush(paragraph: &mut String, out: &mut String) {
    if !paragraph.is_empty() {
        let indent = bullet(paragraph);
        out.push_str(&hanging(paragraph, 0, indent));
        paragraph.clear();
    }
}

/// Broken at 80 columns, each line behind so many spaces.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    hanging(text, indent, indent)
}

fn hanging(text: &str, first: usize, rest: usize) -> String {
    let mut out = String::new();
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = " ".repeat(rest);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(out, "{line}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_and_what_is_laid_out_is_not() {
        let long = "word ".repeat(30);
        let text =
            format!("# Title\n\n{long}\n202 is no list.\n\n- {long}\n\n```sh\n{long}\n```\n| a | b |\n");
        let shown = markdown(&text);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(&lines[..2], ["Title", "─────"]);
        let broken = lines.iter().filter(|line| !line.starts_with("    "));
        assert!(broken.clone().all(|line| line.chars().count() <= WIDTH), "{shown}");
        assert!(shown.contains("word 202 is"), "{shown}");
        assert!(lines.iter().any(|line| line.starts_with("  word")), "items hang: {shown}");
        assert!(lines.contains(&format!("    {long}").as_str()), "{shown}");
        assert!(lines.contains(&"| a | b |"), "{shown}");
    }
}
