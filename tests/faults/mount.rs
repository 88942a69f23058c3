//! File systems of their own, for what can be done to them. Only root may; a test that can't says so and skips.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::wait;

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

    /// On a device of its own, a loop over a file of so many MiB.
    pub(super) fn device(kind: &str, mebibytes: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let image = folder.path().join("image");
        File::create(&image)
            .and_then(|file| file.set_len(mebibytes << 20))
            .map_err(|error| error.to_string())?;
        let image = image.display().to_string();
        run(&format!("mkfs.{kind}"), &["-q", &image])?;
        let device = run("losetup", &["-f", "--show", &image])?;
        // From here on it is taken down again.
        let mount = Self {
            folder,
            device: Some(device),
        };
        fs::create_dir(mount.path()).map_err(|error| error.to_string())?;
        mount.mount()?;
        Ok(mount)
    }

    fn mount(&self) -> Result<(), String> {
        let device = self.device.as_deref().unwrap_or_default();
        run("mount", &[device, &self.path().display().to_string()])?;
        Ok(())
    }

    /// As if the power went: nothing more reaches the device, not even what was written and not synced.
    pub(super) fn lose_power(&self) -> Result<(), String> {
        // FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH, which ext4 and XFS have.
        const SHUTDOWN: &str = "import fcntl, os, struct, sys; \
             fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";
        run(
            "python3",
            &["-c", SHUTDOWN, &self.path().display().to_string()],
        )?;
        Ok(())
    }

    /// As if the machine started again: with what is on the device.
    pub(super) fn restart(&self) {
        let place = self.path().display().to_string();
        wait::until("the file system to be free", || {
            run("umount", &[&place]).is_ok()
        });
        self.mount().unwrap();
    }

    pub(super) fn path(&self) -> PathBuf {
        match &self.device {
            Some(_) => self.folder.path().join("mounted"),
            None => self.folder.path().to_path_buf(),
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let place = self.path().display().to_string();
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
