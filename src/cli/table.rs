//! Rows in columns.

use std::io::Write;

/// Writes rows below their heads, each column as wide as its widest value.
pub(super) fn write<const N: usize>(
    out: &mut dyn Write,
    heads: [&str; N],
    rows: &[[String; N]],
) -> std::io::Result<()> {
    let heads = heads.map(str::to_owned);
    let lines = || std::iter::once(&heads).chain(rows);
    let mut widths = [0; N];
    for line in lines() {
        for (width, value) in widths.iter_mut().zip(line) {
            *width = (*width).max(value.chars().count());
        }
    }
    for line in lines() {
        let padded = line
            .iter()
            .zip(widths)
            .map(|(value, width)| format!("{value:width$}"));
        let text = padded.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_value() {
        let mut out = Vec::new();
        let rows = [
            ["ü".to_owned(), "1".to_owned()],
            ["long".to_owned(), "2".to_owned()],
        ];
        super::write(&mut out, ["A", "NUMBER"], &rows).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "A     NUMBER\nü     1\nlong  2\n"
        );
    }
}
