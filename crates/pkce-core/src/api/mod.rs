//! Calling APIs with the access token: where it may go, and what an answer means.

mod access;
mod verdict;
pub mod www_authenticate;

pub use access::{ApiAccess, ApiEntry, parse_url};
pub use verdict::{ApiVerdict, Attempt, judge_status};

#[cfg(test)]
mod tests;
