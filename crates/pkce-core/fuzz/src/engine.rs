//! Octets as what happens to a tab: clicks, answers in any order, faults, sleep, messages.

use super::{Shell, json_answer};
use pkce_core::http::{Body, HttpResponse, TransportFault};
use pkce_core::jose::SignatureOutcome;
use pkce_core::secret::SecretText;
use pkce_core::session::{Event, SessionState};
use std::time::Duration;

const LONGEST: usize = 256;

/// One input.
pub fn run(data: &[u8]) {
    let mut shell = Shell::new();
    shell.load("/", "", "");
    let mut readers = 0;
    let mut octets = data.iter().copied().take(LONGEST);
    while let Some(octet) = octets.next() {
        step(&mut shell, octet, &mut octets, &mut readers);
    }
    // Left to itself, whatever happened before comes to rest.
    shell.settle();
    shell.run_timers(4);
    assert!(!matches!(shell.engine.state(), SessionState::Loading));
}

fn step(shell: &mut Shell, octet: u8, octets: &mut impl Iterator<Item = u8>, readers: &mut u64) {
    match octet % 24 {
        0 => shell.click_sign_in(octets.next().unwrap_or(1)),
        1 => {
            if let Some(state) = shell.state_parameter() {
                shell.load("/callback", &format!("?code=cAnArY7x&state={state}"), "");
            }
        }
        2 => {
            shell.signed_out = true;
            shell.tell(Event::SignOut { state: [1; 16] });
            let session = shell.engine.storage_keys().session();
            assert!(!shell.storage.contains_key(&session));
        }
        3 => shell.tell(Event::Refresh),
        4 => shell.tell(Event::DismissNotice),
        5 => {
            *readers += 1;
            let min_validity = Duration::from_secs(u64::from(octets.next().unwrap_or(0)));
            let refused = octets.next().filter(|n| *n < 4).map(u64::from);
            shell.tell(Event::TokenWanted {
                id: *readers,
                min_validity,
                refused,
            });
        }
        // Answers, oldest first or from anywhere.
        6..=9 => {
            if let Some(pending) = shell.pending.pop_front() {
                shell.answer(pending);
            }
        }
        10 => {
            let index = usize::from(octets.next().unwrap_or(0));
            let index = index.checked_rem(shell.pending.len()).unwrap_or(0);
            if let Some(pending) = shell.pending.remove(index) {
                shell.answer(pending);
            }
        }
        11 => fail(shell, octets.next().unwrap_or(0)),
        12 => shell.run_timers(1),
        13 => shell.settle(),
        14 => shell.tell(Event::Timer),
        15 => {
            let flags = octets.next().unwrap_or(0);
            shell.tell(Event::Woke {
                online: flags & 1 != 0,
                restored: flags & 2 != 0,
            });
        }
        16 => shell.tell(Event::Left),
        17 => {
            let stored = shell.stored();
            shell.tell(Event::Restored {
                stored,
                online: true,
            });
        }
        18 => shell.load("/", "", ""),
        19 => shell.tell(Event::Activity),
        // Time, in both directions and in steps of all sizes.
        20 | 21 => {
            let step = 1_i64 << (octets.next().unwrap_or(0) % 28);
            shell.now += if octet % 24 == 20 { step } else { -step };
        }
        // What this tab said before comes back as another tab's word.
        22 => {
            let index = usize::from(octets.next().unwrap_or(0));
            let index = index.checked_rem(shell.broadcasts.len()).unwrap_or(0);
            if let Some(text) = shell.broadcasts.get(index).cloned() {
                shell.tell(Event::Message(SecretText::new(text)));
            }
        }
        // A message that was changed on its way.
        _ => {
            let (at, new) = (
                octets.next().unwrap_or(0),
                octets.next().unwrap_or(b'0') & 0x7f,
            );
            if let Some(text) = shell.broadcasts.last() {
                let mut text = text.clone().into_bytes();
                if let Some(octet) = text.get_mut(usize::from(at)) {
                    *octet = new;
                }
                let text = String::from_utf8_lossy(&text).into_owned();
                shell.tell(Event::Message(SecretText::new(text)));
            }
        }
    }
}

/// The oldest outstanding effect fails in one of its ways.
fn fail(shell: &mut Shell, way: u8) {
    use super::Pending;
    let Some(pending) = shell.pending.pop_front() else {
        return;
    };
    match pending {
        Pending::Http(ticket, _) => {
            let exchange = match way % 8 {
                0 => Err(TransportFault::Network {
                    online: way & 8 != 0,
                }),
                1 => Err(TransportFault::Timeout),
                2 => Err(TransportFault::TooLarge),
                3 => Err(TransportFault::Redirected),
                4 => json_answer(400, br#"{"error":"invalid_grant"}"#),
                5 => Ok(HttpResponse {
                    status: 503,
                    content_type: None,
                    retry_after: Some("5".to_owned()),
                    body: Body::default(),
                }),
                6 => json_answer(200, b"{"),
                _ => json_answer(200, br#"{"access_token":"cAnArY7x","token_type":"Bearer"}"#),
            };
            shell.tell(Event::HttpDone { ticket, exchange });
        }
        Pending::Verify(ticket) => {
            let outcome = if way & 1 == 0 {
                SignatureOutcome::Invalid
            } else {
                SignatureOutcome::Unsupported
            };
            shell.tell(Event::Verified { ticket, outcome });
        }
        Pending::Lock(ticket, _) => {
            let shared = (way & 1 == 0).then(|| "rubbish".to_owned());
            shell.tell(Event::Locked { ticket, shared });
        }
        Pending::Store(ticket) => shell.tell(Event::Stored {
            ticket,
            done: false,
        }),
    }
}
