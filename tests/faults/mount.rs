//! File systems of their own, for what can be done to them. Only root may; a test that can't says so and skips.

use std::path::Path;
use std::process::Command;

/// Unmounted, and gone, when dropped.
pub(super) struct Mount {
    folder: tempfile::TempDir,
    /// The block device behind it, a loop over a file.
    device: Option<String>,
}

/// Says that a test was not made, where those who read its output see it.
macro_rules! skip {
    ($why:expr) => {{
        eprintln!("SKIPPED {}: {}", module_path!(), $why);
        return;
    }};
}
pub(super) use skip;

impl Mount {
    /// In memory, and so large.
    pub(super) fn memory(size: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let size = format!("size={size}");
        let place = folder.path().display().to_string();
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &place])?;
        Ok(Self {
            folder,
            device: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let place = self.folder.path().display().to_string();
        if run("umount", &[&place]).is_err() {
            let _ = run("umount", &["-l", &place]);
        }
        if let Some(device) = &self.device {
            let _ = run("losetup", &["-d", device]);
        }
    }
}

/// Runs a program; what it printed, or why it failed.
pub(super) fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new(program).args(arguments).output();
    let output = ran.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(format!(
            "{program}: {said} {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}
