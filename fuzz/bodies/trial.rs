//! The bodies without a fuzzer: proptest gives them the seeds of `fuzz/corpus`, damaged seeds, and any bytes.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestError, TestRunner};
use std::path::Path;

/// Tries a body on each seed as it is, then on as many damaged ones and as many arbitrary inputs. `words` are what
/// the format is made of: damage puts them in.
#[track_caller]
pub fn try_body(corpus: &Path, words: &'static [&'static str], cases: u32, body: fn(&[u8])) {
    let seeds = seeds(corpus);
    for seed in &seeds {
        body(seed);
    }
    let inputs = prop_oneof![
        8 => damaged(seeds, words),
        1 => prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|words| words.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ];
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        body(&input);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\nby \"{}\"", input.escape_ascii()),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn seeds(corpus: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let seeds: Vec<_> = paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "no seeds in {}", corpus.display());
    seeds
}

#[derive(Clone, Debug)]
enum Damage {
    Byte(u8),
    Word(&'static str),
    Replace(usize, &'static str),
    Cut(usize),
    Repeat(usize),
    End,
}

fn damaged(seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let damage = prop_oneof![
        4 => any::<u8>().prop_map(Damage::Byte),
        4 => prop::sample::select(words).prop_map(Damage::Word),
        4 => (1usize..12, prop::sample::select(words)).prop_map(|(length, word)| Damage::Replace(length, word)),
        4 => (1usize..30).prop_map(Damage::Cut),
        2 => (1usize..200).prop_map(Damage::Repeat),
        1 => Just(Damage::End),
    ];
    let damages = prop::collection::vec((any::<Index>(), damage), 1..5);
    (prop::sample::select(seeds), damages).prop_map(|(mut bytes, damages)| {
        for (place, damage) in damages {
            apply(&mut bytes, &place, &damage);
        }
        bytes
    })
}

fn apply(bytes: &mut Vec<u8>, place: &Index, damage: &Damage) {
    let at = place.index(bytes.len() + 1);
    let up_to = |length: usize| at..bytes.len().min(at + length);
    match damage {
        Damage::Byte(byte) => {
            if let Some(at) = bytes.get_mut(at) {
                *at = *byte;
            }
        }
        Damage::Word(word) => drop(bytes.splice(at..at, word.bytes())),
        Damage::Replace(length, word) => drop(bytes.splice(up_to(*length), word.bytes())),
        Damage::Cut(length) => drop(bytes.drain(up_to(*length))),
        Damage::Repeat(length) => {
            let again = bytes[up_to(*length)].to_vec();
            drop(bytes.splice(at..at, again));
        }
        Damage::End => bytes.truncate(at),
    }
}
