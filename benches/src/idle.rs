//! Streams that are opened and then say nothing: what one costs in memory.

use std::io::{self, Read as _, Write as _};
use std::rc::Rc;

use bytes::{Buf as _, BytesMut};
use memchr::memmem;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::load::{Load, read_head, read_more};

/// The subcommand that this module is.
pub(crate) const COMMAND: &str = "idle";
/// Streams being opened at the same time.
const OPENING: usize = 64;

/// Opens a stream on each of `load.connections`, waits for its first words, prints a line that
/// tells how many are open, and holds them until standard input ends.
pub(crate) async fn hold(load: &Load) -> io::Result<()> {
    let request: Rc<[u8]> = load.request().into();
    let turns = Rc::new(Semaphore::new(OPENING));
    let mut opening = Vec::new();
    for _ in 0..load.connections {
        let (turns, request, to) = (Rc::clone(&turns), Rc::clone(&request), load.to);
        opening.push(tokio::task::spawn_local(async move {
            let _turn = turns.acquire().await.map_err(io::Error::other)?;
            let mut socket = TcpStream::connect(to).await?;
            socket.write_all(&request).await?;
            let mut buffer = BytesMut::new();
            let head = read_head(&mut socket, &mut buffer).await?;
            buffer.advance(head);
            while memmem::find(&buffer, b"\"content\":\" The").is_none() {
                read_more(&mut socket, &mut buffer).await?;
            }
            io::Result::Ok(socket)
        }));
    }
    let mut open = Vec::new();
    let mut first_error = None;
    for stream in opening {
        match stream.await.map_err(io::Error::other)? {
            Ok(socket) => open.push(socket),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first_error {
        eprintln!(
            "of {} streams {} opened; first error: {error}",
            load.connections,
            open.len()
        );
    }
    let mut out = io::stdout();
    writeln!(out, "{}", open.len())?;
    out.flush()?;
    // The sockets need no attention while they are silent.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
