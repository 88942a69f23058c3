//! The turns of the event loop: what has to go to the kernel waits for the turn's end, so that one write to the
//! journal does for all requests that came together, and their sockets are written one after another.

/// Resolves when everything that was ready has had its turn.
pub(super) async fn end() {
    // The runtime puts the task behind those that its next look at the sockets finds.
    tokio::task::yield_now().await;
}
