//! What a request is taken to need before its usage is known.

/// The most output tokens that a reservation counts: most answers are shorter than what their callers allow.
const OUTPUT_RESERVED: u64 = 1_024;

/// The tokens to reserve: a quarter of the input's bytes, plus the smaller of the caller's maximum and 1,024. No
/// tokenizer runs for it; the difference is settled when the usage is known. Endpoints without output pass `Some(0)`.
pub fn estimate_tokens(input_bytes: u64, max_output: Option<u64>) -> u64 {
    input_bytes / 4 + max_output.unwrap_or(OUTPUT_RESERVED).min(OUTPUT_RESERVED)
}

#[cfg(test)]
mod tests {
    use super::estimate_tokens;

    #[test]
    fn a_reservation_is_a_quarter_of_the_bytes_and_a_bounded_output() {
        assert_eq!(estimate_tokens(400, None), 1_124);
        assert_eq!(estimate_tokens(400, Some(16)), 116);
        assert_eq!(estimate_tokens(400, Some(128_000)), 1_124);
        assert_eq!(estimate_tokens(3, Some(0)), 0);
    }
}
