//! What `deploy/` holds is what its readers take it for.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::{KEY, free_address};
use crate::tool;
use crate::wait;

fn deploy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn systemd_takes_the_unit() {
    let Some(analyze) = tool::find("systemd-analyze") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tollgate.service");
    // The binary is where this test built it.
    let unit = deploy("tollgate.service");
    assert!(unit.contains("/usr/local/bin/tollgate serve"));
    let here = unit.replace("/usr/local/bin/tollgate", env!("CARGO_BIN_EXE_tollgate"));
    fs::write(&path, here).unwrap();
    let said = tool::is_content(Command::new(analyze).arg("verify").arg(&path));
    assert!(!said.contains("tollgate.service:"), "{said}");
}

/// A place that a file of `deploy/` describes, moved into a folder: its environment, and its configuration.
struct Place {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    /// The lines that begin so set the environment.
    fn new(text: &str, begin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().display().to_string();
        let moved = |value: &str| {
            value
                .replace("/etc/tollgate", &here)
                .replace("/var/lib/tollgate", &format!("{here}/data"))
        };
        let pairs = text
            .lines()
            .filter_map(|line| line.strip_prefix(begin)?.split_once('='));
        let environment = pairs.map(|(name, value)| (name.to_owned(), moved(value)));
        Self {
            environment: environment.collect(),
            folder,
        }
    }

    fn tollgate(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("TOLLGATE_CONFIG")
            .env_remove("TOLLGATE_DATA")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

/// The words of what follows this in the text, up to the line's end.
fn words<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    let (_, rest) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("no {begin}"));
    let line = rest.lines().next().unwrap_or_default();
    line.split([' ', '"', ',', '[', ']'])
        .filter(|word| !word.is_empty())
        .collect()
}

/// A server starts so, with a stored credential, is healthy, and ends when it is told to.
fn check(place: &Place, start: &[&str]) {
    let address = free_address();
    let yaml = format!(
        "server: {{ listen: \"{address}\" }}\n\
         providers: {{ p: {{ kind: openai, api_key: \"${{vault:p}}\" }} }}\n\
         routes: {{ r: {{ targets: [{{ provider: p }}] }} }}\n\
         keys: {{ k: {{ key: \"{KEY}\" }} }}\n"
    );
    fs::write(place.folder.path().join("tollgate.yaml"), yaml).unwrap();
    let secret = place.folder.path().join("secret");
    fs::write(&secret, "sk-secret").unwrap();
    let mut setting = place.tollgate(&["vault", "set", "p"]);
    tool::is_content(setting.stdin(File::open(&secret).unwrap()));
    tool::is_content(&mut place.tollgate(&["check"]));
    let image = deploy("Dockerfile");
    let probe = words(&image, "CMD [\"/usr/local/bin/tollgate\", ");
    let mut server = place.tollgate(start).stdout(Stdio::null()).spawn().unwrap();
    wait::until("the server to be healthy", || {
        place.tollgate(&probe).output().unwrap().status.success()
    });
    let stored = place.folder.path().join("data/tollgate.db");
    assert!(stored.is_file(), "the store is not in the data folder");
    let pid = server.id().to_string();
    tool::is_content(Command::new("kill").args(["-TERM", &pid]));
    assert!(server.wait().unwrap().success());
}

#[test]
fn the_unit_starts_a_server_that_finds_its_files() {
    let unit = deploy("tollgate.service");
    let place = Place::new(&unit, "Environment=");
    check(&place, &words(&unit, "ExecStart=/usr/local/bin/tollgate "));
}

#[test]
fn the_image_starts_a_server_that_finds_its_files() {
    let image = deploy("Dockerfile");
    let place = Place::new(&image, "ENV ");
    check(&place, &words(&image, "\nCMD "));
}
