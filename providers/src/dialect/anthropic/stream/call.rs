//! A call whose arguments come in pieces, perhaps in turns with another's.

use crate::canonical::Text;

/// One call of a stream.
#[derive(Debug)]
pub(super) struct Call {
    id: Text<'static>,
    name: Text<'static>,
    /// Arguments that wait for the call's turn.
    waiting: Text<'static>,
    is_open: bool,
    scan: Scan,
}

/// How far an object is read: enough to see where it ends.
#[derive(Debug, Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    is_whole: bool,
}

impl Call {
    pub(super) fn new(id: Text<'static>, name: Text<'static>) -> Self {
        Self {
            id,
            name,
            waiting: Text::default(),
            is_open: false,
            scan: Scan::default(),
        }
    }

    /// Whether its turn has not come.
    pub(super) fn is_waiting(&self) -> bool {
        !self.is_open
    }

    /// Whether its arguments are a whole object.
    pub(super) fn is_whole(&self) -> bool {
        self.scan.is_whole
    }

    /// Its turn: what is needed to write its beginning.
    pub(super) fn open(&mut self) -> (Text<'static>, Text<'static>, Text<'static>) {
        self.is_open = true;
        let waiting = std::mem::take(&mut self.waiting);
        (self.id.clone(), self.name.clone(), waiting)
    }

    /// Reads on, to see where the arguments end.
    pub(super) fn follow(&mut self, json: &Text<'_>) {
        for byte in json.decode().bytes() {
            self.scan.step(byte);
        }
    }

    /// Keeps a piece for the call's turn.
    pub(super) fn keep(&mut self, json: &Text<'_>) {
        self.waiting.push(json);
    }
}

impl Scan {
    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' if self.in_string => self.is_escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.is_whole = self.depth == 0;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_object_is_seen_wherever_it_is_cut() {
        let json = r#"{"a}":{"b":"\"}"},"c":[1]}"#;
        for cut in 0..json.len() {
            let mut call = Call::new(Text::default(), Text::default());
            call.follow(&Text::new(&json[..cut]));
            assert!(!call.is_whole(), "{cut}");
            call.follow(&Text::new(&json[cut..]));
            assert!(call.is_whole(), "{cut}");
        }
    }
}
