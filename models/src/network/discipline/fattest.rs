//! Which of many queues holds most: a tournament that is played again only where something has changed.
//!
//! `fq_codel` drops from its fattest queue whenever all queues together are over the limit. A search through all queues
//! would cost O(queues) each time, and with many thin queues there is little to drop from each. Here every queue is a
//! leaf of a binary tree whose inner nodes name the fatter of their two children; queues that have changed are noted, and
//! replayed up the tree only when the fattest is asked for. A packet costs a flag while the limit is not exceeded, and at
//! most O(log queues) when it is.

/// The tournament. Queues are numbered from 0 and only ever added.
#[derive(Clone, Debug, Default)]
pub(super) struct Fattest {
    /// The winner of inner node i, whose children are 2i and 2i + 1; node `winners.len() + q` is queue q.
    winners: Vec<u32>,
    /// Queues whose size has changed, each once.
    changed: Vec<u32>,
    noted: Vec<bool>,
}

impl Fattest {
    /// Notes that queue `queue` has changed.
    #[inline]
    pub(super) fn note(&mut self, queue: u32) {
        if let Some(noted) = self.noted.get_mut(queue as usize) {
            if *noted {
                return;
            }
            *noted = true;
        } else {
            debug_assert_eq!(queue as usize, self.noted.len());
            self.noted.push(true);
        }
        self.changed.push(queue);
    }

    /// The queue for which `size` is greatest, the first of equals. There must be one.
    pub(super) fn find(&mut self, size: impl Fn(u32) -> u64) -> u32 {
        let n = self.noted.len();
        if n > self.winners.len() {
            self.winners = vec![0; n.next_power_of_two()];
            for node in (1..self.winners.len()).rev() {
                self.winners[node] = self.play(node, &size);
            }
        } else {
            for k in 0..self.changed.len() {
                self.replay(self.changed[k], &size);
            }
        }
        for queue in self.changed.drain(..) {
            self.noted[queue as usize] = false;
        }
        if self.winners.len() > 1 { self.winners[1] } else { 0 }
    }

    /// The fatter child of a node.
    fn play(&self, node: usize, size: &impl Fn(u32) -> u64) -> u32 {
        let leaves = self.winners.len();
        let of = |child: usize| if child < leaves { self.winners[child] } else { (child - leaves) as u32 };
        let (left, right) = (of(2 * node), of(2 * node + 1));
        // Leaves beyond the last queue stand for nothing.
        if right as usize >= self.noted.len() || size(left) >= size(right) { left } else { right }
    }

    fn replay(&mut self, queue: u32, size: &impl Fn(u32) -> u64) {
        let mut node = (self.winners.len() + queue as usize) / 2;
        while node > 0 {
            let winner = self.play(node, size);
            if winner == self.winners[node] && winner != queue {
                // Above, nothing depends on this queue.
                return;
            }
            self.winners[node] = winner;
            node /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::rng::Rng;

    use super::*;

    #[test]
    fn it_is_what_a_search_finds() {
        let mut rng = Rng::seed_from_u64(1);
        for most in [1, 2, 3, 7, 64, 100] {
            let (mut sizes, mut fattest) = (Vec::<u64>::new(), Fattest::default());
            for _ in 0..5000 {
                for _ in 0..=rng.below(4) {
                    let queue = rng.below(most) as usize;
                    if queue < sizes.len() {
                        sizes[queue] = rng.below(50);
                        fattest.note(queue as u32);
                    } else {
                        fattest.note(sizes.len() as u32);
                        sizes.push(rng.below(50));
                    }
                }
                let found = fattest.find(|q| sizes[q as usize]);
                let greatest = *sizes.iter().max().expect("a queue");
                assert_eq!(found as usize, sizes.iter().position(|s| *s == greatest).expect("there"));
            }
        }
    }
}
