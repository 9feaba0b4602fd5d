//! Which of many queues holds most: a tournament that is played again only where something has changed.
//!
//! `fq_codel` drops from its fattest queue whenever all queues together are over the limit. A search through all queues
//! would cost O(queues) each time, and with many thin queues there is little to drop from each. Here every queue is a
//! leaf of a binary tree whose inner nodes name the fatter of their two children; queues that have changed are noted, and
//! replayed up the tree only when the fattest is asked for. A packet costs a flag while the limit is not exceeded, and at
//! most O(log queues) when it is.

/// A size and the queue that has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    size: u64,
    queue: u32,
}

/// The tournament. Queues are numbered from 0 and only ever added.
#[derive(Clone, Debug, Default)]
pub(super) struct Fattest {
    /// The fattest queue below inner node i is at i; its children are 2i and 2i + 1, the leaves are the second half.
    nodes: Vec<Entry>,
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
        if 2 * n > self.nodes.len() {
            // What is not there yet is empty, and comes after all others.
            let leaves = n.next_power_of_two();
            self.nodes = vec![Entry { size: 0, queue: u32::MAX }; 2 * leaves];
            for queue in 0..n as u32 {
                self.nodes[leaves + queue as usize] = Entry { size: size(queue), queue };
            }
            for node in (1..leaves).rev() {
                self.nodes[node] = self.play(node);
            }
        } else {
            for k in 0..self.changed.len() {
                self.replay(self.changed[k], size(self.changed[k]));
            }
        }
        for queue in self.changed.drain(..) {
            self.noted[queue as usize] = false;
        }
        self.nodes[1].queue
    }

    /// The fatter child of a node.
    #[inline]
    fn play(&self, node: usize) -> Entry {
        let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
        if left.size >= right.size { left } else { right }
    }

    fn replay(&mut self, queue: u32, size: u64) {
        let mut node = self.nodes.len() / 2 + queue as usize;
        self.nodes[node] = Entry { size, queue };
        while node > 1 {
            node /= 2;
            let winner = self.play(node);
            if winner == self.nodes[node] {
                return;
            }
            self.nodes[node] = winner;
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
