//! A provider that falls silent in the middle of an answer.

use std::time::{Duration, Instant};

use crate::chat;
use crate::server::{Server, configuration};
use crate::traces;
use crate::upstream::Upstream;

/// Of a stream's silence; the first token may take much longer.
const IDLE: Duration = Duration::from_secs(1);

#[test]
#[expect(clippy::disallowed_methods, reason = "the promise is a time")]
fn a_stream_that_falls_silent_is_broken_off_by_the_idle_clock_and_not_by_the_first_tokens() {
    let upstream = Upstream::start();
    let timeout = "retry: { attempts: 1 }, timeout: { first_token: 30s, idle: 1s }";
    let yaml = configuration(upstream.address).replace("retry: { attempts: 1 }", timeout);
    let server = Server::configured(&yaml);
    for model in ["sim-gpt+fault=stall:1", "sim-claude+fault=stall:1"] {
        let begun = Instant::now();
        let answer = chat::ask(&server, &chat::body(model, "20 words", true));
        let took = begun.elapsed();
        assert_eq!(answer.status, 200, "{model}: {}", answer.body);
        let (said, failed) = ("\"content\":\"", "\"error\"");
        assert!(answer.body.contains(said), "{model}: {}", answer.body);
        assert!(answer.body.contains(failed), "{model}: {}", answer.body);
        assert!(!answer.body.contains("[DONE]"), "{model}: {}", answer.body);
        assert!(took >= IDLE, "{model}: {took:?}");
        // Ten times what is meant, and far from what the first token may take.
        assert!(took < 10 * IDLE, "{model}: {took:?}");
    }
    for trace in traces::at_least(&server, 2) {
        assert_eq!(trace["state"], "ERROR", "{trace}");
    }
}
