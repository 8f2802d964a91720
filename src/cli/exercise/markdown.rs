//! Markdown as it reads in a terminal: paragraphs and items wrapped, code indented and
//! left as it is, tables lined up, emphasis without its marks.

use crate::cli::text::{Table, WIDTH, hang, left, rule, wrap};
use crate::exercise::markdown::{Block, Inline, blocks, inlines, plain};
use unicode_width::UnicodeWidthStr;

/// The indent of code, and of what a list item or a quotation holds.
const INDENT: usize = 4;
/// The most spaces in front of a line, however deep its block nests.
const MOST: usize = 40;

/// A text for a terminal. Ends with a line break.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::new();
    render(&blocks(text), 0, &mut out);
    out
}

/// A few words without markup, to be wrapped with others.
pub(super) fn words(text: &str) -> String {
    terminal(&inlines(text))
}

/// Renders blocks with a blank line between them, each line behind `indent` spaces.
fn render(blocks: &[Block], indent: usize, out: &mut String) {
    for (n, block) in blocks.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        self::block(block, indent, out);
    }
}

fn block(block: &Block, indent: usize, out: &mut String) {
    let indent = indent.min(MOST);
    match block {
        Block::Heading(_, inlines) => {
            let title = wrap(&terminal(inlines), indent);
            let width = title.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
            *out += &title;
            *out += &format!("{}{}\n", " ".repeat(indent), rule(width.saturating_sub(indent)));
        }
        Block::Paragraph(inlines) => *out += &wrap(&terminal(inlines), indent),
        Block::Code { text, .. } => {
            // A line break would change it: a wide line moves the block to the left.
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
            let indent = (indent + INDENT).min(WIDTH.saturating_sub(widest));
            for line in text.lines() {
                *out += format!("{}{line}", " ".repeat(indent)).trim_end();
                out.push('\n');
            }
        }
        Block::Quote(blocks) => render(blocks, indent + INDENT, out),
        Block::List { first, items } => list(*first, items, indent, out),
        Block::Table(rows) => {
            let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
            let mut table = Table::new((0..columns).map(|_| left(0))).indented(indent).folded();
            for row in rows {
                table.row(row.iter().map(|cell| terminal(cell)));
            }
            *out += &table.to_string();
        }
        Block::Rule => *out += &format!("{}{}\n", " ".repeat(indent), rule(3)),
    }
}

/// The items below each other. The first paragraph of an item hangs behind its mark.
fn list(first: Option<u64>, items: &[Vec<Block>], indent: usize, out: &mut String) {
    for (n, item) in items.iter().enumerate() {
        let mark = first.map_or("- ".to_owned(), |first| format!("{}. ", first.saturating_add(n as u64)));
        let lead = format!("{}{mark}", " ".repeat(indent));
        let rest = match item.split_first() {
            Some((Block::Paragraph(inlines), rest)) => {
                *out += &hang(&lead, &terminal(inlines));
                rest
            }
            _ => {
                *out += &hang(&lead, "");
                item
            }
        };
        for block in rest {
            if !matches!(block, Block::List { .. }) {
                out.push('\n');
            }
            self::block(block, indent + mark.len(), out);
        }
    }
}

/// Inlines as words. Code keeps its backticks, which show where it begins and ends; a
/// link to another place than its words has its target behind it.
fn terminal(inlines: &[Inline]) -> String {
    let one = |inline: &Inline| match inline {
        Inline::Text(text) => text.clone(),
        Inline::Code(text) => format!("`{text}`"),
        Inline::Emphasis(inner) | Inline::Strong(inner) => terminal(inner),
        Inline::Link { target, label } if plain(label) == *target => terminal(label),
        Inline::Link { target, label } => format!("{} ({target})", terminal(label)),
        Inline::Break => " ".to_owned(),
    };
    inlines.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::assert_fits;

    #[test]
    fn paragraphs_items_and_quotations_are_wrapped_and_code_is_not() {
        let long = "word ".repeat(30);
        let text = format!(
            "# Title\n\n{long}\n202 is no list.\n\n- {long}\n  1. {long}\n\n> {long}\n\n```sh\n{long}\n```\n"
        );
        let shown = markdown(&text);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(&lines[..3], ["Title", "─────", ""]);
        let code = long.trim_end().to_owned();
        assert!(lines.contains(&code.as_str()), "{shown}");
        assert_fits(&shown.replace(&format!("{code}\n"), ""));
        assert!(shown.contains("word 202 is"), "{shown}");
        for line in ["  word", "  1. word", "     word", "    word"] {
            assert!(lines.iter().any(|found| found.starts_with(line)), "{line:?} in {shown}");
        }
    }

    #[test]
    fn marks_are_left_out_and_tables_line_up() {
        let shown =
            markdown("A **b** *c* `d` [e](f.rs).\n\n| a | b |\n|---|---|\n| longer | `x` |\n\n---\n");
        assert_eq!(markdown("```\nshort\n```"), "    short\n");
        assert_eq!(shown, "A b c `d` e (f.rs).\n\na       b\nlonger  `x`\n\n───\n");
    }

    #[test]
    fn deep_nesting_fits_as_well() {
        let deep: String = (0..40).map(|n| format!("{}- x{n}\n", "  ".repeat(n))).collect();
        assert_fits(&markdown(&deep));
        assert_fits(&markdown(&format!("{}{}", "> ".repeat(60), "word ".repeat(60))));
    }
}
