//! The Markdown of exercises as blocks, from which the page and the terminal render.
//!
//! [`blocks`] parses, `html` renders for the page, and the command line renders for a
//! terminal. Texts come from strangers: raw HTML is text here like any other, and
//! nesting beyond [`DEEPEST`] is flattened, so that renderers may recurse.
//!
//! ```text
//!   README.md, explanation ──▶ blocks ──▶ html (the page)
//!   hints, questions           inlines └─▶ cli/exercise/markdown.rs (a terminal)
//! ```

mod html;
mod tree;

pub use html::{html, inline_html};

/// How deeply blocks and inlines nest, each counted for itself.
pub const DEEPEST: usize = 16;

/// A block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading of level 1 to 6.
    Heading(u8, Vec<Inline>),
    /// A paragraph. The text of a list item is one too.
    Paragraph(Vec<Inline>),
    /// Code, fenced or indented, with the language if one is named.
    Code {
        /// Such as `sh`; may be empty.
        language: String,
        /// Its lines, each with its line break.
        text: String,
    },
    /// A quotation.
    Quote(Vec<Block>),
    /// A list.
    List {
        /// The first number of a numbered list.
        first: Option<u64>,
        /// The blocks of each item.
        items: Vec<Vec<Block>>,
    },
    /// A table: its rows of cells. The first row is the header.
    Table(Vec<Vec<Vec<Inline>>>),
    /// A horizontal rule.
    Rule,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// Code.
    Code(String),
    /// Emphasised text.
    Emphasis(Vec<Inline>),
    /// Strongly emphasised text.
    Strong(Vec<Inline>),
    /// A link.
    Link {
        /// Where it leads, as written.
        target: String,
        /// What is shown.
        label: Vec<Inline>,
    },
    /// A line break that the author asked for.
    Break,
}

/// Parses a text.
pub fn blocks(text: &str) -> Vec<Block> {
    tree::parse(text)
}

/// Parses a text of one paragraph, such as a question. The paragraphs of a longer one
/// are joined; its other blocks are left out.
pub fn inlines(text: &str) -> Vec<Inline> {
    let mut joined = Vec::new();
    for block in tree::parse(text) {
        if let Block::Paragraph(inlines) | Block::Heading(_, inlines) = block {
            if !joined.is_empty() {
                joined.push(Inline::Text(" ".to_owned()));
            }
            joined.extend(inlines);
        }
    }
    joined
}

/// The words of some inlines, without markup.
pub fn plain(inlines: &[Inline]) -> String {
    let one = |inline: &Inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { label: inner, .. } => plain(inner),
        Inline::Break => " ".to_owned(),
    };
    inlines.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
