//! The words that a reader sees, with their lines: of a whole text, or of the comments
//! and string literals of Rust.

/// A word, or a break between paragraphs, comments or strings, which is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    /// In lower case, without marks around it.
    pub(super) text: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// The mark that ends a sentence here.
    pub(super) ends: Option<char>,
    /// True if it has a capital letter.
    pub(super) capital: bool,
    /// True for the first word of a doc comment.
    pub(super) opens_doc: bool,
}

impl Word {
    fn new(raw: &str, line: usize) -> Option<Self> {
        let text = raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let bare = raw.trim_end_matches(['"', '\'', '`', '*', ')', '|']);
        let ends = bare.chars().next_back().filter(|c| ['.', '?', '!'].contains(c));
        let capital = raw.contains(char::is_uppercase);
        (!text.is_empty()).then_some(Self { text, line, ends, capital, opens_doc: false })
    }

    /// True for the word itself, and for its genitive.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.strip_suffix("'s").unwrap_or(&self.text) == word
    }
}

/// Adds the words of a line.
fn add(words: &mut Vec<Word>, text: &str, line: usize) {
    words.extend(text.split_whitespace().filter_map(|raw| Word::new(raw, line)));
}

fn add_break(words: &mut Vec<Word>) {
    words.push(Word::default());
}

/// The words of a text. A line `fails = "…"` of an exercise quotes its check, and is left
/// to the check.
pub(super) fn of_text(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let begins_a_paragraph = text.trim().is_empty() || text.starts_with(['-', '|', '#', '[']);
        if begins_a_paragraph || text.contains(" = ") {
            add_break(&mut words);
        }
        if !text.starts_with("fails = ") {
            add(&mut words, text, line);
        }
    }
    words
}

/// The words in the comments and string literals of Rust.
pub(super) fn of_rust(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text;
    let line_at = |rest: &str| text[..text.len() - rest.len()].matches('\n').count() + 1;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let before = &rest[..at];
        rest = &rest[at..];
        if rest.starts_with("//") {
            rest = comment(&mut words, rest, line_at(rest));
        } else if let Some(literal) = rest.strip_prefix('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before[..before.len() - hashes].ends_with('r');
            let end = if is_raw {
                literal.find(&format!("\"{}", "#".repeat(hashes)))
            } else {
                end_of_string(literal)
            };
            let end = end.unwrap_or(literal.len());
            add_break(&mut words);
            for (more, part) in literal[..end].lines().enumerate() {
                add(&mut words, &part.replace("\\n", " "), line_at(rest) + more);
            }
            rest = literal.get(end + 1..).unwrap_or("");
        } else if rest.starts_with('\'') {
            rest = &rest[char_or_lifetime(rest)..];
        } else {
            rest = &rest[1..];
        }
    }
    words
}

/// Adds a comment with the comments of the same kind below it. Returns what follows.
fn comment<'a>(words: &mut Vec<Word>, mut rest: &'a str, mut line: usize) -> &'a str {
    let mark = ["///", "//!", "//"].into_iter().find(|mark| rest.starts_with(mark)).unwrap_or("//");
    add_break(words);
    let first = words.len();
    loop {
        let (text, below) = rest.split_once('\n').unwrap_or((rest, ""));
        let text = text.trim_start_matches(mark);
        if text.trim().is_empty() {
            add_break(words);
        }
        add(words, text, line);
        line += 1;
        let next = below.trim_start_matches([' ', '\t']);
        let goes_on = next.starts_with(mark) && (mark != "//" || !next.starts_with("///"));
        rest = below;
        if !goes_on {
            break;
        }
        rest = next;
    }
    if mark != "//"
        && let Some(word) = words.get_mut(first)
    {
        word.opens_doc = true;
    }
    add_break(words);
    rest
}

fn end_of_string(literal: &str) -> Option<usize> {
    let mut escaped = false;
    literal.bytes().position(|c| {
        let ends = c == b'"' && !escaped;
        escaped = c == b'\\' && !escaped;
        ends
    })
}

/// The length of `'"'` or `'\''`; of a lifetime, its quote.
fn char_or_lifetime(rest: &str) -> usize {
    if let Some(escaped) = rest.strip_prefix("'\\") {
        return escaped.char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(2, |(at, _)| at + 3);
    }
    let one = rest[1..].chars().next().map_or(0, char::len_utf8);
    if rest[1 + one..].starts_with('\'') { one + 2 } else { 1 }
}
