//! What people do with the app, and what must come of it.

mod callback;
mod configuration;
mod discovery;
mod id_token;
mod refresh;
mod reload;
mod session_end;
mod sign_in;
mod sign_out;
mod watch;
