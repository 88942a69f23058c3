//! Records that fit into one write of the journal, whatever they hold: an account must not be lost to what is captured
//! beside it. Cut bodies tell so on the spans by their sizes (`http.request.body.size`, `http.response.body.size`).

use tollgate_journal::{MAX_RECORD, Record};

/// Bodies of one write; the rest is for all else that records say.
pub(super) const BODIES: usize = MAX_RECORD - (1 << 20);
/// A name, of whoever's making.
const NAME: usize = 1 << 10;
const MESSAGE: usize = 64 << 10;

/// As much of a name as is kept.
pub(super) fn name(text: &str) -> &str {
    cut(text, NAME)
}

/// As much of a message as is kept.
pub(super) fn message(text: &str) -> &str {
    cut(text, MESSAGE)
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// Cuts the longest of the captured bodies until all of them fit.
pub(super) fn fit(records: &mut [Record<'_>], room: usize) {
    let mut all = 0;
    for record in &mut *records {
        each_body(record, |body| all += body.len());
    }
    if all <= room {
        return;
    }
    let mut lengths = Vec::new();
    for record in &mut *records {
        each_body(record, |body| lengths.push(body.len()));
    }
    lengths.sort_unstable();
    let most = level(&lengths, room);
    for record in records {
        each_body(record, |body| *body = body.get(..most).unwrap_or(body));
    }
}

/// The most that one body may have.
fn level(ascending: &[usize], mut room: usize) -> usize {
    let mut left = ascending.len();
    for &length in ascending {
        let share = room / left.max(1);
        if length > share {
            return share;
        }
        room -= length;
        left -= 1;
    }
    usize::MAX
}

fn each_body<'a>(record: &mut Record<'a>, mut see: impl FnMut(&mut &'a [u8])) {
    match record {
        Record::Open(open) => see(&mut open.input),
        Record::Attempt(_) => {}
        Record::Progress(progress) => see(&mut progress.output),
        Record::AttemptEnd(end) => {
            if let Some(input) = &mut end.input {
                see(input);
            }
            see(&mut end.output);
        }
        Record::Closed(closed) => see(&mut closed.output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_give_way() {
        for (lengths, room, most) in [
            (&[][..], 0, usize::MAX),
            (&[4, 6], 10, usize::MAX),
            (&[4, 6], 9, 5),
            (&[1, 6, 7], 9, 4),
            (&[3, 3, 3], 3, 1),
            (&[1, 9], 0, 0),
        ] {
            assert_eq!(level(lengths, room), most, "{lengths:?} in {room}");
        }
    }

    #[test]
    fn a_name_is_cut_between_characters() {
        let long = format!("x{}", "é".repeat(NAME));
        assert_eq!(name(&long).len(), NAME - 1);
        assert_eq!(name("short"), "short");
    }
}
