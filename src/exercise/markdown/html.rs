//! Blocks as HTML for the page.
//!
//! Every text is escaped, no attribute holds a foreign word but `href`, and a link leads
//! to http, https or a place on the page, nowhere else.

use super::{Block, Inline, plain};

/// The least heading: the page's own is above it.
const TOP: u8 = 2;

/// Some blocks as HTML.
pub fn html(blocks: &[Block]) -> String {
    let mut html = String::new();
    blocks.iter().for_each(|block| self::block(block, &mut html));
    html
}

/// A few words as HTML, without a paragraph around them.
pub fn inline_html(inlines: &[Inline]) -> String {
    let mut html = String::new();
    spans(inlines, &mut html);
    html
}

fn block(block: &Block, html: &mut String) {
    match block {
        Block::Heading(level, inlines) => {
            let name = format!("h{}", (*level).max(TOP));
            element(&name, html, |html| spans(inlines, html));
        }
        Block::Paragraph(inlines) => element("p", html, |html| spans(inlines, html)),
        // The page knows commands by their block, so the language is of no use to it.
        Block::Code { text, .. } => {
            element("pre", html, |html| element("code", html, |html| escape(text, html)));
        }
        Block::Quote(blocks) => element("blockquote", html, |html| *html += &self::html(blocks)),
        Block::List { first, items } => {
            let (open, close) = match first {
                Some(1) => ("<ol>".to_owned(), "</ol>"),
                Some(first) => (format!("<ol start=\"{first}\">"), "</ol>"),
                None => ("<ul>".to_owned(), "</ul>"),
            };
            *html += &open;
            items.iter().for_each(|item| element("li", html, |html| self::item(item, html)));
            *html += close;
        }
        Block::Table(rows) => element("table", html, |html| {
            let row = |name: &str, cells: &[Vec<Inline>], html: &mut String| {
                element("tr", html, |html| {
                    cells.iter().for_each(|cell| element(name, html, |html| spans(cell, html)));
                });
            };
            if let Some((head, rows)) = rows.split_first() {
                element("thead", html, |html| row("th", head, html));
                element("tbody", html, |html| rows.iter().for_each(|cells| row("td", cells, html)));
            }
        }),
        Block::Rule => *html += "<hr>",
    }
}

/// An item. Its first paragraph has no element of its own.
fn item(blocks: &[Block], html: &mut String) {
    match blocks.split_first() {
        Some((Block::Paragraph(inlines), rest)) => {
            spans(inlines, html);
            *html += &self::html(rest);
        }
        _ => *html += &self::html(blocks),
    }
}

fn spans(inlines: &[Inline], html: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(text) => escape(text, html),
            Inline::Code(text) => element("code", html, |html| escape(text, html)),
            Inline::Emphasis(inner) => element("em", html, |html| spans(inner, html)),
            Inline::Strong(inner) => element("strong", html, |html| spans(inner, html)),
            Inline::Link { target, label } => link(target, label, html),
            Inline::Break => *html += "<br>",
        }
    }
}

/// A link that leads somewhere, or else its words. A relative target is a file of the
/// sources, which the server does not serve: it is named, not linked.
fn link(target: &str, label: &[Inline], html: &mut String) {
    let scheme = target.split(':').next().unwrap_or_default();
    let is_web =
        target.contains("://") && ["http", "https"].iter().any(|it| scheme.eq_ignore_ascii_case(it));
    if is_web || target.starts_with('#') {
        *html += "<a href=\"";
        escape(target, html);
        *html += if is_web { "\" target=\"_blank\" rel=\"noopener noreferrer\">" } else { "\">" };
        spans(label, html);
        *html += "</a>";
    } else {
        spans(label, html);
        if plain(label) != target {
            *html += " (";
            element("code", html, |html| escape(target, html));
            *html += ")";
        }
    }
}

fn element(name: &str, html: &mut String, content: impl FnOnce(&mut String)) {
    *html += &format!("<{name}>");
    content(html);
    *html += &format!("</{name}>");
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => *html += "&amp;",
            '<' => *html += "&lt;",
            '>' => *html += "&gt;",
            '"' => *html += "&quot;",
            '\'' => *html += "&#39;",
            c => html.push(c),
        }
    }
}
