//! A secret from standard input: from a pipe as it is, from a terminal without an echo.

use super::error::CliError;
use crate::vault::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{BufRead as _, IsTerminal as _, Read, Stdin, Write as _};
use zeroize::Zeroizing;

/// Bytes that are read; the vault takes less.
const MAX_INPUT: u64 = 1 << 20;

/// Reads the secret; a line end at its end is none of it.
pub(super) fn secret(name: &str) -> Result<Secret, CliError> {
    let input = std::io::stdin();
    let mut text = Zeroizing::new(String::new());
    if input.is_terminal() {
        let silence = Silence::begin(&input)?;
        let mut screen = std::io::stderr();
        write!(screen, "Secret `{name}` (not shown): ")?;
        let read = input.lock().read_line(&mut text);
        drop(silence);
        writeln!(screen)?;
        read?;
    } else {
        read_piped(input.lock(), &mut text)?;
    }
    Ok(trimmed(&text))
}

fn read_piped(input: impl Read, text: &mut String) -> Result<(), CliError> {
    // Grown by hand, a buffer would leave copies behind.
    text.reserve(64 << 10);
    input.take(MAX_INPUT).read_to_string(text)?;
    Ok(())
}

fn trimmed(text: &str) -> Secret {
    Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence<'a> {
    input: &'a Stdin,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn begin(input: &'a Stdin) -> Result<Self, CliError> {
        let before = tcgetattr(input).map_err(std::io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(input, OptionalActions::Flush, &silent).map_err(std::io::Error::from)?;
        Ok(Self { input, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.input, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_no_part_of_a_secret() {
        for (input, expected) in [
            ("key\n", "key"),
            ("key\r\n", "key"),
            ("a\nb", "a\nb"),
            ("", ""),
        ] {
            let mut text = String::new();
            read_piped(input.as_bytes(), &mut text).unwrap();
            assert_eq!(trimmed(&text).expose(), expected);
        }
    }
}
