//! Damage from outside, and the records that it touches: found by the documented format, not by the journal's code.

use super::disk::State;
use super::model::Model;
use super::rng::Rng;
use std::ops::Range;
use std::path::{Path, PathBuf};

const HEADER: usize = 40;
const HEAD: usize = 28;

/// Flips a bit somewhere in the data of a segment.
pub(crate) fn flip(disk: &mut State, model: &mut Model, rng: &mut Rng) {
    let Some(path) = rng.pick(&disk.paths()).cloned() else {
        return;
    };
    let content = disk.content(&path);
    let used = content.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let place = rng.below(used as u64 + 1) as usize;
    if place >= content.len() {
        return;
    }
    model.doubt(touched(&path, &content, place..place + 1));
    let bit = rng.below(8);
    disk.change(&path, |bytes| {
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << bit;
        }
    });
}

/// Cuts the end off, copies, or removes a segment. Only while the journal is closed.
pub(crate) fn mangle(disk: &mut State, model: &mut Model, rng: &mut Rng) {
    let Some(path) = rng.pick(&disk.paths()).cloned() else {
        return;
    };
    let content = disk.content(&path);
    match rng.below(4) {
        0 => {
            let length = rng.below(content.len() as u64 + 1) as usize;
            model.doubt(touched(&path, &content, length..content.len()));
            disk.change(&path, |bytes| bytes.truncate(length));
        }
        1 => {
            model.doubt(touched(&path, &content, 0..content.len()));
            disk.delete(&path);
        }
        2 => {
            let start = rng.below(content.len() as u64 + 1) as usize;
            let end = (start + rng.below(400) as usize).min(content.len());
            model.doubt(touched(&path, &content, start..end));
            let fill = rng.next() as u8;
            disk.change(&path, |bytes| {
                if let Some(place) = bytes.get_mut(start..end) {
                    place.fill(fill);
                }
            });
        }
        _ => disk.copy(&path, copy_name(&path, rng)),
    }
}

/// The segment's own name with another number.
fn copy_name(path: &Path, rng: &mut Rng) -> PathBuf {
    let number = rng.below(1 << 20) | 1 << 24;
    let nonce = nonce_of(path);
    path.with_file_name(format!("{number:016x}-{nonce:08x}.journal"))
}

fn nonce_of(path: &Path) -> u32 {
    let name = path.file_stem().and_then(|stem| stem.to_str());
    let nonce = name.and_then(|name| name.split_once('-'));
    nonce.map_or(0, |(_, nonce)| u32::from_str_radix(nonce, 16).unwrap_or(0))
}

/// The positions of the frames that have a byte in the range.
fn touched(path: &Path, content: &[u8], range: Range<usize>) -> Vec<u64> {
    let nonce = nonce_of(path).to_le_bytes();
    let mut positions = Vec::new();
    for start in HEADER..range.end {
        let Some(head) = content.get(start..start + HEAD) else {
            break;
        };
        if head[..4] != nonce {
            continue;
        }
        let length = u32::from_le_bytes(head[4..8].try_into().expect("four bytes"));
        let end = start.saturating_add(HEAD).saturating_add(length as usize);
        if end > range.start {
            positions.push(u64::from_le_bytes(head[8..16].try_into().expect("eight")));
        }
    }
    positions
}
