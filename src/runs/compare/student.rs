//! Student's t distribution, for an estimate whose noise is also an estimate.

/// Returns the two-sided p value of `t` with `degrees` of freedom.
pub(super) fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// Returns the two-sided critical t value at `alpha`.
pub(super) fn critical(alpha: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > alpha && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if two_sided(middle, freedom) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Returns the regularised incomplete beta function, by its continued fraction
/// (Abramowitz & Stegun 1964, 26.5.8), evaluated by Lentz's method (Press et al.,
/// *Numerical Recipes*, 6.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    // The fraction converges fast only on this side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..300 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = result;
        for term in [even, odd] {
            d = 1.0 / (1.0 + term * d);
            c = 1.0 + term / c;
            result *= d * c;
        }
        if (result / before - 1.0).abs() < 1e-13 {
            break;
        }
    }
    result
}

/// Returns the logarithm of the gamma function, for positive arguments (Lanczos 1964,
/// with the coefficients of *Numerical Recipes*, 6.1).
pub(super) fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.120_865_097_386_617_9e-2,
        -0.539_523_938_495_3e-5,
    ];
    let mut at = x;
    let mut series = 1.000_000_000_190_015;
    for term in TERMS {
        at += 1.0;
        series += term / at;
    }
    let shifted = x + 5.5;
    (x + 0.5) * shifted.ln() - shifted + (2.506_628_274_631_000_5 * series / x).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_every_textbook_is_met() {
        for (alpha, freedom, expected) in
            [(0.05, 8.0, 2.3060), (0.05, 16.0, 2.1199), (0.01, 4.0, 4.6041), (0.05, 1e6, 1.9600)]
        {
            let found = critical(alpha, freedom);
            assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
        }
        assert!((two_sided(2.3060, 8.0) - 0.05).abs() < 1e-5);
    }
}
