//! Open networks of queues.
//!
//! Jackson 1957, doi:10.1287/opre.5.4.518: with exponential service every station behaves as an M/M/c queue of its own,
//! fed at the rate that solves the traffic equations, even with feedback. Burke 1956, doi:10.1287/opre.4.6.699: so do
//! queues in tandem.

/// The rate into each station: `lambda_j = external_j + sum_i lambda_i p_ij`, where `next[i][j]` is the probability to go
/// from station i to station j. `None` if there is no single solution (customers that never leave).
pub fn traffic_equations(external: &[f64], next: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = external.len();
    // (I - P^T) lambda = external, with the right-hand side as the last column.
    let row = |j: usize| {
        let left = (0..n).map(|i| f64::from(u8::from(i == j)) - next[i][j]);
        left.chain(std::iter::once(external[j])).collect()
    };
    solve((0..n).map(row).collect())
}

/// Gaussian elimination with partial pivoting of rows that end with their right-hand side.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&a, &b| rows[a][k].abs().total_cmp(&rows[b][k].abs()))?;
        if rows[pivot][k].abs() < 1e-12 {
            return None;
        }
        rows.swap(k, pivot);
        let lead = rows[k].clone();
        for row in rows.iter_mut().skip(k + 1) {
            let factor = row[k] / lead[k];
            row.iter_mut().zip(&lead).for_each(|(x, l)| *x -= factor * l);
        }
    }
    let mut x = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| rows[k][j] * x[j]).sum();
        x[k] = (rows[k][n] - known) / rows[k][k];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::closed_form::{mm1, near};

    #[test]
    fn feedback_multiplies_visits() {
        let rates = traffic_equations(&[8.0, 0.0], &[vec![0.0, 1.0], vec![0.2, 0.0]]).unwrap();
        near(rates[0], 10.0, 1e-12);
        near(rates[1], 10.0, 1e-12);
        let number = mm1(rates[0], 20.0).means.number + mm1(rates[1], 15.0).means.number;
        near(number, 3.0, 1e-12);
        near(number / 8.0, 0.375, 1e-12);
    }

    #[test]
    fn inspection_of_a_part() {
        let next = [vec![0.0, 0.3, 0.7], vec![0.0, 0.0, 1.0], vec![0.0; 3]];
        let rates = traffic_equations(&[100.0, 0.0, 0.0], &next).unwrap();
        let numbers: Vec<f64> =
            rates.iter().zip([200.0, 50.0, 150.0]).map(|(&rate, mu)| mm1(rate, mu).means.number).collect();
        for (got, want) in numbers.iter().zip([1.0, 1.5, 2.0]) {
            near(*got, want, 1e-12);
        }
        near(numbers.iter().sum::<f64>() / 100.0, 0.045, 1e-12);
    }

    #[test]
    fn five_stations_with_many_loops() {
        let next = [
            vec![0.0, 0.5, 0.3, 0.0, 0.1],
            vec![0.0, 0.0, 0.2, 0.5, 0.0],
            vec![0.1, 0.0, 0.0, 0.6, 0.2],
            vec![0.0, 0.1, 0.0, 0.0, 0.6],
            vec![0.05, 0.0, 0.0, 0.1, 0.0],
        ];
        let external = [200.0, 100.0, 0.0, 50.0, 0.0];
        let rates = traffic_equations(&external, &next).unwrap();
        near(rates[0], 221.292_041_455, 1e-11);
        near(rates[1], 236.263_199_061, 1e-11);
        // What comes in goes out.
        let out: f64 = rates.iter().zip([0.1, 0.3, 0.1, 0.3, 0.85]).map(|(r, exit)| r * exit).sum();
        near(out, 350.0, 1e-12);
    }

    #[test]
    fn customers_who_never_leave_have_no_equilibrium() {
        assert_eq!(traffic_equations(&[1.0, 0.0], &[vec![0.0, 1.0], vec![1.0, 0.0]]), None);
    }
}
