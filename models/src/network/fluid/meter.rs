//! Totals of what flows, told in whole numbers.

/// A total that is told in whole numbers as often as somebody asks, without any trace of how often that was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    /// At the last change of rates.
    pub(super) total: f64,
    told: u64,
}

impl Meter {
    /// What to tell if `further` came since the last change of rates.
    pub(super) fn tell(&mut self, further: f64) -> u64 {
        let now = (self.total + further) as u64;
        let news = now.saturating_sub(self.told);
        self.told += news;
        news
    }
}
