use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Vec<Inline> {
    vec![Inline::Text(text.to_owned())]
}

#[test]
fn blocks_nest_as_written() {
    let list = "1. one\n2. two\n   - inner\n\n   ```sh\n   ls\n   ```\n";
    let inner = Block::List { first: None, items: vec![vec![Block::Paragraph(text("inner"))]] };
    let code = Block::Code { language: "sh".to_owned(), text: "ls\n".to_owned() };
    let items = vec![vec![Block::Paragraph(text("one"))], vec![Block::Paragraph(text("two")), inner, code]];
    assert_eq!(blocks(list), [Block::List { first: Some(1), items }]);
    assert_eq!(blocks("> a\nb\n\n---"), [Block::Quote(vec![Block::Paragraph(text("a b"))]), Block::Rule]);
    let rows = vec![vec![text("a"), text("b")], vec![vec![Inline::Code("c|d".to_owned())], text("e")]];
    assert_eq!(blocks("| a | b |\n|---|---|\n| `c\\|d` | e |"), [Block::Table(rows)]);
    assert_eq!(
        blocks("    indented\n"),
        [Block::Code { language: String::new(), text: "indented\n".to_owned() }]
    );
}

#[test]
fn a_number_at_the_beginning_of_a_line_begins_no_list_within_a_paragraph() {
    assert_eq!(blocks("is answered\n202. Then"), [Block::Paragraph(text("is answered 202. Then"))]);
}

#[test]
fn markup_becomes_elements() {
    for (text, expected) in [
        ("# T\n\n*a* **b** `c`", "<h2>T</h2><p><em>a</em> <strong>b</strong> <code>c</code></p>"),
        ("3. x", "<ol start=\"3\"><li>x</li></ol>"),
        ("- a\n\n  b", "<ul><li>a<p>b</p></li></ul>"),
        ("```sh\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        (
            "| a |\n|---|\n| b |",
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        ),
        ("a  \nb", "<p>a<br>b</p>"),
    ] {
        assert_eq!(html(&blocks(text)), expected, "{text}");
    }
    assert_eq!(inline_html(&inlines("How *many*\nevents?\n")), "How <em>many</em> events?");
}

#[test]
fn raw_html_is_shown_as_it_is_written() {
    for hostile in [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<div onclick='x'>\n\n*b*\n\n</div>",
        "<!-- x -->",
        "```<script>\nx\n```",
        "&lt;script>",
    ] {
        let html = html(&blocks(hostile));
        for element in ["<script", "<img", "<div", "<!--"] {
            assert!(!html.contains(element), "{hostile}: {html}");
        }
    }
    assert_eq!(html(&blocks("<b>x</b>")), "<p>&lt;b&gt;x&lt;/b&gt;</p>");
}

#[test]
fn a_link_leads_to_the_web_or_within_the_page_and_a_file_is_named() {
    for (text, expected) in [
        (
            "[a](https://b.test/?c&d)",
            "<a href=\"https://b.test/?c&amp;d\" target=\"_blank\" rel=\"noopener noreferrer\">a</a>",
        ),
        (
            "<http://b.test/>",
            "<a href=\"http://b.test/\" target=\"_blank\" rel=\"noopener noreferrer\">http://b.test/</a>",
        ),
        ("[a](#b)", "<a href=\"#b\">a</a>"),
        ("[a](src/b.rs)", "a (<code>src/b.rs</code>)"),
        ("[src/b.rs](src/b.rs)", "src/b.rs"),
        ("[a](javascript:alert(1))", "a (<code>javascript:alert(1)</code>)"),
        ("[a](JavaScript://x/%0aalert(1))", "a (<code>JavaScript://x/%0aalert(1)</code>)"),
        ("[a](data:text/html,x)", "a (<code>data:text/html,x</code>)"),
        ("[a](//b.test)", "a (<code>//b.test</code>)"),
        ("[a](https:b)", "a (<code>https:b</code>)"),
        ("![a](http://b.test/x.png)", "a"),
    ] {
        assert_eq!(inline_html(&inlines(text)), expected, "{text}");
    }
}

#[test]
fn a_hundred_thousand_levels_are_flattened() {
    for deep in [">".repeat(100_000), "- ".repeat(50_000), "*".repeat(100_000) + "x", "[".repeat(100_000)] {
        let blocks = blocks(&format!("{deep} x"));
        assert!(html(&blocks).contains('x'));
    }
    let text = format!("{}x", "> ".repeat(100));
    assert_eq!(html(&blocks(&text)).matches("<blockquote>").count(), DEEPEST);
}

proptest! {
    /// Whatever is written, the HTML has only elements that this module writes, and they
    /// are balanced.
    #[test]
    fn no_text_brings_an_element_of_its_own(text in "([<>&\"'`*_#\\[\\]()|!\\\\: \n-]|[a-z0-9]|<b>|</p>|<a href=x>|&lt;|1\\. |- |> |    |```|http://a|\u{1b}){0,80}") {
        const OWN: [&str; 24] = ["p", "h2", "h3", "h4", "h5", "h6", "pre", "code", "blockquote", "ol", "ul", "li",
            "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "a", "br", "hr", "b-never"];
        let html = html(&blocks(&text));
        let mut open = Vec::new();
        for tag in html.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("a tag ends");
            let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
            prop_assert!(OWN.contains(&name) && name != "b", "{name} in {html}");
            let attributes = &tag.trim_start_matches('/')[name.len()..];
            let allowed = attributes.is_empty() || attributes.starts_with(" start=\"") || attributes.starts_with(" href=\"#")
                || attributes.starts_with(" href=\"http://");
            prop_assert!(allowed, "{tag}");
            match (tag.starts_with('/'), name) {
                (_, "br" | "hr") => {}
                (false, name) => open.push(name.to_owned()),
                (true, name) => prop_assert_eq!(open.pop(), Some(name.to_owned())),
            }
        }
        prop_assert!(open.is_empty());
    }
}
