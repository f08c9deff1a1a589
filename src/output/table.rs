//! Columns that line up.

/// `rows` as lines of left-aligned columns under `titles`, two spaces apart.
pub(crate) fn aligned<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> String {
    let titles = titles.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = std::iter::once(&titles).chain(rows).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_clean() {
        let rows = [["ä".into(), "1".into()], ["long".into(), "22".into()]];
        assert_eq!(aligned(["KEY", "N"], &rows), "KEY   N\nä     1\nlong  22\n");
    }
}
