//! Which of many queues holds most: a tournament of bounds, played again only where they are exceeded or turn out wrong.
//!
//! `fq_codel` drops from its fattest queue whenever all queues together are over the limit. A search through all queues
//! would cost O(queues) each time, and with many thin queues there is little to drop from each. Here every queue is a
//! leaf of a binary tree whose inner nodes name the fatter of their two children. A leaf holds no size but a bound on it:
//! queues that have grown beyond theirs are noted, and get new ones when the fattest is asked for; a bound falls only when
//! its queue comes out first and is found to be thinner. Most queues come and go below their bounds, which costs a
//! comparison; a bound that moves costs at most O(log queues). Nothing is kept until the fattest is first asked for.

/// A bound on the size of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    size: u64,
    queue: u32,
}

/// The tournament. Queues are numbered from 0 and only ever added.
#[derive(Clone, Debug, Default)]
pub(super) struct Fattest {
    /// The queue with the greatest bound below inner node i is at i; its children are 2i and 2i + 1, the leaves are the
    /// second half.
    nodes: Vec<Entry>,
    /// Queues that have grown beyond their bounds, each once.
    grown: Vec<u32>,
    noted: Vec<bool>,
}

impl Fattest {
    /// Queue `queue` has grown to `size`.
    #[inline]
    pub(super) fn note(&mut self, queue: u32, size: u64) {
        let leaves = self.noted.len();
        let Some(noted) = self.noted.get_mut(queue as usize) else { return };
        if !*noted && size > self.nodes[leaves + queue as usize].size {
            *noted = true;
            self.grown.push(queue);
        }
    }

    /// The queue of `queues` in all for which `size` is greatest, the first of equals. One must be greater than zero.
    pub(super) fn find(&mut self, queues: usize, size: impl Fn(u32) -> u64) -> u32 {
        if queues > self.noted.len() {
            self.plant(queues, &size);
        }
        while let Some(queue) = self.grown.pop() {
            self.noted[queue as usize] = false;
            self.bound(queue, size(queue));
        }
        loop {
            let Entry { size: bound, queue } = self.nodes[1];
            let actual = size(queue);
            // No other has more, since none has more than its bound.
            if actual == bound {
                return queue;
            }
            self.bound(queue, actual);
        }
    }

    fn plant(&mut self, queues: usize, size: impl Fn(u32) -> u64) {
        let leaves = queues.next_power_of_two();
        self.grown.clear();
        self.noted = vec![false; leaves];
        // What is not there yet is empty, and comes after all others.
        self.nodes = vec![Entry { size: 0, queue: u32::MAX }; 2 * leaves];
        for (leaf, queue) in self.nodes[leaves..].iter_mut().zip(0..queues as u32) {
            *leaf = Entry { size: size(queue), queue };
        }
        for node in (1..leaves).rev() {
            self.nodes[node] = self.play(node);
        }
    }

    /// The child of a node that has the greater bound.
    #[inline]
    fn play(&self, node: usize) -> Entry {
        let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
        if left.size >= right.size { left } else { right }
    }

    /// The bound of `queue` is `size` from now on.
    #[inline(never)]
    fn bound(&mut self, queue: u32, size: u64) {
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
                    let (queue, size) = (rng.below(most) as usize, rng.below(50));
                    // Another than it was, or the next new one.
                    let queue = queue.min(sizes.len());
                    let grows = sizes.get(queue).is_none_or(|s| size > *s);
                    if queue == sizes.len() {
                        sizes.push(size);
                    }
                    sizes[queue] = size;
                    if grows {
                        fattest.note(queue as u32, size);
                    }
                }
                let greatest = *sizes.iter().max().expect("a queue");
                if greatest > 0 {
                    let found = fattest.find(sizes.len(), |q| sizes[q as usize]);
                    assert_eq!(found as usize, sizes.iter().position(|s| *s == greatest).expect("there"));
                }
            }
        }
    }
}
