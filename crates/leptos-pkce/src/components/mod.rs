//! The components. They are built without `view!`, whose static parts go through `innerHTML` and so
//! break under Trusted Types.

// The component macro makes each function reachable through its props.
#![allow(unreachable_pub)]

mod buttons;
mod countdown;
mod error_notice;
mod guards;
mod provider;
mod require;
mod user_menu;

pub use buttons::{SignInButton, SignOutButton};
pub use countdown::SessionCountdown;
pub use error_notice::{AuthErrorNotice, ErrorNotice};
pub use guards::{SessionLoading, SignedIn, SignedOut};
pub use provider::AuthProvider;
pub use require::{RequireClaims, RequireSignIn};
pub use user_menu::UserMenu;
