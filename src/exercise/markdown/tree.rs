//! From the parser's flat events to nested blocks.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Block, DEEPEST, Inline};

/// Parses a text.
pub(super) fn parse(text: &str) -> Vec<Block> {
    let mut builder = Builder::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        builder.take(event);
    }
    builder.finish()
}

/// Builds the tree from the inside out: what is open is on two stacks, one of blocks and
/// one of inlines. A container deeper than [`DEEPEST`] is not opened, so that its content
/// becomes its parent's.
#[derive(Default)]
struct Builder {
    blocks: Vec<Open>,
    /// Finished blocks outside of every container.
    done: Vec<Block>,
    inlines: Vec<Span>,
    /// Containers that were not opened, by kind.
    skipped_blocks: usize,
    skipped_spans: usize,
}

/// A container of blocks that is still open.
enum Open {
    Quote(Vec<Block>),
    List(Option<u64>, Vec<Vec<Block>>),
    Item(Vec<Block>),
    Code(String, String),
    Table(Vec<Vec<Vec<Inline>>>),
}

/// A run of inlines that is still open. The lowest is a paragraph, a heading or a cell.
struct Span {
    kind: Kind,
    inlines: Vec<Inline>,
}

#[derive(PartialEq)]
enum Kind {
    /// The text of a tight list item, which the parser does not wrap in a paragraph.
    Bare,
    Paragraph,
    Heading(u8),
    Cell,
    Emphasis,
    Strong,
    Link(String),
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match self.blocks.last_mut()
            {
                Some(Open::Code(_, code)) => code.push_str(&text),
                _ => self.text(&text),
            },
            Event::Code(text) => self.push(Inline::Code(text.to_string())),
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => self.push(Inline::Break),
            Event::Rule => self.block(Block::Rule),
            // Extensions that are off.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if !is_inline(&tag) {
            self.end_bare();
        }
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.open_span(Kind::Paragraph),
            Tag::Heading { level, .. } => self.open_span(Kind::Heading(number(level))),
            Tag::TableCell => self.open_span(Kind::Cell),
            Tag::Emphasis => self.open_span(Kind::Emphasis),
            Tag::Strong => self.open_span(Kind::Strong),
            Tag::Link { dest_url, .. } => self.open_span(Kind::Link(dest_url.to_string())),
            Tag::BlockQuote(_) => self.open(Open::Quote(Vec::new())),
            Tag::List(first) => self.open(Open::List(first, Vec::new())),
            Tag::Item => self.open(Open::Item(Vec::new())),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                // Code has no content that could be its parent's: it is always opened.
                self.blocks.push(Open::Code(language, String::new()));
            }
            Tag::Table(_) => self.blocks.push(Open::Table(Vec::new())),
            Tag::TableHead | Tag::TableRow => {
                if let Some(Open::Table(rows)) = self.blocks.last_mut() {
                    rows.push(Vec::new());
                }
            }
            // An image is its description; other tags are extensions that are off.
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::Heading(_)
            | TagEnd::TableCell
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Link => self.end_span(),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => {
                self.end_bare();
                if self.skipped_blocks > 0 {
                    self.skipped_blocks -= 1;
                } else {
                    self.end_block();
                }
            }
            TagEnd::CodeBlock | TagEnd::Table => self.end_block(),
            _ => {}
        }
    }

    fn open(&mut self, block: Open) {
        if self.skipped_blocks > 0 || self.blocks.len() >= DEEPEST {
            self.skipped_blocks += 1;
        } else {
            self.blocks.push(block);
        }
    }

    fn open_span(&mut self, kind: Kind) {
        if self.skipped_spans > 0 || self.inlines.len() >= DEEPEST {
            self.skipped_spans += 1;
        } else {
            self.inlines.push(Span { kind, inlines: Vec::new() });
        }
    }

    fn end_span(&mut self) {
        if self.skipped_spans > 0 {
            self.skipped_spans -= 1;
            return;
        }
        let Some(Span { kind, inlines }) = self.inlines.pop() else { return };
        match kind {
            Kind::Emphasis => self.push(Inline::Emphasis(inlines)),
            Kind::Strong => self.push(Inline::Strong(inlines)),
            Kind::Link(target) => self.push(Inline::Link { target, label: inlines }),
            Kind::Bare | Kind::Paragraph => self.block(Block::Paragraph(inlines)),
            Kind::Heading(level) => self.block(Block::Heading(level, inlines)),
            Kind::Cell => {
                if let Some(Open::Table(rows)) = self.blocks.last_mut()
                    && let Some(row) = rows.last_mut()
                {
                    row.push(inlines);
                }
            }
        }
    }

    /// Ends the text of a tight list item where a block or the item's end follows.
    fn end_bare(&mut self) {
        if self.inlines.last().is_some_and(|span| span.kind == Kind::Bare) {
            self.end_span();
        }
    }

    fn end_block(&mut self) {
        match self.blocks.pop() {
            Some(Open::Quote(blocks)) => self.block(Block::Quote(blocks)),
            Some(Open::List(first, items)) => self.block(Block::List { first, items }),
            Some(Open::Code(language, text)) => self.block(Block::Code { language, text }),
            Some(Open::Table(rows)) => self.block(Block::Table(rows)),
            Some(Open::Item(blocks)) => match self.blocks.last_mut() {
                Some(Open::List(_, items)) => items.push(blocks),
                _ => blocks.into_iter().for_each(|block| self.block(block)),
            },
            None => {}
        }
    }

    /// Adds a finished block to the container that is open.
    fn block(&mut self, block: Block) {
        self.end_bare();
        match self.blocks.last_mut() {
            Some(Open::Quote(blocks) | Open::Item(blocks)) => blocks.push(block),
            // An item that was not opened: its blocks become items.
            Some(Open::List(_, items)) => items.push(vec![block]),
            Some(Open::Code(..) | Open::Table(_)) | None => self.done.push(block),
        }
    }

    /// Adds an inline to the span that is open, or begins the text of a tight item.
    fn push(&mut self, inline: Inline) {
        if self.inlines.is_empty() {
            self.inlines.push(Span { kind: Kind::Bare, inlines: Vec::new() });
        }
        if let Some(span) = self.inlines.last_mut() {
            span.inlines.push(inline);
        }
    }

    /// Adds text, joined to the text before it.
    fn text(&mut self, text: &str) {
        if let Some(Span { inlines, .. }) = self.inlines.last_mut()
            && let Some(Inline::Text(before)) = inlines.last_mut()
        {
            before.push_str(text);
        } else {
            self.push(Inline::Text(text.to_owned()));
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.end_bare();
        self.done
    }
}

/// Whether a tag stands within a line.
fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
}

fn number(level: HeadingLevel) -> u8 {
    level as u8
}
