//! Rows with columns below each other.
//!
//! A column is as wide as its widest cell, and at least as wide as it was declared, so
//! that tables below each other line up. A table that would be wider than a line shortens
//! its text columns to their declared widths, then its gaps, and then its figures.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::{WIDTH, cut, fold, pad};
use crate::clean;

/// No column is made narrower than this while another one is wider.
const NARROWEST: usize = 6;

/// A column: its alignment and its least width.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Column {
    is_text: bool,
    least: usize,
}

/// A column of text.
pub(in crate::cli) const fn left(least: usize) -> Column {
    Column { is_text: true, least }
}

/// A column of figures.
pub(in crate::cli) const fn right(least: usize) -> Column {
    Column { is_text: false, least }
}

/// A table. Displayed, each row ends with a line break and never with spaces.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// The first row is the header.
    is_headed: bool,
    /// A cell that is too wide is folded, not shortened.
    is_folded: bool,
    indent: usize,
}

impl Table {
    pub(in crate::cli) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let columns = columns.into_iter().collect();
        Self { columns, rows: Vec::new(), is_headed: false, is_folded: false, indent: 0 }
    }

    /// Adds the header, which comes before all rows.
    pub(in crate::cli) fn header<C: AsRef<str>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.row(cells);
        Self { is_headed: true, ..self }
    }

    /// Folds the cells that are too wide, so that nothing of them is lost.
    pub(in crate::cli) fn folded(self) -> Self {
        Self { is_folded: true, ..self }
    }

    /// Puts `indent` spaces in front of each row.
    pub(in crate::cli) fn indented(self, indent: usize) -> Self {
        Self { indent, ..self }
    }

    /// Adds a row. Missing cells are empty.
    pub(in crate::cli) fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cells = cells.into_iter().map(|cell| clean::line(cell.as_ref()).into_owned());
        self.rows.push(cells.collect());
    }

    /// A blank line and the table; nothing if it has no row below its header.
    pub(in crate::cli) fn section(&self) -> String {
        if self.rows.len() > usize::from(self.is_headed) { format!("\n{self}") } else { String::new() }
    }

    /// The width of each column, and of the gaps between them.
    fn widths(&self) -> (Vec<usize>, usize) {
        let cell = |row: &Vec<String>, n: usize| row.get(n).map_or(0, |cell| cell.width());
        let widest = |n: usize| self.rows.iter().map(|row| cell(row, n)).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            self.columns.iter().enumerate().map(|(n, column)| widest(n).max(column.least)).collect();
        let gaps = widths.len().saturating_sub(1);
        let room = |gap: usize| WIDTH.saturating_sub(self.indent + gaps * gap);
        // Each step may shorten columns of one kind down to a width, with gaps of a width.
        let declared = |n: usize| self.columns[n].least.max(NARROWEST);
        for (gap, is_text, narrowest) in [
            (2, true, None),
            (1, true, Some(NARROWEST)),
            (1, false, Some(NARROWEST)),
            (1, true, Some(1)),
            (1, false, Some(1)),
        ] {
            while widths.iter().sum::<usize>() > room(gap) {
                let may_shrink = |n: &usize| {
                    self.columns[*n].is_text == is_text
                        && widths[*n] > narrowest.unwrap_or_else(|| declared(*n))
                };
                let Some(widest) = (0..widths.len()).filter(may_shrink).max_by_key(|n| widths[*n]) else {
                    break;
                };
                widths[widest] -= 1;
            }
            if widths.iter().sum::<usize>() <= room(gap) {
                return (widths, gap);
            }
        }
        (widths, 1)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (widths, gap) = self.widths();
        for row in &self.rows {
            let cells = widths.iter().enumerate().map(|(n, width)| {
                let cell = row.get(n).map_or("", String::as_str);
                if self.is_folded { fold(cell, *width) } else { vec![cut(cell, *width)] }
            });
            let cells: Vec<Vec<String>> = cells.collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for n in 0..height {
                let line = cells.iter().map(|lines| lines.get(n).map_or("", String::as_str));
                // Even columns of one character may be too many.
                writeln!(f, "{}", cut(self.line(line, &widths, gap).trim_end(), WIDTH))?;
            }
        }
        Ok(())
    }
}

impl Table {
    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>, widths: &[usize], gap: usize) -> String {
        let mut line = " ".repeat(self.indent);
        for (n, ((column, width), cell)) in self.columns.iter().zip(widths).zip(cells).enumerate() {
            if n > 0 {
                line.push_str(&" ".repeat(gap));
            }
            if column.is_text {
                line.push_str(&pad(cell, *width));
            } else {
                line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
                line.push_str(cell);
            }
        }
        line
    }
}
