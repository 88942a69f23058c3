//! What `deploy/` holds is what its readers take it for.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tool;

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

/// The arguments of a line of these words, up to its end.
fn arguments<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(begin));
    let words = line.unwrap_or_else(|| panic!("no line begins with {begin}"));
    words
        .split([' ', '"', ',', '[', ']'])
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn unit_and_image_call_the_binary_with_arguments_that_it_has() {
    let unit = deploy("tollgate.service");
    let image = deploy("Dockerfile");
    let start = arguments(&unit, "ExecStart=/usr/local/bin/tollgate ");
    assert_eq!(start, arguments(&image, "CMD "));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("tollgate.yaml");
    let data = folder.path().join("data");
    fs::write(&config, "server: { listen: 127.0.0.1:0 }\nnonsense: 1\n").unwrap();
    let places = [
        ("/etc/tollgate/tollgate.yaml", config.display().to_string()),
        ("/var/lib/tollgate", data.display().to_string()),
    ];
    let run = |arguments: Vec<&str>| {
        let here = arguments.into_iter().map(|argument| {
            let place = places.iter().find(|(there, _)| *there == argument);
            place.map_or(argument, |(_, here)| here)
        });
        let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(here)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout)
    };
    // The configuration was found and read, and nothing else was wrong.
    let check = arguments(&unit, "ExecStartPre=/usr/local/bin/tollgate ");
    for said in [run(start), run(check)] {
        assert!(
            said.contains("nonsense") && !said.contains("unexpected argument"),
            "{said}"
        );
    }
}
