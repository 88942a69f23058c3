//! Usage that nobody reported: counted from the bytes that went by, four of text a token, and marked as estimated.
//!
//! Live requests and those that a killed process left are estimated alike, so that an account does not depend on when
//! the process ended.

use crate::tokens::{BYTES, share};
use tollgate_domain::{Endpoint, Usage};
use tollgate_providers::{input_text, output_text, summarize};

/// Of an answer that was not kept: bytes on the wire for one of text, in a stream and in a whole answer.
const STREAM_OVERHEAD: u64 = 10;
const WHOLE_OVERHEAD: u64 = 2;

/// What went between caller and provider. Of either body a part may be at hand: the rest is taken to be like it.
pub(crate) struct Traffic<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) is_stream: bool,
    pub(crate) input: &'a [u8],
    pub(crate) input_bytes: u64,
    pub(crate) output: &'a [u8],
    pub(crate) output_bytes: u64,
}

impl Traffic<'_> {
    /// Where nothing was reported.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            input: self.input_text().div_ceil(BYTES),
            output: self.output_text().div_ceil(BYTES),
            estimated: true,
            ..Usage::default()
        }
    }

    /// Usage that was reported early, with the output that came since.
    pub(crate) fn at_least(&self, reported: Usage) -> Usage {
        let seen = self.output_text().div_ceil(BYTES);
        let missing = seen.saturating_sub(reported.output_total());
        Usage {
            output: reported.output.saturating_add(missing),
            estimated: reported.estimated || missing > 0,
            ..reported
        }
    }

    fn input_text(&self) -> u64 {
        if self.input.is_empty() {
            return self.input_bytes;
        }
        let text = input_text(self.endpoint, self.input).len() as u64;
        share(text, self.input_bytes, self.input.len() as u64)
    }

    fn output_text(&self) -> u64 {
        if matches!(self.endpoint, Endpoint::Embeddings | Endpoint::CountTokens) {
            return 0;
        }
        let at_hand = self.output.len() as u64;
        let summary = summarize(self.endpoint, self.is_stream, self.output);
        let text = output_text(&summary).len() as u64;
        // Nothing is at hand, or a piece without text: the event that says how a stream broke.
        if text == 0 {
            let overhead = if self.is_stream {
                STREAM_OVERHEAD
            } else {
                WHOLE_OVERHEAD
            };
            return self.output_bytes.saturating_sub(at_hand) / overhead;
        }
        share(text, self.output_bytes, at_hand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &[u8] = br#"{"messages":[{"role":"user","content":"12345678"}]}"#;
    const OUTPUT: &[u8] =
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"123456789012\"}}]}\n\n";

    fn traffic() -> Traffic<'static> {
        Traffic {
            endpoint: Endpoint::ChatCompletions,
            is_stream: true,
            input: INPUT,
            input_bytes: INPUT.len() as u64,
            output: OUTPUT,
            output_bytes: OUTPUT.len() as u64,
        }
    }

    #[test]
    fn four_bytes_of_text_are_a_token() {
        let usage = traffic().usage();
        assert!(usage.estimated);
        assert_eq!(usage.output, 3);
        assert!((2..=4).contains(&usage.input), "{}", usage.input);
    }

    #[test]
    fn what_is_not_at_hand_is_taken_to_be_like_what_is() {
        let all = Traffic {
            output_bytes: 10 * OUTPUT.len() as u64,
            input_bytes: 10 * INPUT.len() as u64,
            ..traffic()
        };
        assert_eq!(all.usage().output, 30);
        assert!(all.usage().input >= 20);
    }

    #[test]
    fn a_piece_without_text_does_not_stand_for_all_the_others() {
        let error = b"data: {\"error\":{\"message\":\"x\"}}\n\n";
        let broken = Traffic {
            output: error,
            output_bytes: 4_000 + error.len() as u64,
            ..traffic()
        };
        assert_eq!(broken.usage().output, 100);
        let nothing_else = Traffic {
            output: error,
            output_bytes: error.len() as u64,
            ..traffic()
        };
        assert_eq!(nothing_else.usage().output, 0);
    }

    #[test]
    fn of_bodies_that_were_not_kept_the_size_is_known() {
        let sizes = Traffic {
            input: b"",
            output: b"",
            input_bytes: 400,
            output_bytes: 4_000,
            ..traffic()
        };
        assert_eq!((sizes.usage().input, sizes.usage().output), (100, 100));
    }

    #[test]
    fn an_early_report_is_raised_to_what_was_seen_and_a_larger_one_stays() {
        let reported = |output| Usage {
            input: 7,
            output,
            ..Usage::default()
        };
        let raised = traffic().at_least(reported(1));
        assert_eq!(
            (raised.input, raised.output, raised.estimated),
            (7, 3, true)
        );
        assert_eq!(traffic().at_least(reported(9)), reported(9));
    }
}
