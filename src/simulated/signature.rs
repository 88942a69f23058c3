//! Signatures of thinking blocks and of encrypted reasoning. Like the real ones they are opaque, long, and good for one model and one text; those
//! of the newest models also for one history.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ids::hash;

const SECRET: &[u8] = b"the simulated provider's own key";
const LANES: u8 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    /// Not made by this model for this text.
    Invalid,
    /// Good, but what came before it has changed.
    Elsewhere,
}

/// `prefix` is a hash of the history, 0 where the model does not bind to it.
pub(crate) fn sign(model: &str, thinking: &str, prefix: u128) -> String {
    let mut bytes = prefix.to_be_bytes().to_vec();
    for lane in 0..LANES {
        let parts = [
            SECRET,
            &[lane],
            model.as_bytes(),
            thinking.as_bytes(),
            &prefix.to_be_bytes(),
        ];
        bytes.extend(hash(parts).to_be_bytes());
    }
    STANDARD.encode(bytes)
}

pub(crate) fn verify(signature: &str, model: &str, thinking: &str, prefix: u128) -> Verdict {
    let bytes = STANDARD.decode(signature).unwrap_or_default();
    let Some(signed) = bytes
        .first_chunk::<16>()
        .map(|prefix| u128::from_be_bytes(*prefix))
    else {
        return Verdict::Invalid;
    };
    match sign(model, thinking, signed) == signature {
        false => Verdict::Invalid,
        true if signed != prefix => Verdict::Elsewhere,
        true => Verdict::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_model_text_and_history() {
        let signature = sign("m", "hm", 7);
        assert!(signature.len() > 150);
        assert_eq!(verify(&signature, "m", "hm", 7), Verdict::Good);
        assert_eq!(verify(&signature, "m", "hm", 8), Verdict::Elsewhere);
        assert_eq!(verify(&signature, "n", "hm", 7), Verdict::Invalid);
        assert_eq!(verify(&signature, "m", "ha", 7), Verdict::Invalid);
        assert_eq!(verify("", "m", "hm", 7), Verdict::Invalid);
        assert_eq!(
            verify(&signature.replacen('A', "B", 1), "m", "hm", 7),
            Verdict::Invalid
        );
    }
}
