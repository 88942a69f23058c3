//! What is sent when: an answer's frames, and what the faults make of them.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;

use super::fault::Fault;

/// How long the bytes before a break have to reach the client.
const BREAK_DELAY: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Belongs to the protocol: a role, a start, usage.
    Lifecycle,
    Content,
    /// The event that says that all is said.
    End,
}

/// One event of a stream, or a whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    pub(crate) kind: Kind,
    /// The text that this frame brings, for the log.
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send { bytes: Bytes, text: String },
    Wait(Duration),
    Hang,
    Reset,
    Abort,
}

/// The steps of one body; it ends properly after the last.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) steps: VecDeque<Step>,
    /// The length that the head declares; none: chunked.
    pub(crate) length: Option<u64>,
    /// The connection ends after this body, unannounced.
    pub(crate) hangs_up: bool,
}

impl Script {
    /// An unstreamed answer.
    pub(crate) fn whole(body: Bytes, text: String, faults: &[Fault]) -> Self {
        let half = body.slice(..body.len() / 2);
        let mut steps = VecDeque::new();
        let mut sent = body.clone();
        let mut declared = body.len();
        let mut tail = None;
        for fault in faults {
            match fault {
                Fault::SlowFirstByte(wait) | Fault::SlowFirstToken(wait) => {
                    steps.push_back(Step::Wait(*wait))
                }
                Fault::Malformed(_) | Fault::HalfFrame(_) | Fault::EndAfter(_) => {
                    sent = half.clone();
                    declared = half.len();
                }
                Fault::Stall(_) => (sent, tail) = (half.clone(), Some(Step::Hang)),
                Fault::ResetAfter(_) => (sent, tail) = (half.clone(), Some(Step::Reset)),
                Fault::CloseAfter(_) => (sent, tail) = (half.clone(), Some(Step::Abort)),
                _ => {}
            }
        }
        steps.push_back(Step::Send { bytes: sent, text });
        push_break(&mut steps, tail);
        let steps = encode(steps, faults);
        let gzip = faults.contains(&Fault::Gzip);
        Self {
            steps,
            length: (!gzip).then_some(declared as u64),
            hangs_up: faults.contains(&Fault::HangUp),
        }
    }

    /// A streamed answer. `error` is this dialect's error event.
    pub(crate) fn stream(frames: Vec<Frame>, error: &Bytes, faults: &[Fault]) -> Self {
        let frames = edit(frames, error, faults);
        let mut steps = VecDeque::new();
        let mut contents = 0;
        let is_silent_from =
            |contents: usize| faults.iter().find_map(|fault| end_at(fault, contents));
        let mut broken = None;
        for (index, frame) in frames.into_iter().enumerate() {
            let is_content = frame.kind == Kind::Content;
            if is_content || frame.kind == Kind::End {
                broken = is_silent_from(contents);
                if broken.is_some() {
                    break;
                }
            }
            for fault in faults {
                match fault {
                    Fault::SlowFirstByte(wait) if index == 0 => steps.push_back(Step::Wait(*wait)),
                    Fault::SlowFirstToken(wait) if is_content && contents == 0 => {
                        steps.push_back(Step::Wait(*wait))
                    }
                    Fault::Pace { frames, every }
                        if is_content && contents.is_multiple_of(*frames) =>
                    {
                        steps.push_back(Step::Wait(*every));
                    }
                    _ => {}
                }
            }
            contents += usize::from(is_content);
            steps.push_back(Step::Send {
                bytes: frame.bytes,
                text: frame.text,
            });
        }
        if let Some(broken) = broken {
            push_break(&mut steps, broken);
        }
        Self {
            steps: encode(steps, faults),
            length: None,
            hangs_up: faults.contains(&Fault::HangUp),
        }
    }
}

/// Whether a fault ends the stream once so many frames with content went out: with a step, or (`Some(None)`) properly.
fn end_at(fault: &Fault, contents: usize) -> Option<Option<Step>> {
    match fault {
        Fault::Stall(after) if contents >= *after => Some(Some(Step::Hang)),
        Fault::ResetAfter(after) if contents >= *after => Some(Some(Step::Reset)),
        Fault::CloseAfter(after) if contents >= *after => Some(Some(Step::Abort)),
        Fault::EndAfter(after) if contents >= *after => Some(None),
        _ => None,
    }
}

fn push_break(steps: &mut VecDeque<Step>, step: Option<Step>) {
    if matches!(step, Some(Step::Reset | Step::Abort)) {
        steps.push_back(Step::Wait(BREAK_DELAY));
    }
    steps.extend(step);
}

/// The faults that change the frames themselves.
fn edit(frames: Vec<Frame>, error: &Bytes, faults: &[Fault]) -> Vec<Frame> {
    let mut edited = Vec::with_capacity(frames.len());
    let mut contents = 0;
    'frames: for mut frame in frames {
        let is_content = frame.kind == Kind::Content;
        for fault in faults {
            match fault {
                Fault::ErrorFirst => {
                    edited.push(plain(error.clone()));
                    break 'frames;
                }
                Fault::ErrorAfter(after) if contents >= *after && is_content => {
                    edited.push(plain(error.clone()));
                    break 'frames;
                }
                Fault::Malformed(at) if contents == *at && is_content => {
                    let cut = frame.bytes.slice(..frame.bytes.len() * 2 / 3);
                    frame.bytes = Bytes::from([&cut, &b"\n\n"[..]].concat());
                }
                Fault::HalfFrame(at) if contents == *at && is_content => {
                    edited.push(Frame {
                        bytes: frame.bytes.slice(..frame.bytes.len() / 2),
                        ..frame
                    });
                    break 'frames;
                }
                Fault::Fail if frame.kind == Kind::End => {
                    edited.push(plain(error.clone()));
                    break 'frames;
                }
                Fault::NoEnd if frame.kind == Kind::End => continue 'frames,
                Fault::Comments => edited.push(plain(Bytes::from_static(b": still here\n\n"))),
                Fault::Pings => edited.push(plain(Bytes::from_static(
                    b"event: ping\ndata: {\"type\":\"ping\"}\n\n",
                ))),
                _ => {}
            }
        }
        contents += usize::from(is_content);
        edited.push(frame);
    }
    for frame in &mut edited {
        for fault in faults {
            match fault {
                Fault::Crlf => frame.bytes = replace(&frame.bytes, "\n", "\r\n"),
                Fault::NoSpace => frame.bytes = replace(&frame.bytes, "data: ", "data:"),
                _ => {}
            }
        }
    }
    edited
}

fn plain(bytes: Bytes) -> Frame {
    Frame {
        bytes,
        kind: Kind::Lifecycle,
        text: String::new(),
    }
}

fn replace(bytes: &Bytes, from: &str, to: &str) -> Bytes {
    Bytes::from(String::from_utf8_lossy(bytes).replace(from, to))
}

/// The faults that change how the bytes travel.
fn encode(steps: VecDeque<Step>, faults: &[Fault]) -> VecDeque<Step> {
    let mut steps = steps;
    if faults.contains(&Fault::Gzip) {
        steps = gzip(steps);
    }
    if faults.contains(&Fault::Split) {
        steps = split(steps);
    }
    steps
}

fn split(steps: VecDeque<Step>) -> VecDeque<Step> {
    let mut turn = 0;
    let mut pieces = VecDeque::new();
    for step in steps {
        let Step::Send { mut bytes, text } = step else {
            pieces.push_back(step);
            continue;
        };
        while bytes.len() > 3 {
            turn += 1;
            let piece = bytes.split_to(1 + turn % 3);
            pieces.push_back(Step::Send {
                bytes: piece,
                text: String::new(),
            });
        }
        pieces.push_back(Step::Send { bytes, text });
    }
    pieces
}

/// Each frame flushed, so that a reader can decode it as it comes.
fn gzip(steps: VecDeque<Step>) -> VecDeque<Step> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut encoded = VecDeque::new();
    for step in steps {
        let Step::Send { bytes, text } = step else {
            encoded.push_back(step);
            continue;
        };
        // Writing into a vector does not fail.
        let _ = encoder.write_all(&bytes).and_then(|()| encoder.flush());
        encoded.push_back(Step::Send {
            bytes: std::mem::take(encoder.get_mut()).into(),
            text,
        });
    }
    let is_broken = encoded
        .iter()
        .any(|step| matches!(step, Step::Hang | Step::Reset | Step::Abort));
    if !is_broken && let Ok(tail) = encoder.finish() {
        encoded.push_back(Step::Send {
            bytes: tail.into(),
            text: String::new(),
        });
    }
    encoded
}
