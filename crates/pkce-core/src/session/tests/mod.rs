//! The session in a deterministic world: sentences about what a tab does.

mod clock;
mod family;
mod feed;
mod hostile;
mod join;
mod limits;
mod missing;
mod provider;
mod readers;
mod renewal;
mod renewal_failures;
mod sign_in;
mod sign_out;
mod simulation;
mod storage;
mod world;
