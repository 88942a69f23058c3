//! From a path to every name whose change may change what the path leads to.

use ring::digest::{Context, SHA256};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Symbolic links followed on one way.
const MAX_LINKS: usize = 32;
/// Bytes of a file that count for its fingerprint.
const MAX_FILE: u64 = 16 << 20;

/// Names by the folder that they are in.
#[derive(Default)]
pub(super) struct Watched(BTreeMap<PathBuf, BTreeSet<OsString>>);

impl Watched {
    /// The files themselves and every link on the way to them.
    pub(super) fn follow(files: &[PathBuf]) -> Self {
        let mut watched = Self::default();
        for file in files {
            let mut links = MAX_LINKS;
            let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            watched.walk(&path, &mut links);
        }
        watched
    }

    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Whether a change of a path may be a change of a file.
    pub(super) fn is_about(&self, path: &Path) -> bool {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return false;
        };
        self.0.contains_key(path) || self.0.get(folder).is_some_and(|names| names.contains(name))
    }

    fn walk(&mut self, path: &Path, links: &mut usize) {
        let mut real = PathBuf::new();
        let components: Vec<Component<'_>> = path.components().collect();
        for (index, component) in components.iter().enumerate() {
            let Component::Normal(name) = component else {
                if *component == Component::ParentDir {
                    real.pop();
                } else {
                    real.push(component);
                }
                continue;
            };
            let target = std::fs::read_link(real.join(name)).ok();
            if target.is_some() || index + 1 == components.len() {
                self.add(&real, name);
            }
            match target {
                Some(target) if *links > 0 => {
                    *links -= 1;
                    let rest: PathBuf = components.iter().skip(index + 1).collect();
                    return self.walk(&real.join(target).join(rest), links);
                }
                _ => real.push(name),
            }
        }
    }

    fn add(&mut self, folder: &Path, name: &OsStr) {
        let names = self.0.entry(folder.to_path_buf()).or_default();
        names.insert(name.to_os_string());
    }
}

/// SHA-256 over what is in the files, or that they are not there.
pub(super) fn fingerprint(files: &[PathBuf]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for file in files {
        let mut content = Vec::new();
        let read = std::fs::File::open(file)
            .and_then(|file| file.take(MAX_FILE).read_to_end(&mut content));
        context.update(&[u8::from(read.is_ok())]);
        context.update(&(content.len() as u64).to_le_bytes());
        context.update(&content);
    }
    context.finish().as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_link_on_the_way_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("..v1")).unwrap();
        std::fs::write(root.join("..v1/config.yaml"), "a").unwrap();
        symlink("..v1", root.join("..data")).unwrap();
        symlink("..data/config.yaml", root.join("config.yaml")).unwrap();
        let watched = Watched::follow(&[root.join("config.yaml")]);
        assert!(watched.is_about(&root.join("..data")));
        assert!(watched.is_about(&root.join("config.yaml")));
        assert!(watched.is_about(&root.join("..v1/config.yaml")));
        assert!(!watched.is_about(&root.join("tollgate.db")));
        let folders: Vec<_> = watched.folders().collect();
        assert_eq!(folders, [root.as_path(), &root.join("..v1")]);
    }

    #[test]
    fn a_circle_of_links_ends() {
        let dir = tempfile::tempdir().unwrap();
        symlink("b", dir.path().join("a")).unwrap();
        symlink("a", dir.path().join("b")).unwrap();
        Watched::follow(&[dir.path().join("a")]);
    }
}
