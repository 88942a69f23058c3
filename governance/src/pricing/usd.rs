//! Prices as people publish them, dollars a million tokens, made exact.

use tollgate_domain::PicoUsd;

/// Why a text is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrice {
    #[error("expected dollars per million tokens as a decimal number, as in `0.05`")]
    NotANumber,
    #[error("a price can't be negative")]
    Negative,
    #[error(
        "more than $10,000 per million tokens; prices are per million tokens, not per token or per thousand"
    )]
    Absurd,
    #[error("finer than $0.000001 per million tokens, the smallest price there is")]
    TooFine,
}

/// One dollar a million tokens is a million pico-dollars a token: six decimals.
const DECIMALS: usize = 6;
/// $10,000 per million tokens.
pub(super) const MAX_PRICE: PicoUsd = PicoUsd(10_000 * 1_000_000);

/// Dollars per million tokens, as decimal text (`3`, `0.05`, `1e-3`), exactly: `0.05` is 50,000 pico-dollars a token.
/// A float is to be printed first (`{}` gives the shortest text that reads as it).
///
/// ```
/// use tollgate_domain::PicoUsd;
/// use tollgate_governance::pricing::usd_per_million;
///
/// assert_eq!(usd_per_million("0.05"), Ok(PicoUsd(50_000)));
/// assert_eq!(usd_per_million(&0.1_f64.to_string()), Ok(PicoUsd(100_000)));
/// ```
pub fn usd_per_million(text: &str) -> Result<PicoUsd, BadPrice> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().map_err(|_| BadPrice::NotANumber)?;
            (mantissa, exponent.clamp(-1_000, 1_000))
        }
        None => (text, 0),
    };
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(BadPrice::NotANumber);
    }
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return Ok(PicoUsd(0));
    }
    if is_negative {
        return Err(BadPrice::Negative);
    }
    // The price is `kept` × 10^shift pico-dollars.
    let shift = i64::from(exponent) + to_i64(DECIMALS) + to_i64(digits.len() - kept.len())
        - to_i64(fraction.len());
    if to_i64(kept.len()) + shift > 11 {
        return Err(BadPrice::Absurd);
    }
    let shift = u32::try_from(shift).map_err(|_| BadPrice::TooFine)?;
    let pico = kept
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(10i64.checked_pow(shift)?))
        .ok_or(BadPrice::Absurd)?;
    if pico > MAX_PRICE.0 {
        return Err(BadPrice::Absurd);
    }
    Ok(PicoUsd(pico))
}

fn to_i64(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact() {
        for (text, pico) in [
            ("0", 0),
            ("0.0", 0),
            ("-0", 0),
            ("3", 3_000_000),
            ("3.", 3_000_000),
            (".5", 500_000),
            ("0.05", 50_000),
            ("0.000001", 1),
            ("0.0000010", 1),
            ("1.25", 1_250_000),
            ("1e-3", 1_000),
            ("1.5E1", 15_000_000),
            ("0010.00", 10_000_000),
            ("10000", 10_000_000_000),
        ] {
            assert_eq!(usd_per_million(text), Ok(PicoUsd(pico)), "{text}");
        }
    }

    #[test]
    fn what_is_no_sane_price_says_why() {
        for (text, why) in [
            ("", BadPrice::NotANumber),
            (".", BadPrice::NotANumber),
            ("free", BadPrice::NotANumber),
            ("NaN", BadPrice::NotANumber),
            ("inf", BadPrice::NotANumber),
            ("1,000", BadPrice::NotANumber),
            ("$1", BadPrice::NotANumber),
            ("1e", BadPrice::NotANumber),
            ("-0.05", BadPrice::Negative),
            ("10000.000001", BadPrice::Absurd),
            ("10001", BadPrice::Absurd),
            ("1e999999999", BadPrice::Absurd),
            ("99999999999999999999999999", BadPrice::Absurd),
            ("0.0000001", BadPrice::TooFine),
            ("1e-999999999", BadPrice::TooFine),
        ] {
            assert_eq!(usd_per_million(text), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_price_survives_text_and_float(pico in 0i64..=10_000_000_000) {
            let text = format!("{}.{:06}", pico / 1_000_000, pico % 1_000_000);
            prop_assert_eq!(usd_per_million(&text), Ok(PicoUsd(pico)));
            let float: f64 = text.parse().unwrap();
            prop_assert_eq!(usd_per_million(&float.to_string()), Ok(PicoUsd(pico)));
        }
    }
}
