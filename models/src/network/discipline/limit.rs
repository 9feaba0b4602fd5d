//! How much may wait.

use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Span, Table, Type};
use sim_core::quantity::{Dimension, Quantity};

use super::DisciplineContext;

/// The size of a waiting room, packets in service not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// No limit.
    Unlimited,
    /// So many packets.
    Packets(u64),
    /// So many bits.
    Bits(u64),
}

impl Limit {
    /// The field `limit`, for the declaration of a discipline. The default is that of Linux' `pfifo` at a
    /// `txqueuelen` of 1000.
    pub const FIELD: Field = Self::field("\"1000 packets\"");

    /// The field `limit` with another default.
    pub const fn field(default: &'static str) -> Field {
        Field::default(
            "limit",
            Type::OneOf(&[
                Type::Choice(&["none"]),
                Type::Quantity(&[Dimension::ITEMS, Dimension::DATA, Dimension::TIME]),
            ]),
            default,
            "How much may wait, not counting what is being sent or served: packets, bytes, a time (what is sent in it at the \
             link's `rate`; in a shaper, at that of its tokens; in a class of `htb`, at its `ceil`) or \"none\".",
        )
    }

    /// Reads the field.
    ///
    /// Fails if the limit is a time and no link's rate turns it into bits.
    pub fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        match table.get("limit").map(|v| &v.data) {
            Some(Data::Quantity(q)) if q.dimension == Dimension::ITEMS => Ok(Self::Packets(q.value as u64)),
            Some(Data::Quantity(q)) if q.dimension == Dimension::TIME => {
                Self::of_time(*q, context.rate, table.span_of("limit")).map_err(Diagnostics::from)
            }
            Some(Data::Quantity(q)) => Ok(Self::Bits(q.value as u64)),
            _ => Ok(Self::Unlimited),
        }
    }

    /// What a link of `rate` sends in `time`, in whole bits.
    fn of_time(time: Quantity, rate: Option<Quantity>, span: Span) -> Result<Self, Diagnostic> {
        let Some(rate) = rate else {
            return Err(Diagnostic::error("E0362", span, "a limit in time needs the rate of a link", "a time")
                .help("before a stage, or a link without `rate`, limit packets or bytes: limit = \"100 packets\""));
        };
        let ((t, of_t), (r, of_r)) = (time.exact, rate.exact);
        let bits = t.checked_mul(r).zip(of_t.checked_mul(of_r)).map(|(bits, of)| bits / of);
        let bits = bits.and_then(|bits| u64::try_from(bits).ok());
        bits.map(Self::Bits).ok_or_else(|| {
            let message = format!("{time} at {rate} cannot be counted in bits");
            Diagnostic::error("E0362", span, message, "too long, or too finely given")
        })
    }

    /// Whether a packet of `bits` still fits where `packets` and `held` bits wait.
    #[inline]
    pub fn admits(self, bits: u32, packets: u64, held: u64) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Packets(n) => packets < n,
            Self::Bits(n) => held + u64::from(bits) <= n,
        }
    }

    /// Whether `packets` and `held` bits are no more than may wait.
    #[inline]
    pub fn covers(self, packets: u64, held: u64) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Packets(n) => packets <= n,
            Self::Bits(n) => held <= n,
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;

    use super::*;
    use crate::network::discipline::driver;

    #[test]
    fn a_time_is_what_the_link_sends_in_it() {
        let of = |text: &str, rate: Option<&str>| {
            driver::made(&format!("{{ kind = 'fifo', limit = '{text}' }}"), rate).map(|d| d.as_fifo().expect("a fifo"))
        };
        assert_eq!(of("50 ms", Some("10 Mbit/s")), Ok(Limit::Bits(500_000)));
        assert_eq!(of("1 ms", Some("1234567 bit/s")), Ok(Limit::Bits(1234)));
        assert_eq!(of("7 packets", None), Ok(Limit::Packets(7)));
        assert_eq!(of("1 kB", None), Ok(Limit::Bits(8000)));
        assert_eq!(of("none", None), Ok(Limit::Unlimited));
        assert_eq!(of("50 ms", None), Err(vec!["E0362"]));
        assert_eq!(of("1e9 s", Some("1e12 bit/s")), Err(vec!["E0362"]));
    }

    #[test]
    fn a_time_behind_tokens_is_what_they_let_go_in_it() {
        // How many packets of 1250 B (10 ms at 1 Mbit/s) fit at once.
        let room = |text: &str, link: Option<&str>| {
            let mut driver =
                driver::Driver::of(driver::made(text, link).unwrap_or_else(|e| panic!("{text}: {e:?}")), 1);
            (0..999).take_while(|_| driver.put(SimTime::ZERO, driver::packet(0, 1250))).count()
        };
        let tbf = |keys: &str| format!("{{ kind = 'tbf', rate = '1 Mbit/s', {keys} }}");
        let inside = "queue = { kind = 'fifo', limit = '50 ms' }";
        for link in [None, Some("10 Mbit/s")] {
            assert_eq!(room(&tbf("limit = '100 ms'"), link), 10);
            assert_eq!(room(&tbf(inside), link), 5);
        }
        // The link is the slower one.
        assert_eq!(room(&tbf("limit = '100 ms'"), Some("500 kbit/s")), 5);
        let htb =
            |keys: &str| format!("{{ kind = 'htb', classes = {{ all = {{ rate = '1 Mbit/s', {keys} {inside} }} }} }}");
        assert_eq!(room(&htb(""), Some("10 Mbit/s")), 5);
        assert_eq!(room(&htb("ceil = '3 Mbit/s',"), Some("10 Mbit/s")), 15);
        assert_eq!(room(&htb("ceil = '30 Mbit/s',"), Some("2 Mbit/s")), 10);
    }

    #[test]
    fn a_limit_holds_to_the_packet_and_to_the_bit() {
        assert!(Limit::Packets(2).admits(9, 1, 9) && !Limit::Packets(2).admits(9, 2, 18));
        assert!(Limit::Bits(18).admits(9, 1, 9) && !Limit::Bits(17).admits(9, 1, 9));
        assert!(Limit::Packets(2).covers(2, 99) && !Limit::Packets(2).covers(3, 0));
        assert!(Limit::Bits(18).covers(9, 18) && !Limit::Bits(18).covers(0, 19));
    }
}
