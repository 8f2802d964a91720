use proptest::prelude::*;

use super::*;

#[test]
fn lines_hang_below_the_end_of_their_lead() {
    let text = hang("  - ", &"word ".repeat(40));
    assert_fits(&text);
    assert!(text.starts_with("  - word"), "{text}");
    assert!(text.lines().skip(1).all(|line| line.starts_with("    word")), "{text}");
    assert_eq!(hang("label", " "), "label\n");
    assert_eq!(wrap("a  b\nc", 2), "  a b c\n");
}

#[test]
fn a_number_keeps_its_unit() {
    let text = wrap(&format!("{} 12 ms, {} 5 % more", "x".repeat(75), "x".repeat(70)), 0);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("12 ms, x"), "{text}");
    assert_eq!(lines[2], "5 % more");
    assert!(!text.contains(NO_BREAK));
}

#[test]
fn a_wide_character_takes_two_columns() {
    assert_eq!(cut("日本語日本語", 7), "日本語…");
    assert_eq!(cut("日本語日本語", 6), "日本…");
    assert_eq!(pad("日", 4), "日  ");
    assert_fits(&wrap(&"日本語".repeat(50), 3));
}

#[test]
fn what_is_cut_ends_with_an_ellipsis() {
    for (text, width, expected) in [("four", 4, "four"), ("fives", 4, "fiv…"), ("x", 0, ""), ("", 0, "")]
    {
        assert_eq!(cut(text, width), expected);
    }
}

#[test]
fn three_digits_are_kept() {
    let cases = [
        (0.0, "0"),
        (0.0126, "0.013"),
        (0.99961, "1.00"),
        (9.9951, "10.0"),
        (20.991, "21.0"),
        (99.96, "100"),
        (501.2, "501"),
        (123_456.0, "123456"),
        (1.5e9, "1.5e9"),
    ];
    for (value, expected) in cases {
        assert_eq!(number(value), expected);
    }
    assert_eq!(percent(0.125), "12.5 %");
}

#[test]
fn a_time_below_the_resolution_of_the_histograms_is_not_shown_as_zero() {
    for origin in [Origin::Recorded, Origin::Load, Origin::Simulated] {
        for short in [0.0, 0.0004, 0.000_999] {
            assert_eq!(time(short, origin), "<0.001");
        }
        assert_eq!(time(0.001, origin), "0.001");
    }
    assert_eq!(time(0.0, Origin::Ab), "0", "ab prints whole milliseconds");
    assert_eq!(time(0.0, Origin::Predicted), "0", "a formula can mean it");
    assert_eq!(time(0.0004, Origin::Predicted), "<0.001");
}

#[test]
fn only_lines_that_are_too_wide_are_wrapped_and_under_their_own_indent() {
    let wide = format!("  {}", "word ".repeat(20).trim_end());
    let text = fit(&format!("1 |  kept   as it is\n{wide}"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "1 |  kept   as it is");
    assert!(lines[1].starts_with("  word") && lines[2].starts_with("    word"), "{text}");
    assert_fits(&text);
}

#[test]
fn columns_line_up_and_are_at_least_as_wide_as_declared() {
    let mut table = Table::new([left(6), right(5), left(0)]).indented(1);
    table.row(["", "count", "what"]);
    table.row(["日本", "7", ""]);
    table.row(["longer than six", "123456", "x"]);
    let expected = "                   count  what
 日本                  7
 longer than six  123456  x
";
    assert_eq!(table.to_string(), expected);
}

#[test]
fn a_table_that_is_too_wide_shortens_its_texts_before_its_figures() {
    let mut table = Table::new([left(6), right(5), left(6)]);
    table.row(["x".repeat(70), "1234567".to_owned(), "y".repeat(10)]);
    let text = table.to_string();
    assert_fits(&text);
    assert!(text.contains("…  1234567  yyyyyyyyyy\n"), "{text}");
}

#[test]
fn a_folded_table_loses_nothing() {
    let mut table = Table::new([left(0), left(0)]).folded();
    table.row(["word ".repeat(20), "other ".repeat(20)]);
    let text = table.to_string();
    assert_fits(&text);
    assert_eq!((text.matches("word").count(), text.matches("other").count()), (20, 20), "{text}");
}

#[test]
fn a_character_that_widens_the_one_before_it_is_counted() {
    assert_eq!(cut("0\u{fe0f} 日日日日日", 2), "0…");
    assert_eq!(cut("0\u{fe0f} 日日日日日", 4), "0\u{fe0f} …");
    assert_fits(&wrap(&"0\u{fe0f}".repeat(300), 2));
    assert_fits(&wrap(&"0\u{fe0f} ".repeat(300), 2));
}

proptest! {
    #[test]
    fn nothing_is_ever_wider_than_a_line(
        texts in proptest::collection::vec("(\\PC{0,9} |x{0,99}|日{0,60}|\u{1b}\\[31m|\n){0,9}", 1..9),
        indent in 0_usize..30,
    ) {
        for text in &texts {
            assert_fits(&wrap(text, indent));
            assert_fits(&fit(text).lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>());
            prop_assert!(cut(text, indent).width() <= indent);
        }
        let mut table = Table::new(texts.iter().enumerate().map(|(n, _)| if n % 2 == 0 { left(3) } else { right(9) }));
        table.row(&texts);
        assert_fits(&table.to_string());
        assert_fits(&table.folded().to_string());
    }
}
