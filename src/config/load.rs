//! From a file to a snapshot, or to everything that is wrong with it.

use super::problems::{Place, Problem, Problems};
use super::read::{Read, Reader};
use super::reference::Sources;
use super::sections::{Document, Foundations};
use super::snapshot::{Basics, Snapshot};
use super::yaml::{self, Node, Value};
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a configuration file.
const MAX_FILE: u64 = 16 << 20;
/// What is served without a file.
const EMBEDDED: &str = include_str!("../../config/default.yaml");

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    /// `config/default.yaml`, which is in the binary.
    Embedded,
}

impl Origin {
    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Embedded => "default.yaml (built in)".to_owned(),
        }
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Embedded => None,
        }
    }

    /// Every file whose change is a reason to reload.
    pub fn files(&self, snapshot: Option<&Snapshot>) -> Vec<PathBuf> {
        let Self::File(path) = self else {
            return Vec::new();
        };
        let further = snapshot.map(|snapshot| snapshot.watched.iter().cloned());
        std::iter::once(path.clone())
            .chain(further.into_iter().flatten())
            .collect()
    }

    /// What relative paths of files to read are relative to.
    fn folder(&self) -> PathBuf {
        let folder = self.path().and_then(Path::parent);
        folder.map_or_else(PathBuf::new, Path::to_path_buf)
    }

    fn text(&self) -> Result<Zeroizing<String>, Vec<Problem>> {
        let Self::File(path) = self else {
            return Ok(Zeroizing::new(EMBEDDED.to_owned()));
        };
        let mut bytes = Zeroizing::new(Vec::new());
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
        match read {
            Ok(size) if size as u64 <= MAX_FILE => {}
            Ok(_) => return Err(self.whole(None, "larger than 16 MiB".to_owned())),
            Err(error) => return Err(self.whole(None, format!("cannot be read: {error}"))),
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(error) => {
                let place = behind(bytes.get(..error.valid_up_to()).unwrap_or_default());
                Err(self.whole(Some(place), "not UTF-8 from here on".to_owned()))
            }
        }
    }

    /// A mistake of the file as a whole.
    fn whole(&self, place: Option<Place>, message: String) -> Vec<Problem> {
        vec![Problem {
            file: self.name(),
            place,
            field: String::new(),
            message,
            excerpt: None,
        }]
    }
}

/// The place behind the text that a file begins with.
fn behind(text: &[u8]) -> Place {
    let text = String::from_utf8_lossy(text);
    let line = text.matches('\n').count() + 1;
    let column = text.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Place {
        line,
        column,
        end_line: line,
        end_column: column,
    }
}

/// Reads a configuration and checks all of it.
pub fn load(origin: &Origin, sources: &Sources<'_>) -> Result<Snapshot, Vec<Problem>> {
    let text = origin.text()?;
    load_text(origin, &text, sources)
}

/// The names in one of the file's sections, whatever is wrong with what they stand for.
pub fn names(origin: &Origin, section: &str) -> Result<Vec<String>, Vec<Problem>> {
    let root = yaml::parse(&origin.text()?)
        .map_err(|error| origin.whole(Some(error.place), error.message))?;
    let of = |node: &Node| match &node.value {
        Value::Map(entries) => entries.clone(),
        _ => Vec::new(),
    };
    let sections = of(&root).into_iter();
    let named = sections.filter(|entry| entry.key == section);
    Ok(named
        .flat_map(|entry| of(&entry.value))
        .map(|entry| entry.key)
        .collect())
}

/// As [`load`], of a text that was read before.
pub fn load_text(
    origin: &Origin,
    text: &str,
    sources: &Sources<'_>,
) -> Result<Snapshot, Vec<Problem>> {
    let hash = hexadecimal(digest(&SHA256, text.as_bytes()).as_ref());
    read(origin, text, sources, |root, reader| {
        let document = Document::read(root, reader)?;
        Some(document.resolve(hash, reader))
    })
}

/// Reads only what must be known before the vault can be opened. Other sections are not looked at.
pub fn peek(origin: &Origin, sources: &Sources<'_>) -> Result<Basics, Vec<Problem>> {
    peek_at(&Foundations::FIELDS, origin, sources)
}

/// As [`peek`], of those sections alone: the others are at their defaults, whatever is wrong with them.
pub fn peek_at(
    sections: &[&str],
    origin: &Origin,
    sources: &Sources<'_>,
) -> Result<Basics, Vec<Problem>> {
    let text = origin.text()?;
    read(origin, &text, sources, |root, reader| {
        let mut root = root.clone();
        if let Value::Map(entries) = &mut root.value {
            entries.retain(|entry| sections.contains(&entry.key.as_str()));
            let telemetry = entries.iter_mut().find(|entry| entry.key == "telemetry");
            if let Some(Value::Map(fields)) = telemetry.map(|entry| &mut entry.value.value) {
                // Collectors' headers may be in the vault.
                fields.retain(|field| field.key == "log");
            }
        }
        let foundations = Foundations::read(&root, reader)?;
        Some(foundations.resolve(reader))
    })
}

pub(super) fn read<T>(
    origin: &Origin,
    text: &str,
    sources: &Sources<'_>,
    interpret: impl FnOnce(&Node, &mut Reader<'_>) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let mut problems = Problems::new(origin.name(), text);
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(error) => {
            // Without structure nobody knows which parts of a line are credentials: none is shown.
            problems.add(Some(error.place), String::new(), error.message);
            return Err(problems.finish_without_lines());
        }
    };
    let folder = origin.folder();
    let mut reader = Reader::new(sources, &folder, problems);
    let value = interpret(&root, &mut reader);
    match value {
        Some(value) if reader.problems.is_empty() => Ok(value),
        _ => Err(reader.problems.finish()),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
