//! The session in a deterministic world: sentences about what a tab does.

mod clock;
mod family;
mod hostile;
mod limits;
mod mutants_clock;
mod mutants_failures;
mod mutants_family;
mod mutants_id_token;
mod mutants_keys;
mod mutants_known;
mod mutants_locks;
mod mutants_readers;
mod mutants_renewal;
mod mutants_userinfo;
mod mutants_waits;
mod provider;
mod readers;
mod renewal;
mod renewal_failures;
mod sign_in;
mod sign_out;
mod simulation;
mod storage;
mod world;
