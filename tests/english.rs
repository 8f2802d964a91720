//! The language rules, as far as a machine can hold them: every text that a reader sees
//! names the actor and the number, and a doc comment's first words say what a thing does
//! or is.
//!
//! Texts are read whole, and Rust only in its comments and string literals. To list what
//! is left in a path that is not in [`CLEAN`] yet, name it:
//! `ENGLISH=.ci cargo test --test main english`.

mod words;

use std::fs;
use std::path::{Path, PathBuf};

use weir::exercise::Set;

use self::words::{Word, of_rust, of_text};

/// What is checked: a file or a folder, and which files of that folder.
const CLEAN: &[(&str, &[&str])] = &[
    ("exercises", &["md", "toml", "rs"]),
    ("README.md", &[]),
    ("ARCHITECTURE.md", &[]),
    ("CONTRIBUTING.md", &[]),
    ("SECURITY.md", &[]),
    ("CHANGELOG.md", &[]),
    ("config.toml", &[]),
    ("crates", &["md", "toml", "rs"]),
    ("benches", &["rs"]),
    ("src/http/page", &["js", "html", "css"]),
    ("src", &["rs"]),
    ("tests", &["rs", "md"]),
];

/// Holds the phrases themselves, so it is not checked.
const RULES: &str = "tests/english.rs";

/// Files of these kinds are checked in a path that `ENGLISH` names.
const ALL: &[&str] = &["md", "toml", "rs", "js", "html", "css"];

/// Phrases that are refused anywhere, with what to write instead. Behind `|` are the words
/// that make the phrase plain English if they follow.
const REFUSED: &[(&str, &str)] = &[
    ("whoever", ACTOR),
    ("whomever", ACTOR),
    ("somebody", ACTOR),
    ("someone", ACTOR),
    ("nobody", ACTOR),
    ("no one", ACTOR),
    ("everybody", ACTOR),
    ("everyone", ACTOR),
    ("anybody", ACTOR),
    ("anyone", ACTOR),
    ("for who", ACTOR),
    ("from who", ACTOR),
    ("so many", NUMBER),
    ("so long | as", NUMBER),
    ("so much later", NUMBER),
    ("that many", NUMBER),
    ("is to be", VERB),
    ("are to be", VERB),
    ("was to be", VERB),
    ("comes of", VERB),
    ("came of", VERB),
    ("come of", VERB),
    ("is told | apart", VERB),
    ("are told | apart", VERB),
    ("was told | apart", VERB),
    ("be told | apart", VERB),
    ("been told", VERB),
];

/// First words that a doc comment may not have.
const NO_BEGINNING: &[&str] =
    &["the same", "as", "what came", "what comes", "what is held", "what was", "who"];

const ACTOR: &str = "name the actor: client, sender, consumer, caller, participant (rule 1)";
const NUMBER: &str = "name the number, or the limit (rule 2)";
const VERB: &str = "say who does it, with a verb in the active voice (rule 7)";
const FIRST: &str = "begin with a verb in the third person, or with the noun that it is (rule 4)";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: &Path, kinds: &[&str]) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_kind = |path: &PathBuf| {
        path.is_dir() || path.extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known))
    };
    entries.iter().filter(|path| is_kind(path)).flat_map(|path| files(path, kinds)).collect()
}

/// The lines of a text in which a rule is broken, each with the phrase and the rule.
fn broken(name: &str, text: &str) -> Vec<(usize, String, &'static str)> {
    let words = if name.ends_with(".rs") { of_rust(text) } else { of_text(text) };
    let mut found = Vec::new();
    for at in 0..words.len() {
        let refused = REFUSED.iter().filter_map(|(phrase, rule)| {
            let (phrase, plain_before) = phrase.split_once(" | ").unwrap_or((phrase, "-"));
            let next = words.get(at + phrase.split(' ').count());
            let is_plain = next.is_some_and(|next| next.text == plain_before);
            (begins(&words[at..], phrase) && !is_plain).then_some((phrase, rule))
        });
        found.extend(refused.map(|(phrase, rule)| (words[at].line, phrase.to_owned(), *rule)));
        if words[at].opens_doc {
            let beginning = NO_BEGINNING.iter().find(|beginning| begins(&words[at..], beginning));
            found.extend(beginning.map(|beginning| (words[at].line, format!("{beginning} …"), FIRST)));
        } else if is_who_as_a_noun(&words, at) {
            found.push((words[at].line, "Who … .".to_owned(), ACTOR));
        }
    }
    found
}

fn begins(words: &[Word], phrase: &str) -> bool {
    let mut phrase = phrase.split(' ');
    let mut words = words.iter();
    phrase.all(|part| words.next().is_some_and(|word| word.is(part)))
}

/// True for "Who is late waits.", false for "Who waits?".
fn is_who_as_a_noun(words: &[Word], at: usize) -> bool {
    let begins = at == 0 || words[at - 1].text.is_empty() || words[at - 1].ends.is_some();
    let end = words[at..].iter().find_map(|word| word.ends);
    begins && words[at].capital && words[at].text == "who" && end == Some('.')
}

#[test]
fn texts_name_the_actor_and_the_number() {
    let named = std::env::var("ENGLISH").unwrap_or_default();
    let more = named.split_whitespace().map(|path| (path, ALL));
    let mut found = Vec::new();
    for (path, kinds) in CLEAN.iter().copied().chain(more) {
        for file in files(&root().join(path), kinds) {
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            if name == RULES {
                continue;
            }
            let broken = broken(&name, &fs::read_to_string(&file).unwrap());
            found.extend(
                broken.iter().map(|(line, phrase, rule)| format!("{name}:{line}: {phrase:?}: {rule}")),
            );
        }
    }
    assert!(found.is_empty(), "{} phrases:\n{}", found.len(), found.join("\n"));
}

#[test]
fn questions_begin_with_how_what_or_which() {
    let set = Set::read(&root().join("exercises")).unwrap();
    for exercise in &set.exercises {
        for question in &exercise.questions {
            let asking = question.ask.rsplit(". ").next().unwrap().rsplit(": ").next().unwrap();
            let first = question.ask.split(' ').next().unwrap();
            let begins = ["How", "What", "Which"]
                .iter()
                .any(|word| first == *word || asking.starts_with(&format!("{word} ")));
            assert!(begins && question.ask.ends_with('?'), "{}: {}", exercise.id, question.ask);
        }
    }
}

#[test]
fn the_rules_are_held_in_texts_and_in_comments_and_strings_of_rust() {
    for (name, text, line, phrase) in [
        ("a.md", "One.\n\nA line for\n**whoever**, waits.", 4, "whoever"),
        ("a.md", "It waits so\nlong. Then it ends.", 1, "so long"),
        ("a.md", "It is nobody's trouble.", 1, "nobody"),
        ("a.md", "- Who is late waits.", 1, "Who … ."),
        ("a.toml", "hint = \"x\"\nask = \"What is told?\"", 2, "is told"),
        ("a.rs", "/// The same, for others.\nfn f() {}", 1, "the same …"),
        ("a.rs", "//! First line.\n//! That is for\n//! anyone.", 3, "anyone"),
        ("a.rs", "fn f() {\n    let s = \"so \\\n        many\";\n}", 2, "so many"),
        ("a.rs", "let c = '\"'; // everyone", 1, "everyone"),
        ("a.rs", "let s = r#\"a \" somebody\"#;", 1, "somebody"),
    ] {
        let found = broken(name, text);
        let found: Vec<_> = found.iter().map(|(line, phrase, _)| (*line, phrase.as_str())).collect();
        assert_eq!(found, [(line, phrase)], "{text}");
    }
    for (name, text) in [
        ("a.md", "Who waits? It waits so long as it has to; the two cannot be told apart."),
        ("a.md", "| topic | file |\n| who gets it | the dispatcher. |"),
        ("a.md", "so\n\nmany"),
        ("a.toml", "fails = \"nobody told them out\""),
        ("a.rs", "fn whoever(anyone: &'static str) { f::<'_>(anyone) } // fine"),
        ("a.rs", "/// True once it has ended.\n/// As a last resort.\nfn f() {}"),
    ] {
        assert_eq!(broken(name, text), [], "{text}");
    }
}
