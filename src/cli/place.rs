//! Which configuration and which store a command is about.

use super::error::CliError;
use crate::config::{
    Basics, NoVault, Origin, Problem, Sources, names, peek, peek_at, process_environment,
};
use crate::vault::Vault;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use tollgate_store::Store;

/// The two options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Place {
    /// The configuration [default: TOLLGATE_CONFIG, then what is built in]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(super) config: Option<PathBuf>,
    /// The data folder, unless `store.url` names another [default: TOLLGATE_DATA, then `data`]
    #[arg(
        long,
        global = true,
        value_name = "FOLDER",
        help_heading = "Global options"
    )]
    pub(super) data: Option<PathBuf>,
}

impl Place {
    pub(super) fn config(&self) -> Option<PathBuf> {
        let given = || process_environment("TOLLGATE_CONFIG").filter(|path| !path.is_empty());
        self.config.clone().or_else(|| given().map(PathBuf::from))
    }

    pub(super) fn origin(&self) -> Origin {
        self.config().map_or(Origin::Embedded, Origin::File)
    }

    /// The environment of a configuration: `--data` is the variable too, so that what refers to it agrees.
    pub(super) fn environment(&self, name: &str) -> Option<String> {
        match &self.data {
            Some(data) if name == "TOLLGATE_DATA" => Some(data.to_string_lossy().into_owned()),
            _ => process_environment(name),
        }
    }

    /// Where things are, by the configuration and the options.
    pub(super) fn basics(&self) -> Result<Basics, CliError> {
        self.looking(|sources| peek(&self.origin(), sources))
    }

    /// Where the store and the vault are: what is wrong with other sections is nothing to those who look there.
    fn store_basics(&self) -> Result<Basics, CliError> {
        self.looking(|sources| peek_at(&["store", "vault"], &self.origin(), sources))
    }

    /// The keys that the configuration defines.
    pub(super) fn key_names(&self) -> Result<Vec<String>, CliError> {
        names(&self.origin(), "keys").map_err(CliError::Config)
    }

    fn looking<T>(
        &self,
        look: impl FnOnce(&Sources<'_>) -> Result<T, Vec<Problem>>,
    ) -> Result<T, CliError> {
        look(&Sources {
            environment: &|name| self.environment(name),
            secrets: &NoVault,
            simulated: None,
        })
        .map_err(CliError::Config)
    }

    /// The store, which must be there: a command that only looks makes none.
    pub(super) fn store(&self) -> Result<Store, CliError> {
        let path = self.store_basics()?.store.path;
        match path.exists() {
            true => Ok(Store::open(path)?),
            false => Err(CliError::NoStore(path)),
        }
    }

    /// The store, made where it is missing.
    pub(super) fn store_or_new(&self) -> Result<Store, CliError> {
        open_or_new(&self.store_basics()?)
    }

    /// The vault, its store made where it is missing.
    pub(super) fn vault_or_new(&self) -> Result<Vault, CliError> {
        let basics = self.store_basics()?;
        vault_of(open_or_new(&basics)?, &basics)
    }

    /// The vault of a store that must be there.
    pub(super) fn vault(&self) -> Result<Vault, CliError> {
        let basics = self.store_basics()?;
        vault_of(self.store()?, &basics)
    }
}

fn vault_of(store: Store, basics: &Basics) -> Result<Vault, CliError> {
    let folder = basics.store.data_folder();
    Ok(Vault::open(store, &basics.vault, &folder)?)
}

fn open_or_new(basics: &Basics) -> Result<Store, CliError> {
    let folder = basics.store.data_folder();
    make_folder(&folder).map_err(|source| CliError::Folder {
        path: folder,
        source,
    })?;
    Ok(Store::open(&basics.store.path)?)
}

/// A folder that its owner alone may enter.
fn make_folder(path: &Path) -> std::io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_in_the_data_folder_unless_the_configuration_names_another() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("tollgate.yaml");
        let path = |yaml: Option<&str>| {
            std::fs::write(&config, yaml.unwrap_or_default()).unwrap();
            let place = Place {
                config: yaml.map(|_| config.clone()),
                data: Some("here".into()),
            };
            place.basics().unwrap().store.path
        };
        assert_eq!(path(None), Path::new("here/tollgate.db"));
        assert_eq!(path(Some("routes: {}")), Path::new("here/tollgate.db"));
        let named = "store: { url: \"sqlite://there/t.db\" }";
        assert_eq!(path(Some(named)), Path::new("there/t.db"));
    }

    #[test]
    fn a_command_that_looks_makes_no_store() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place {
            config: None,
            data: Some(dir.path().join("data")),
        };
        assert!(matches!(place.store(), Err(CliError::NoStore(_))));
        assert!(!dir.path().join("data").exists());
        place.store_or_new().unwrap();
        place.store().unwrap();
    }
}
