//! Experiments: named collections of traces, in MLflow's sense. Id 0 is `Default`; names are unique, also against
//! deleted ones; deleting is soft.

use crate::Store;
use crate::error::{Result, StoreError};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};
use std::collections::BTreeMap;

/// The experiment that is there from the start.
pub const DEFAULT_EXPERIMENT: i64 = 0;

/// An experiment, deleted ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Experiment {
    pub id: i64,
    pub name: String,
    pub artifact_location: String,
    pub is_deleted: bool,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub tags: BTreeMap<String, String>,
}

pub(crate) const COLUMNS: &str = "id, name, artifact_location, deleted, created_ms, updated_ms";

impl Store {
    /// Makes an experiment and answers its id. Without a location, artifacts lie under the server's root.
    pub fn create_experiment(
        &self,
        name: &str,
        artifact_location: Option<&str>,
        tags: &BTreeMap<String, String>,
        now_ms: i64,
    ) -> Result<i64> {
        self.write(|tx| {
            if let Some(taken) = by_name(tx, name)? {
                return Err(StoreError::AlreadyExists(match taken.is_deleted {
                    true => format!(
                        "Experiment '{name}' already exists in deleted state. You can restore the experiment, or \
                         permanently delete the experiment from the .trash folder (under tracking server's root \
                         folder) in order to use this experiment name again."
                    ),
                    false => format!("Experiment(name={name}) already exists."),
                }));
            }
            tx.execute(
                "INSERT INTO experiments (name, artifact_location, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?3)",
                (name, artifact_location.unwrap_or(""), now_ms),
            )?;
            let id = tx.last_insert_rowid();
            if artifact_location.is_none_or(str::is_empty) {
                tx.execute(
                    "UPDATE experiments SET artifact_location = 'mlflow-artifacts:/' || id WHERE id = ?1",
                    [id],
                )?;
            }
            for (key, value) in tags {
                put_tag(tx, id, key, value)?;
            }
            Ok(id)
        })
    }

    /// The id of the experiment named `name`, made where it is missing. A deleted one is restored.
    pub fn experiment_id_for(&self, name: &str, now_ms: i64) -> Result<i64> {
        match self.experiment_by_name(name)? {
            Some(found) => {
                if found.is_deleted {
                    self.set_experiment_deleted(found.id, false, now_ms)?;
                }
                Ok(found.id)
            }
            None => match self.create_experiment(name, None, &BTreeMap::new(), now_ms) {
                Err(StoreError::AlreadyExists(_)) => self
                    .experiment_by_name(name)?
                    .map(|found| found.id)
                    .ok_or_else(|| not_found(name)),
                made => made,
            },
        }
    }

    /// An experiment by its id.
    pub fn experiment(&self, id: i64) -> Result<Option<Experiment>> {
        let reader = self.read()?;
        let found = reader
            .prepare_cached(&format!("SELECT {COLUMNS} FROM experiments WHERE id = ?1"))?
            .query_row([id], read)
            .optional()?;
        found.map(|found| with_tags(&reader, found)).transpose()
    }

    /// An experiment by its name, exact.
    pub fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        let reader = self.read()?;
        by_name(&reader, name)?
            .map(|found| with_tags(&reader, found))
            .transpose()
    }

    /// Marks an experiment deleted, or takes that back. Twice is fine.
    pub fn set_experiment_deleted(&self, id: i64, deleted: bool, now_ms: i64) -> Result<()> {
        self.change(
            id,
            "UPDATE experiments SET deleted = ?2, updated_ms = ?3 WHERE id = ?1",
            (id, deleted, now_ms),
        )
    }

    /// Gives an experiment another name, which must be free.
    pub fn rename_experiment(&self, id: i64, name: &str, now_ms: i64) -> Result<()> {
        let renamed = self.change(
            id,
            "UPDATE experiments SET name = ?2, updated_ms = ?3 WHERE id = ?1",
            (id, name, now_ms),
        );
        match renamed {
            Err(StoreError::Sqlite(error))
                if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
            {
                Err(StoreError::AlreadyExists(format!(
                    "Experiment(name={name}) already exists."
                )))
            }
            renamed => renamed,
        }
    }

    /// Sets a tag, over one of the same key.
    pub fn set_experiment_tag(&self, id: i64, key: &str, value: &str) -> Result<()> {
        self.write(|tx| {
            require(tx, id)?;
            put_tag(tx, id, key, value)
        })
    }

    /// Removes a tag; answers whether it was there.
    pub fn delete_experiment_tag(&self, id: i64, key: &str) -> Result<bool> {
        self.write(|tx| {
            require(tx, id)?;
            let removed = tx.execute(
                "DELETE FROM experiment_tags WHERE experiment = ?1 AND key = ?2",
                (id, key),
            )?;
            Ok(removed > 0)
        })
    }

    fn change(&self, id: i64, sql: &str, parameters: impl rusqlite::Params) -> Result<()> {
        self.write(|tx| match tx.execute(sql, parameters)? {
            0 => Err(not_found(id)),
            _ => Ok(()),
        })
    }
}

fn not_found(which: impl std::fmt::Display) -> StoreError {
    StoreError::NotFound(format!("No Experiment with id={which} exists"))
}

fn require(connection: &Connection, id: i64) -> Result<()> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM experiments WHERE id = ?1)",
        [id],
        |row| row.get(0),
    )?;
    if exists { Ok(()) } else { Err(not_found(id)) }
}

fn by_name(connection: &Connection, name: &str) -> Result<Option<Experiment>> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM experiments WHERE name = ?1"
        ))?
        .query_row([name], read)
        .optional()?;
    Ok(found)
}

fn put_tag(tx: &Connection, id: i64, key: &str, value: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO experiment_tags (experiment, key, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value",
        (id, key, value),
    )?;
    Ok(())
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Experiment> {
    Ok(Experiment {
        id: row.get(0)?,
        name: row.get(1)?,
        artifact_location: row.get(2)?,
        is_deleted: row.get(3)?,
        created_ms: row.get(4)?,
        updated_ms: row.get(5)?,
        tags: BTreeMap::new(),
    })
}

pub(crate) fn with_tags(connection: &Connection, mut experiment: Experiment) -> Result<Experiment> {
    let mut statement = connection
        .prepare_cached("SELECT key, value FROM experiment_tags WHERE experiment = ?1")?;
    experiment.tags = statement
        .query_map([experiment.id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(experiment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::temporary;

    #[test]
    fn the_default_experiment_is_there_from_the_start() {
        let (store, _dir) = temporary();
        let default = store.experiment(DEFAULT_EXPERIMENT).unwrap().unwrap();
        assert_eq!(default.name, "Default");
        assert!(!default.is_deleted);
        assert_eq!(store.experiment_by_name("Default").unwrap(), Some(default));
    }

    #[test]
    fn a_name_is_taken_also_by_a_deleted_experiment() {
        let (store, _dir) = temporary();
        let tags = [("team".to_string(), "search".to_string())].into();
        let id = store.create_experiment("one", None, &tags, 5).unwrap();
        assert_eq!(id, 1);
        let made = store.experiment(id).unwrap().unwrap();
        assert_eq!(
            (made.artifact_location.as_str(), &made.tags),
            ("mlflow-artifacts:/1", &tags)
        );
        store.set_experiment_deleted(id, true, 6).unwrap();
        assert!(store.create_experiment("one", None, &tags, 7).is_err());
        assert_eq!(store.experiment_id_for("one", 8).unwrap(), id);
        assert!(!store.experiment(id).unwrap().unwrap().is_deleted);
        assert_eq!(store.experiment_id_for("two", 8).unwrap(), 2);
        assert!(store.rename_experiment(id, "two", 9).is_err());
        assert!(store.rename_experiment(77, "x", 9).is_err());
    }
}
