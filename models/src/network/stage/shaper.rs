//! A shaper that stands by itself: the token bucket filter in front of a service that takes no time.
//!
//! See the discipline `tbf` for what it does and what it is validated against.

use super::{MakeStage, StageSpec};
use crate::network::discipline::{TBF_FIELDS, Tbf};
use crate::registry::Kind;

pub(super) const KIND: Kind<MakeStage> = Kind {
    name: "shaper",
    doc: "Holds packets back so that over any time t at most burst + rate t leaves; a packet that has its tokens takes no \
          time. Utilization is the share of the tokens that is used.",
    fields: TBF_FIELDS,
    make: |table, context| {
        let queue = Box::new(Tbf::read(table, context)?);
        Ok(StageSpec::Station { workers: 1, service: None, queue })
    },
};
