//! Dense linear systems: LU factors with partial pivoting (Golub & Van Loan 2013, Matrix Computations, algorithm 3.4.1).

/// The factors of a square matrix, rows one after another.
#[derive(Debug, Default)]
pub(super) struct Lu {
    n: usize,
    a: Vec<f64>,
    /// The row that each row was exchanged with.
    pivots: Vec<usize>,
}

impl Lu {
    /// Factors the matrix of `n` rows that `fill` writes; returns whether it has an inverse.
    pub(super) fn factor(&mut self, n: usize, fill: impl FnOnce(&mut [f64])) -> bool {
        self.n = n;
        self.a.resize(n * n, 0.0);
        self.pivots.resize(n, 0);
        fill(&mut self.a);
        (0..n).all(|column| self.eliminate(column))
    }

    fn eliminate(&mut self, k: usize) -> bool {
        let n = self.n;
        let largest = (k..n).max_by(|&i, &j| self.a[i * n + k].abs().total_cmp(&self.a[j * n + k].abs())).unwrap_or(k);
        self.pivots[k] = largest;
        if largest != k {
            let (above, below) = self.a.split_at_mut(largest * n);
            above[k * n..(k + 1) * n].swap_with_slice(&mut below[..n]);
        }
        let (above, below) = self.a.split_at_mut((k + 1) * n);
        let pivot_row = &above[k * n..];
        let pivot = pivot_row[k];
        if pivot == 0.0 || !pivot.is_finite() {
            return false;
        }
        for row in below.chunks_exact_mut(n) {
            if row[k] == 0.0 {
                continue;
            }
            let factor = row[k] / pivot;
            row[k] = factor;
            for (x, p) in row[k + 1..].iter_mut().zip(&pivot_row[k + 1..]) {
                *x -= factor * p;
            }
        }
        true
    }

    /// Puts the solution of A x = `b` in the place of `b`.
    pub(super) fn solve(&self, b: &mut [f64]) {
        let n = self.n;
        for k in 0..n {
            b.swap(k, self.pivots[k]);
        }
        for i in 1..n {
            let (known, rest) = b.split_at_mut(i);
            rest[0] -= dot(&self.a[i * n..i * n + i], known);
        }
        for i in (0..n).rev() {
            let (rest, known) = b.split_at_mut(i + 1);
            let row = &self.a[i * n..(i + 1) * n];
            rest[i] = (rest[i] - dot(&row[i + 1..], known)) / row[i];
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_needs_exchanges_of_rows() {
        let a = [0.0, 2.0, 1.0, 1.0, 1.0, 0.0, 4.0, 0.0, 3.0];
        let mut lu = Lu::default();
        assert!(lu.factor(3, |to| to.copy_from_slice(&a)));
        let x = [3.0, -2.0, 5.0];
        let mut b: Vec<f64> = a.chunks(3).map(|row| dot(row, &x)).collect();
        lu.solve(&mut b);
        assert!(b.iter().zip(x).all(|(b, x)| (b - x).abs() < 1e-14), "{b:?}");
        assert!(!lu.factor(2, |to| to.copy_from_slice(&[1.0, 2.0, 2.0, 4.0])), "singular");
    }
}
