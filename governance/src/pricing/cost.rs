//! Usage times price.

use super::{ModelPrice, Rates};
use tollgate_domain::{Cost, NanoUsd, PicoUsd, Usage};

/// What a request's usage costs. `None` where the model has no price for tokens that were used: such a request is
/// unpriced, not free.
pub fn price(usage: &Usage, model: &ModelPrice) -> Option<Cost> {
    price_of(usage, model, None)
}

/// The same in the service that the answer named: a tier (`flex`, `priority`) or a speed (`fast`).
pub fn price_of(usage: &Usage, model: &ModelPrice, service: Option<&str>) -> Option<Cost> {
    let rates: &Rates = model.rates_of(service, usage.input_total());
    Some(Cost {
        input: side([
            (usage.input, rates.input),
            (usage.cache_read, rates.cache_read),
            (usage.cache_write, rates.cache_write),
            (usage.cache_write_1h, rates.cache_write_1h),
            (usage.audio_input, rates.audio_input),
        ])?,
        output: side([
            (usage.output, rates.output),
            (usage.reasoning, rates.reasoning),
            (usage.audio_output, rates.audio_output),
        ])?,
    })
}

/// One side: summed exactly, rounded once. Five products of 64-bit numbers stay far below 128 bits.
fn side<const N: usize>(buckets: [(u64, Option<PicoUsd>); N]) -> Option<NanoUsd> {
    let mut pico = 0i128;
    for (tokens, rate) in buckets {
        if tokens > 0 {
            pico += i128::from(tokens) * i128::from(rate?.0);
        }
    }
    Some(to_nano(pico))
}

/// A thousandth, half up; at the end of what an amount holds where it is larger.
fn to_nano(pico: i128) -> NanoUsd {
    let nano = (pico + 500).div_euclid(1_000);
    NanoUsd(i64::try_from(nano).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::{Prices, Tier};
    use super::*;
    use proptest::prelude::*;

    fn pico(price: i64) -> Option<PicoUsd> {
        Some(PicoUsd(price))
    }

    fn usage(input: u64, output: u64) -> Usage {
        Usage {
            input,
            output,
            ..Usage::default()
        }
    }

    #[test]
    fn each_side_is_rounded_once_half_up() {
        let model = ModelPrice::new(
            Prices {
                input: pico(250),
                cache_read: pico(125),
                output: pico(499),
                ..Prices::default()
            },
            &[],
        );
        let check = |usage: Usage, input: i64, output: i64| {
            let cost = price(&usage, &model).unwrap();
            assert_eq!((cost.input.0, cost.output.0), (input, output), "{usage:?}");
            assert_eq!(cost.total().0, input + output);
        };
        check(usage(1, 1), 0, 0);
        check(usage(2, 2), 1, 1);
        let cached = Usage {
            cache_read: 2,
            ..usage(1, 0)
        };
        // 250 + 2 × 125 is exactly a half, which bucket by bucket would have been lost.
        check(cached, 1, 0);
    }

    #[test]
    fn a_prompt_above_a_tiers_start_pays_the_tier_wholly() {
        let prices = |input, output| Prices {
            input: pico(input),
            output: pico(output),
            ..Prices::default()
        };
        let model = ModelPrice::new(
            Prices {
                cache_read: pico(100_000),
                ..prices(1_000_000, 2_000_000)
            },
            &[
                Tier {
                    above_input_tokens: 400,
                    prices: prices(4_000_000, 8_000_000),
                },
                Tier {
                    above_input_tokens: 200,
                    prices: prices(2_000_000, 4_000_000),
                },
            ],
        );
        let check = |usage: Usage, input: i64, output: i64| {
            let cost = price(&usage, &model).unwrap();
            assert_eq!((cost.input.0, cost.output.0), (input, output), "{usage:?}");
        };
        check(usage(200, 1), 200_000, 2_000);
        check(usage(201, 1), 402_000, 4_000);
        check(usage(401, 1), 1_604_000, 8_000);
        let cached = Usage {
            cache_read: 201,
            ..usage(0, 1)
        };
        // The cached tokens bring it into the tier; their price, which the tier leaves out, stays.
        check(cached, 20_100, 4_000);
    }

    #[test]
    fn buckets_without_a_price_of_their_own_cost_as_their_kind() {
        let plain = ModelPrice::new(
            Prices {
                input: pico(1_000),
                output: pico(10_000),
                ..Prices::default()
            },
            &[],
        );
        let everything = Usage {
            input: 1,
            cache_read: 1,
            cache_write: 1,
            cache_write_1h: 1,
            audio_input: 1,
            output: 1,
            reasoning: 1,
            audio_output: 1,
            estimated: false,
        };
        let cost = price(&everything, &plain).unwrap();
        assert_eq!((cost.input.0, cost.output.0), (5, 30));
        let written = ModelPrice::new(
            Prices {
                input: pico(1_000),
                cache_write: pico(2_000),
                output: pico(10_000),
                ..Prices::default()
            },
            &[],
        );
        assert_eq!(written.base().cache_write_1h, pico(2_000));
    }

    #[test]
    fn tokens_without_a_price_make_the_request_unpriced_not_free() {
        let embedding = ModelPrice::new(
            Prices {
                input: pico(20_000),
                ..Prices::default()
            },
            &[],
        );
        assert_eq!(price(&usage(1_000, 0), &embedding).unwrap().input.0, 20_000);
        assert_eq!(price(&usage(1_000, 1), &embedding), None);
        let free = ModelPrice::new(
            Prices {
                input: pico(0),
                output: pico(0),
                ..Prices::default()
            },
            &[],
        );
        assert_eq!(price(&usage(1_000, 1_000), &free), Some(Cost::default()));
    }

    #[test]
    fn absurd_usage_saturates() {
        let model = ModelPrice::new(
            Prices {
                input: pico(10_000_000_000),
                ..Prices::default()
            },
            &[],
        );
        assert_eq!(
            price(&usage(u64::MAX, 0), &model).unwrap().input.0,
            i64::MAX
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Against decimal arithmetic done otherwise: whole and rest of each product by themselves.
        #[test]
        fn a_sides_cost_is_the_exact_sum_to_the_nearest_nano(
            tokens in prop::array::uniform5(0u64..10_000_000),
            prices in prop::array::uniform5(0i64..10_000_000_000),
        ) {
            let (mut whole, mut rest) = (0i64, 0i64);
            for (tokens, price) in tokens.into_iter().zip(prices) {
                let tokens = tokens as i64;
                whole += tokens * (price / 1_000) + tokens / 1_000 * (price % 1_000);
                rest += tokens % 1_000 * (price % 1_000);
            }
            whole += rest / 1_000 + i64::from(rest % 1_000 >= 500);
            let buckets = std::array::from_fn::<_, 5, _>(|i| (tokens[i], pico(prices[i])));
            prop_assert_eq!(side(buckets), Some(NanoUsd(whole)));
        }
    }

    #[test]
    fn a_service_has_prices_of_its_own_and_an_unknown_one_the_standard_prices() {
        let prices = |input, output| Prices {
            input: pico(input),
            output: pico(output),
            ..Prices::default()
        };
        let long = [Tier {
            above_input_tokens: 10,
            prices: prices(3_000, 9_000),
        }];
        let model = ModelPrice::new(prices(2_000, 8_000), &[]).with_service(
            "flex",
            prices(1_000, 4_000),
            &long,
        );
        let cost = |input, service| {
            price_of(&usage(input, 1), &model, service)
                .unwrap()
                .total()
                .0
        };
        assert_eq!(cost(1, None), 10);
        assert_eq!(cost(1, Some("default")), 10);
        assert_eq!(cost(1, Some("flex")), 5);
        assert_eq!(cost(11, Some("flex")), 42);
        assert_eq!(cost(11, None), 30);
    }
}
