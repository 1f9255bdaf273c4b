//! Splitting an amount in proportion, so that the parts add up exactly.
//!
//! Here: the largest remainder method. Not here: the amounts that are split ([`crate::pool`],
//! [`crate::distribution`]).

/// Splits an amount by weights. Each part is its exact share rounded down; the units that are then
/// missing go to the largest remainders, one each, and to the earlier one of equal remainders. If
/// all weights are zero, all parts are zero.
#[must_use]
pub fn split(amount: u64, weights: &[u64]) -> Vec<u64> {
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u64| u128::from(amount) * u128::from(weight);
    // A part is at most the amount.
    let part = |weight| u64::try_from(exact(weight) / total).unwrap_or(amount);
    let mut parts: Vec<u64> = weights.iter().map(|&weight| part(weight)).collect();
    let missing = amount - parts.iter().sum::<u64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // A stable sort keeps the order of equal remainders.
    order.sort_by_key(|&place| {
        std::cmp::Reverse(weights.get(place).map(|&weight| exact(weight) % total))
    });
    // Fewer units are missing than there are weights.
    for place in order
        .into_iter()
        .take(usize::try_from(missing).unwrap_or(usize::MAX))
    {
        if let Some(part) = parts.get_mut(place) {
            *part += 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::split;
    use proptest::prelude::*;

    #[test]
    fn missing_units_go_to_the_largest_remainders() {
        let check = |amount, weights: &[u64], parts: &[u64]| {
            assert_eq!(split(amount, weights), parts, "{amount} by {weights:?}");
        };
        check(10, &[1, 1, 1], &[4, 3, 3]);
        check(10, &[30, 10], &[8, 2]);
        check(2, &[0, 1, 1], &[0, 1, 1]);
        check(7, &[5], &[7]);
        check(7, &[0, 0], &[0, 0]);
        check(7, &[], &[]);
        check(u64::MAX, &[u64::MAX, u64::MAX], &[1 << 63, (1 << 63) - 1]);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_are_within_one_of_their_share(
            amount in 0_u64..1_000_000_000_000,
            weights in prop::collection::vec(0_u64..1_000_000_000, 1..12),
        ) {
            let total: u64 = weights.iter().sum();
            let parts = split(amount, &weights);
            prop_assume!(total > 0);
            prop_assert_eq!(parts.iter().sum::<u64>(), amount);
            for (&part, &weight) in parts.iter().zip(&weights) {
                let floor = u128::from(amount) * u128::from(weight) / u128::from(total);
                prop_assert!((floor..=floor + 1).contains(&u128::from(part)));
                prop_assert!(weight > 0 || part == 0);
            }
            // Splitting the total by its own weights returns the weights.
            prop_assert_eq!(split(total, &weights), weights);
        }
    }
}
