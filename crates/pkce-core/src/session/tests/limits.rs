//! The optional limits of a session: idleness and age.

use super::provider::Kind;
use super::world::{World, config_with};
use crate::error::ErrorCode;
use crate::session::{Ending, Event, Limit, SessionState};
use serde_json::{Value, json};

fn with_limits(limits: Value) -> (World, usize) {
    let mut world = World::with_config(config_with(|config| config["session"] = limits));
    world.provider.expires_in = Some(json!(3600));
    let tab = world.open("/");
    world.sign_in(tab);
    (world, tab)
}

fn idle(seconds: u64) -> (World, usize) {
    with_limits(json!({"idle_limit_seconds": seconds}))
}

#[test]
fn without_limits_a_session_lasts() {
    let (mut world, tab) = World::signed_in();
    assert_eq!(world.session(tab).ending, Ending::Open);
    let broadcasts = world.broadcasts;
    world.tell(tab, Event::Activity);
    assert_eq!(world.broadcasts, broadcasts, "activity is of no interest");
    world.run_secs(86_400);
    assert!(world.is_signed_in(tab));
}

#[test]
fn an_idle_session_ends_when_it_said_it_would() {
    let (mut world, tab) = idle(300);
    let ends_at = world.session(tab).ending.at().unwrap().as_millis();
    world.run(ends_at - world.now - 1);
    assert!(world.is_signed_in(tab));
    world.run(2);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    assert_eq!(world.notice(tab), Some(ErrorCode::SessionIdle));
    assert!(!world.tabs[tab].storage.contains_key("t.session"));
}

#[test]
fn activity_moves_the_end() {
    let (mut world, tab) = idle(300);
    for _ in 0..10 {
        world.run_secs(200);
        world.tell(tab, Event::Activity);
        let ends_at = world.session(tab).ending.at().unwrap().as_millis();
        assert_eq!(ends_at - world.now, 300_000);
    }
    // Noted in steps, so that a moving mouse does not write storage without end.
    let before = world.session(tab).ending.at();
    world.run(1000);
    for _ in 0..100 {
        world.tell(tab, Event::Activity);
    }
    assert_eq!(world.session(tab).ending.at(), before);
    world.run(1000);
    world.tell(tab, Event::Activity);
    assert_ne!(world.session(tab).ending.at(), before);
}

#[test]
fn activity_that_comes_too_late_revives_nothing() {
    let (mut world, tab) = idle(300);
    world.sleep(301_000);
    world.tell(tab, Event::Activity);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
}

#[test]
fn a_renewal_is_no_activity() {
    let (mut world, tab) = idle(300);
    world.run_secs(150);
    world.tell(tab, Event::Refresh);
    world.run_secs(151);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn an_idle_limit_counts_while_the_page_is_away() {
    let (mut world, tab) = idle(300);
    world.run_secs(100);
    world.tell(tab, Event::Activity);
    world.reload(tab);
    world.run_secs(250);
    assert!(world.is_signed_in(tab));
    world.visit(tab, "/");
    world.sleep(60_000);
    world.load(tab, "/");
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
}

#[test]
fn activity_in_one_tab_counts_in_all() {
    let (mut world, tab) = idle(300);
    let other = world.duplicate(tab);
    for _ in 0..10 {
        world.run_secs(200);
        world.tell(other, Event::Activity);
    }
    world.run_secs(200);
    assert!(world.is_signed_in(tab));
    // Also after a reload of the tab that only listened.
    world.reload(tab);
    world.run_secs(50);
    assert!(world.is_signed_in(tab));
    world.run_secs(60);
    for tab in [tab, other] {
        assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    }
}

#[test]
fn a_tab_that_slept_asks_before_it_calls_the_user_idle() {
    let (mut world, tab) = idle(300);
    let other = world.duplicate(tab);
    world.run(100);
    world.hide(tab);
    for _ in 0..10 {
        world.run_secs(100);
        world.tell(other, Event::Activity);
    }
    world.show(tab);
    world.run_secs(2);
    assert!(world.is_signed_in(tab));
    assert_eq!(
        world.session(tab).ending.at(),
        world.session(other).ending.at()
    );
    // Where nobody answers, it is over, and soon.
    world.hide(tab);
    world.close(other);
    world.run_secs(301);
    world.show(tab);
    world.run(1100);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    assert!(
        world.tabs[tab].timers_fired < 20,
        "{}",
        world.tabs[tab].timers_fired
    );
}

#[test]
fn an_old_session_ends_whatever_the_user_does() {
    let (mut world, tab) = with_limits(json!({"max_age_seconds": 600}));
    let other = world.duplicate(tab);
    let signed_in_at = world.session(tab).signed_in_at.as_millis();
    assert_eq!(
        world.session(tab).ending.at().unwrap().as_millis(),
        signed_in_at + 600_000
    );
    for _ in 0..59 {
        world.run_secs(10);
        world.tell(tab, Event::Activity);
    }
    world.tell(tab, Event::Refresh);
    world.reload(other);
    assert!(world.is_signed_in(tab) && world.is_signed_in(other));
    world.run_secs(10);
    for tab in [tab, other] {
        assert_eq!(world.end(tab), Some(ErrorCode::SessionMaxAge));
    }
    // A new sign-in starts a new age.
    world.sign_in(tab);
    assert!(world.is_signed_in(tab));
}

#[test]
fn the_earlier_of_two_limits_counts() {
    let (world, tab) = with_limits(json!({"idle_limit_seconds": 300, "max_age_seconds": 200}));
    let session = world.session(tab);
    assert_eq!(
        session
            .signed_in_at
            .until(session.ending.at().unwrap())
            .as_secs(),
        200
    );
    let (mut world, tab) = with_limits(json!({"idle_limit_seconds": 100, "max_age_seconds": 200}));
    world.run_secs(101);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    assert!(!matches!(world.state(tab), SessionState::SignedOut));
}

#[test]
fn nothing_is_renewed_while_it_is_being_found_out_whether_the_user_is_idle() {
    let (mut world, tab) = idle(300);
    let copy = world.duplicate(tab);
    world.run(1000);
    world.hide(tab);
    world.close(copy);
    world.sleep(7_200_000);
    world.show(tab);
    world.tell(tab, Event::Refresh);
    world.tell(tab, Event::Activity);
    world.run_secs(5);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn the_user_is_warned_before_the_end_and_again_after_each_stay() {
    // A minute, or a quarter of a shorter limit.
    for (limit, lead) in [(600, 60), (240, 60), (100, 25), (20, 5)] {
        let (mut world, tab) = idle(limit);
        let other = world.duplicate(tab);
        let Ending::Later {
            limit: Limit::Idle,
            warn_at,
            ends_at,
        } = world.session(tab).ending
        else {
            panic!("{:?}", world.session(tab).ending)
        };
        assert_eq!(warn_at.until(ends_at).as_secs(), lead, "{limit}");
        world.run(warn_at.as_millis() - world.now - 1);
        let fired = world.tabs[tab].timers_fired;
        assert!(matches!(world.session(tab).ending, Ending::Later { .. }));
        world.run(1);
        // Nobody asked: the state changes by itself.
        assert_eq!(world.tabs[tab].effects.last().unwrap(), "Changed");
        for tab in [tab, other] {
            assert_eq!(
                world.session(tab).ending,
                Ending::Soon {
                    limit: Limit::Idle,
                    ends_at
                }
            );
        }
        // Staying in one tab ends the warning in all.
        world.run(1000);
        world.tell(other, Event::Activity);
        world.run(5);
        for tab in [tab, other] {
            assert!(matches!(world.session(tab).ending, Ending::Later { .. }));
            assert!(world.session(tab).ending.at() > Some(ends_at));
        }
        assert_eq!(world.tabs[tab].effects.last().unwrap(), "Changed");
        world.run_secs(i64::try_from(limit).unwrap() + 2);
        assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
        assert!(world.tabs[tab].timers_fired - fired < 30);
    }
}

#[test]
fn the_warning_of_an_age_is_not_put_off() {
    let (mut world, tab) = with_limits(json!({"max_age_seconds": 600}));
    world.run_secs(545);
    world.tell(tab, Event::Activity);
    let ending = world.session(tab).ending;
    assert!(matches!(
        ending,
        Ending::Soon {
            limit: Limit::MaxAge,
            ..
        }
    ));
}

#[test]
fn activity_that_is_heard_late_counts_from_when_it_was() {
    let (mut world, tab) = idle(300);
    let other = world.duplicate(tab);
    world.run(100);
    world.freeze(tab);
    world.run_secs(10);
    world.tell(other, Event::Activity);
    let ends_at = world.session(other).ending.at();
    world.close(other);
    world.run_secs(200);
    world.thaw(tab);
    world.run(100);
    assert_eq!(world.session(tab).ending.at(), ends_at);
}

#[test]
fn a_short_limit_notes_activity_in_shorter_steps() {
    let (mut world, tab) = idle(4);
    for _ in 0..30 {
        world.run(500);
        world.tell(tab, Event::Activity);
    }
    assert!(world.is_signed_in(tab));
}
