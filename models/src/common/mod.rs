//! What both families use.

pub mod expression;
mod expression_token;
