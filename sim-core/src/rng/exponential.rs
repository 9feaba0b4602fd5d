//! `-ln(u)` for sampling by inversion, from a table and a short polynomial.
//!
//! Only sums and products of `f64` are used, each of which IEEE 754 defines to the bit, so a stream gives the same
//! variates on every platform; the system's `ln` does not promise that. The table is built at compile time.
//!
//! With u = 2^k z, z in [0.69, 1.38), and c the centre of z's slice: -ln(u) = -k ln 2 - ln c - ln(1 + r),
//! r = z/c - 1, |r| < 2^-9.9. Absolute error below 1e-15, far below the 2^-53 grain of u. An event waits for this value,
//! so the order of operations is chosen for a short chain.

/// Slices of one octave; one entry each: 1/c (exactly 1 where z is near 1) and -ln c.
const SLICES: usize = 512;
/// log2 of the width of a slice, in the last place of z.
const WIDTH: u32 = 52 - SLICES.ilog2();
/// The lowest z, as bits: 0.6875 and a quarter of a slice, so that one slice has 1 inside and `r` is exact there.
const LOW: u64 = 0x3FE6_0000_0000_0000 + (1 << (WIDTH - 2));
const TABLE: [(f64, f64); SLICES] = table();
const LN_2: f64 = std::f64::consts::LN_2;

const fn table() -> [(f64, f64); SLICES] {
    let mut t = [(1.0, 0.0); SLICES];
    let mut i = 0;
    while i < SLICES {
        let lo = f64::from_bits(LOW + ((i as u64) << WIDTH));
        let hi = f64::from_bits(LOW + ((i as u64 + 1) << WIDTH));
        if !(lo <= 1.0 && 1.0 < hi) {
            let inv = 2.0 / (lo + hi);
            t[i] = (inv, ln_series(inv));
        }
        i += 1;
    }
    t
}

/// ln x for x in [0.5, 2] by 2 artanh((x - 1)/(x + 1)).
const fn ln_series(x: f64) -> f64 {
    let y = (x - 1.0) / (x + 1.0);
    let y2 = y * y;
    let mut sum = 0.0;
    let mut k = 41;
    while k > 0 {
        sum = sum * y2 + 1.0 / k as f64;
        k -= 2;
    }
    2.0 * y * sum
}

/// -ln(x 2^-53) for x in 1..=2^53; zero or more.
#[inline]
pub(super) fn neg_ln(x: u64) -> f64 {
    // Exact, since x has at most 54 bits and the top one alone if so many; the factor 2^-53 is a shift of k.
    let bits = (x as i64 as f64).to_bits();
    let offset = bits.wrapping_sub(LOW);
    let slice = ((offset >> WIDTH) as usize) % SLICES;
    let k = (offset as i64) >> 52;
    let z = f64::from_bits(bits.wrapping_sub((k as u64) << 52));
    let (inv, neg_ln_c) = TABLE[slice];
    let high = neg_ln_c - (k - 53) as f64 * LN_2;
    let r = z * inv - 1.0;
    let r2 = r * r;
    // r - ln(1 + r), to r^4.
    let tail = r2 * ((0.5 - r * (1.0 / 3.0)) + r2 * 0.25);
    // Not below zero: the slice around 1 has `high` = 0 and an exact r <= 0, and every other one is far from zero.
    (high - r) + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAIN: f64 = 1.0 / (1u64 << 53) as f64;

    #[test]
    fn agrees_with_a_full_logarithm() {
        let mut worst = 0.0f64;
        let mut y = 0x9E37_79B9_7F4A_7C15u64;
        for i in 0..1_000_000 {
            y = y.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // All octaves, not only the first few.
            let x = ((y >> 11) >> (i % 50)) + 1;
            let exact = -libm::log(x as f64 * GRAIN);
            worst = worst.max((neg_ln(x) - exact).abs() / exact.max(0.1));
        }
        assert!(worst < 1e-14, "worst error {worst}");
    }

    #[test]
    fn ends_of_the_range() {
        assert_eq!(neg_ln(1 << 53), 0.0);
        assert!((neg_ln(1) - 53.0 * LN_2).abs() < 1e-14);
        // Next to one the result keeps its relative accuracy, and its sign.
        for i in 0..60 {
            let x = (1 << 53) - (1u64 << i.min(52));
            let exact = -libm::log1p(-((1u64 << i.min(52)) as f64) * GRAIN);
            assert!((neg_ln(x.max(1)) / exact - 1.0).abs() < 1e-9, "{i}");
        }
    }

    #[test]
    fn falls_across_slice_borders() {
        for i in 0..SLICES as u64 {
            let at = f64::from_bits(LOW + (i << WIDTH));
            let x = (at * 0.5 / GRAIN) as u64;
            assert!(neg_ln(x - 1) >= neg_ln(x + 1), "slice {i}");
        }
    }
}
