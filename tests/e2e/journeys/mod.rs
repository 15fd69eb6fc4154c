//! What people do with the app, and what must come of it.

mod callback;
mod configuration;
mod discovery;
mod id_token;
mod lacking;
mod limits;
mod network;
mod new_tab;
mod page_cache;
mod refresh;
mod reload;
mod session_end;
mod several_sign_ins;
mod sign_in;
mod sign_out;
mod storage;
mod tabs;
mod watch;
