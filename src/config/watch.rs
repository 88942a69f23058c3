//! Tells when a configuration changed on the disk.
//!
//! Folders are watched, not files: editors replace a file, and Kubernetes swaps a symbolic link (`..data`) beside it.
//! Every link on the way to a file is followed, and each of their folders watched. What wakes the watcher is only a
//! hint: it reports a change when the content is another one. A slow poll stands in where there are no events.

mod follow;

use follow::Watched;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long it must be quiet before files are read: a copy or a swap has several events.
const QUIET: Duration = Duration::from_millis(200);
/// How many events may prolong the wait.
const MAX_PROLONGED: usize = 10;
/// How often the files are looked at without an event.
const POLL: Duration = Duration::from_secs(5);

enum Message {
    /// Something happened in a watched folder.
    Event,
    /// Report, whether anything changed or not.
    Trigger,
    /// Watch these from now on.
    Files(Vec<PathBuf>),
    Stop,
}

/// Watches files until it is dropped. Start it before the first load, so that no change falls between the two.
pub struct Watcher {
    sender: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Calls `on_change`, on a thread of its own, each time that the content of one of the files changed.
    pub fn start(
        files: Vec<PathBuf>,
        mut on_change: impl FnMut() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let mut state = State::new(sender.clone());
        state.files = files;
        state.refresh();
        let run = move || state.run(&receiver, &mut on_change);
        let thread = std::thread::Builder::new()
            .name("config".to_owned())
            .spawn(run)?;
        Ok(Self {
            sender,
            thread: Some(thread),
        })
    }

    /// Reports as if something had changed: for SIGHUP.
    pub fn trigger(&self) {
        let _ = self.sender.send(Message::Trigger);
    }

    /// Watches other files from now on: a new snapshot may refer to others. Where they are not the same as before,
    /// a change is reported once, since they may have changed since they were read.
    pub fn watch(&self, files: Vec<PathBuf>) {
        let _ = self.sender.send(Message::Files(files));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State {
    files: Vec<PathBuf>,
    /// What events are about, shared with the callback that gets them.
    watched: Arc<Mutex<Watched>>,
    notifier: Option<RecommendedWatcher>,
    folders: Vec<PathBuf>,
    fingerprint: [u8; 32],
}

impl State {
    fn new(sender: Sender<Message>) -> Self {
        let watched = Arc::new(Mutex::new(Watched::default()));
        let relevant = watched.clone();
        let on_event = move |event: notify::Result<notify::Event>| {
            let watched = relevant.lock().unwrap_or_else(PoisonError::into_inner);
            let is_relevant = match &event {
                Ok(event) => {
                    event.need_rescan() || event.paths.iter().any(|path| watched.is_about(path))
                }
                Err(_) => true,
            };
            if is_relevant {
                let _ = sender.send(Message::Event);
            }
        };
        Self {
            files: Vec::new(),
            watched,
            // Without events the poll remains.
            notifier: notify::recommended_watcher(on_event).ok(),
            folders: Vec::new(),
            fingerprint: [0; 32],
        }
    }

    fn run(&mut self, receiver: &Receiver<Message>, on_change: &mut dyn FnMut()) {
        loop {
            let forced = match receiver.recv_timeout(POLL) {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Message::Files(files)) => self.replace(files),
                Ok(Message::Trigger) => true,
                Ok(Message::Event) => match self.settle(receiver) {
                    None => return,
                    Some(forced) => forced,
                },
                Err(RecvTimeoutError::Timeout) => false,
            };
            let before = self.fingerprint;
            self.refresh();
            if forced || self.fingerprint != before {
                on_change();
            }
        }
    }

    /// Waits until it is quiet. Whether a report was asked for meanwhile; `None` to stop.
    fn settle(&mut self, receiver: &Receiver<Message>) -> Option<bool> {
        let mut forced = false;
        for _ in 0..MAX_PROLONGED {
            match receiver.recv_timeout(QUIET) {
                Ok(Message::Event) => {}
                Ok(Message::Trigger) => forced = true,
                Ok(Message::Files(files)) => forced |= self.replace(files),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        Some(forced)
    }

    /// Takes other files. Whether they are others.
    fn replace(&mut self, files: Vec<PathBuf>) -> bool {
        let are_others = files != self.files;
        self.files = files;
        are_others
    }

    /// Follows the links again, watches the folders on the way, and takes the content's fingerprint.
    fn refresh(&mut self) {
        let watched = Watched::follow(&self.files);
        let folders: Vec<PathBuf> = watched.folders().map(Path::to_path_buf).collect();
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = watched;
        if let Some(notifier) = &mut self.notifier {
            for gone in self
                .folders
                .iter()
                .filter(|folder| !folders.contains(folder))
            {
                let _ = notifier.unwatch(gone);
            }
            for folder in &folders {
                // Again also for known ones: a folder may have been replaced under its name.
                let _ = notifier.watch(folder, RecursiveMode::NonRecursive);
            }
        }
        self.folders = folders;
        self.fingerprint = follow::fingerprint(&self.files);
    }
}
