//! A client that goes away in the middle of a stream.

use tollgate::simulated::Outcome;

use crate::chat;
use crate::server::Server;
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;

#[test]
fn a_client_that_leaves_mid_stream_cancels_the_provider_and_is_still_billed() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let (socket, _) = chat::begin(&server, "sim-gpt+fault=pace:1,50", "2000 words");
    drop(socket);
    wait::until("the provider to be cancelled", || {
        upstream
            .log()
            .first()
            .is_some_and(|entry| entry.outcome == Outcome::Cancelled)
    });
    let found = traces::at_least(&server, 1);
    let metadata = &found[0]["trace_metadata"];
    let usage = metadata["mlflow.trace.tokenUsage"]
        .as_str()
        .unwrap_or_default();
    assert!(
        usage.contains("output_tokens"),
        "nothing was accounted: {metadata}"
    );
}
