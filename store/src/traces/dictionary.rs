//! How payloads are compressed: zstd, with a dictionary of the deployment's own.
//!
//! Prompts of one deployment resemble each other, so once enough of them were seen, a dictionary is trained on them
//! and used from then on where it wins. Dictionaries are rows and are never removed: each payload names its own (0:
//! none). A dictionary contains pieces of the payloads it was trained on.

use crate::error::{Result, StoreError};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use zstd::bulk;

/// Level 1 with a dictionary is smaller and faster than level 3 without.
const LEVEL: i32 = 1;
/// No payload grows beyond this when it is opened, whatever its frame says.
const MAX_OPENED: usize = 256 << 20;
/// Payloads to train on: at most so many, of so many bytes in all.
const SAMPLES: usize = 2_000;
const SAMPLE_BYTES: usize = 1 << 20;
const SAMPLE_MAX: usize = 32 << 10;
const DICTIONARY_BYTES: usize = 64 << 10;

/// What payloads are compressed with. Belongs to the one writer.
pub(crate) struct Compressor {
    zstd: bulk::Compressor<'static>,
    dictionary: i64,
    samples: Option<Samples>,
}

struct Samples {
    bytes: Vec<u8>,
    sizes: Vec<usize>,
}

impl Compressor {
    /// With the newest dictionary, or, where there is none, watching for samples to train one.
    pub(crate) fn new(connection: &Connection) -> Result<Self> {
        let newest: Option<(i64, Vec<u8>)> = connection
            .query_row(
                "SELECT id, body FROM dictionaries ORDER BY id DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (dictionary, body) = newest.unwrap_or_default();
        Ok(Self {
            zstd: compressor(&body)?,
            dictionary,
            samples: (dictionary == 0).then(Samples::new),
        })
    }

    /// A span's JSON to learn from.
    pub(crate) fn sample(&mut self, json: &[u8]) {
        if let Some(samples) = &mut self.samples {
            samples.add(json);
        }
    }

    /// The compressed payload and the dictionary to open it with.
    pub(crate) fn compress(&mut self, json: &[u8]) -> Result<(i64, Vec<u8>)> {
        let body = self
            .zstd
            .compress(json)
            .map_err(|error| StoreError::damaged("compressor", error))?;
        Ok((self.dictionary, body))
    }

    /// Trains a dictionary once enough was seen, outside any transaction. Takes about half a second, once in the life
    /// of a store.
    pub(crate) fn train_if_ready(&mut self, connection: &Connection) -> Result<()> {
        let Some(samples) = self.samples.take_if(|samples| samples.is_full()) else {
            return Ok(());
        };
        let Some(body) = samples.train()? else {
            return Ok(());
        };
        connection.execute(
            "INSERT INTO dictionaries (created_ms, body) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), ?1)",
            [&body],
        )?;
        self.zstd = compressor(&body)?;
        self.dictionary = connection.last_insert_rowid();
        Ok(())
    }
}

fn compressor(dictionary: &[u8]) -> Result<bulk::Compressor<'static>> {
    bulk::Compressor::with_dictionary(LEVEL, dictionary)
        .map_err(|error| StoreError::damaged("dictionary", error))
}

impl Samples {
    fn new() -> Self {
        Self {
            // The system gives it as it is filled; growing would hold it twice.
            bytes: Vec::with_capacity(SAMPLE_BYTES + SAMPLE_MAX),
            sizes: Vec::with_capacity(SAMPLES),
        }
    }

    fn add(&mut self, json: &[u8]) {
        if json.len() <= SAMPLE_MAX && !self.is_full() {
            self.bytes.extend_from_slice(json);
            self.sizes.push(json.len());
        }
    }

    fn is_full(&self) -> bool {
        self.sizes.len() >= SAMPLES || self.bytes.len() >= SAMPLE_BYTES
    }

    /// A dictionary made of seven eighths of the samples, where it makes the last eighth smaller by a tenth or more:
    /// a trained one, or the newest samples as they are, whichever serves better. Training fails where the samples
    /// are all alike, and there the second serves best.
    fn train(&self) -> Result<Option<Vec<u8>>> {
        let cut = self.sizes.len() - self.sizes.len() / 8;
        let (train, test) = self.sizes.split_at(cut);
        let (train_bytes, test_bytes) = self.bytes.split_at(train.iter().sum());
        let (_, newest) = train_bytes.split_at(train_bytes.len().saturating_sub(DICTIONARY_BYTES));
        let trained = zstd::dict::from_continuous(train_bytes, train, DICTIONARY_BYTES).ok();
        let without = compressed_size(&mut compressor(&[])?, test_bytes, test)?;
        let mut best = None;
        let mut least = without / 10 * 9;
        for body in trained.into_iter().chain([newest.to_vec()]) {
            let with = compressed_size(&mut compressor(&body)?, test_bytes, test)?;
            if with < least {
                least = with;
                best = Some(body);
            }
        }
        Ok(best)
    }
}

fn compressed_size(
    zstd: &mut bulk::Compressor<'_>,
    mut bytes: &[u8],
    sizes: &[usize],
) -> Result<usize> {
    let mut total = 0;
    for size in sizes {
        let (sample, rest) = bytes.split_at(*size);
        total += zstd
            .compress(sample)
            .map_err(|error| StoreError::damaged("dictionary", error))?
            .len();
        bytes = rest;
    }
    Ok(total)
}

/// The dictionaries that payloads are opened with, and idle decompressors for each.
#[derive(Default)]
pub(crate) struct Dictionaries {
    known: Mutex<HashMap<i64, Opener>>,
}

#[derive(Default)]
struct Opener {
    dictionary: Vec<u8>,
    idle: Vec<bulk::Decompressor<'static>>,
}

impl Dictionaries {
    /// Learns the dictionaries that this transaction sees. Call before [`Dictionaries::open`].
    pub(crate) fn refresh(&self, connection: &Connection) -> Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(0).or_default();
        let newest = known.keys().copied().max().unwrap_or(0);
        let mut statement =
            connection.prepare_cached("SELECT id, body FROM dictionaries WHERE id > ?1")?;
        let mut rows = statement.query([newest])?;
        while let Some(row) = rows.next()? {
            let opener = Opener {
                dictionary: row.get(1)?,
                idle: Vec::new(),
            };
            known.insert(row.get(0)?, opener);
        }
        Ok(())
    }

    /// The part of a payload that is a span's JSON.
    pub(crate) fn open(
        &self,
        dictionary: i64,
        body: &[u8],
        at: u32,
        length: u32,
    ) -> Result<String> {
        let json = self.decompress(dictionary, body)?;
        let part = json
            .get(at as usize..)
            .and_then(|rest| rest.get(..length as usize));
        let part = part.ok_or_else(|| StoreError::damaged("payload", "it is too short"))?;
        String::from_utf8(part.to_vec()).map_err(|error| StoreError::damaged("payload", error))
    }

    fn decompress(&self, dictionary: i64, body: &[u8]) -> Result<Vec<u8>> {
        let damaged = |error: &dyn std::fmt::Display| StoreError::damaged("payload", error);
        let mut zstd = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let opener = known
                .get_mut(&dictionary)
                .ok_or_else(|| damaged(&"its dictionary is missing"))?;
            match opener.idle.pop() {
                Some(zstd) => zstd,
                None => bulk::Decompressor::with_dictionary(&opener.dictionary)
                    .map_err(|error| damaged(&error))?,
            }
        };
        let size = match zstd::zstd_safe::get_frame_content_size(body) {
            Ok(Some(size)) => usize::try_from(size).unwrap_or(usize::MAX),
            _ => return Err(damaged(&"no frame of a known size")),
        };
        if size > MAX_OPENED {
            return Err(damaged(&format_args!("it says to be {size} bytes")));
        }
        let json = zstd
            .decompress(body, size)
            .map_err(|error| damaged(&error))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opener) = known.get_mut(&dictionary) {
            opener.idle.push(zstd);
        }
        Ok(json)
    }
}
