//! The wall clock: sleep, throttled timers, jumps in both directions (protocol rule 27).

use super::provider::Kind;
use super::world::{Fate, OFFLINE, World};
use crate::error::ErrorCode;
use crate::session::{Event, Renewal};
use serde_json::json;

#[test]
fn a_page_that_slept_renews_when_it_wakes() {
    let (mut world, tab) = World::signed_in();
    world.freeze(tab);
    world.sleep(8 * 3_600_000);
    world.thaw(tab);
    world.wake(tab, true);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.count(Kind::Refresh), 1);
    assert_eq!(world.notice(tab), None);
}

#[test]
fn after_a_sleep_the_timer_waits_a_moment_for_the_network() {
    let (mut world, tab) = World::signed_in();
    world.freeze(tab);
    world.sleep(8 * 3_600_000);
    world.thaw(tab);
    let woken = world.now;
    world.run(2900);
    assert_eq!(world.count(Kind::Refresh), 0);
    world.run(300);
    assert_eq!(world.count(Kind::Refresh), 1);
    // It waits once, not for ever.
    assert!(world.sent.last().unwrap().at - woken < 3100);

    // The word that the network is there ends the wait.
    let (mut world, tab) = World::signed_in();
    world.freeze(tab);
    world.sleep(8 * 3_600_000);
    world.thaw(tab);
    world.run(100);
    assert_eq!(world.count(Kind::Refresh), 0);
    world.wake(tab, true);
    world.run(100);
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn a_background_tab_with_late_timers_is_not_held_back() {
    let (mut world, tab) = World::signed_in();
    world.freeze(tab);
    world.run_secs(100);
    world.thaw(tab);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn a_network_that_says_it_is_off_delays_and_never_forbids() {
    // navigator.onLine can be false where only loopback exists.
    let (mut world, tab) = World::signed_in();
    world.run_secs(30);
    world.wake(tab, false);
    world.run_secs(15);
    assert_eq!(
        world.session(tab).generation,
        1,
        "not due then, so not held"
    );
    let due = world.tabs[tab].timer.unwrap();
    world.run(due - world.now - 10);
    for _ in 0..20 {
        world.wake(tab, false);
        world.run(200);
    }
    assert_eq!(
        world.session(tab).generation,
        2,
        "held once, however often it is said"
    );
}

#[test]
fn many_wake_ups_are_not_a_storm() {
    let (mut world, tab) = World::signed_in();
    world.default_fate = OFFLINE;
    world.tell(tab, Event::Refresh);
    for _ in 0..1000 {
        world.run(10);
        world.wake(tab, true);
    }
    let sent = world.count(Kind::Refresh);
    assert!((5..=11).contains(&sent), "{sent} in ten seconds");
}

#[test]
fn a_wake_up_tries_again_at_once_what_the_network_had_failed() {
    let (mut world, tab) = World::signed_in();
    world.default_fate = OFFLINE;
    world.tell(tab, Event::Refresh);
    world.run_secs(40);
    assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
    world.default_fate = Fate::Answered {
        there: 20,
        back: 30,
    };
    world.wake(tab, false);
    assert_eq!(world.renewal(tab), world.renewal(tab));
    world.wake(tab, true);
    assert_eq!(world.renewal(tab), Renewal::Refreshing);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn a_wake_up_before_anything_is_due_does_nothing() {
    let (mut world, tab) = World::signed_in();
    for _ in 0..100 {
        world.wake(tab, true);
    }
    world.run(100);
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn a_clock_that_jumps_ahead_renews_once() {
    let (mut world, tab) = World::signed_in();
    for jump in [3600, 86_400, 31_536_000] {
        let before = world.count(Kind::Refresh);
        world.now += jump * 1000;
        world.wake(tab, true);
        world.run_secs(5);
        assert_eq!(world.count(Kind::Refresh), before + 1);
        assert!(world.is_signed_in(tab));
    }
}

#[test]
fn a_clock_that_is_set_back_renews_once_and_goes_on() {
    for jump in [31, 61, 3600, 86_400 * 365] {
        let (mut world, tab) = World::signed_in();
        world.run_secs(10);
        world.wake(tab, true);
        world.now -= jump * 1000;
        // A token that was good a moment ago is good.
        let reader = world.want_token(tab, 5, None);
        assert!(world.token(tab, reader).unwrap().is_ok());
        world.run_secs(5);
        assert_eq!(world.count(Kind::Refresh), 1, "{jump}");
        assert_eq!(world.session(tab).generation, 1);
        world.run_secs(30);
        assert_eq!(world.count(Kind::Refresh), 1, "{jump}");
        world.run_secs(20);
        assert_eq!(world.count(Kind::Refresh), 2, "{jump}");
    }
}

#[test]
fn a_clock_that_is_corrected_by_seconds_changes_nothing() {
    let (mut world, tab) = World::signed_in();
    let due = world.tabs[tab].timer.unwrap();
    for _ in 0..10 {
        world.run(100);
        world.wake(tab, true);
        world.now -= 2000;
        world.wake(tab, true);
    }
    world.run_secs(5);
    assert_eq!(world.count(Kind::Refresh), 0);
    assert_eq!(world.tabs[tab].timer, Some(due - 20_000));
}

#[test]
fn a_clock_that_is_set_back_does_not_postpone_what_waits() {
    let (mut world, tab) = World::signed_in();
    world.script(Kind::Refresh, [OFFLINE]);
    world.tell(tab, Event::Refresh);
    let reader = world.want_token(tab, 0, Some(0));
    world.run(100);
    assert!(world.token(tab, reader).unwrap().is_err());
    world.now -= 86_400_000;
    world.wake(tab, true);
    world.run(3000);
    assert_eq!(world.session(tab).generation, 1);

    // Nor a reader's patience.
    let (mut world, tab) = World::signed_in();
    world.script(Kind::Refresh, [Fate::Hangs]);
    let reader = world.want_token(tab, 0, Some(0));
    world.run(100);
    world.now -= 86_400_000;
    world.wake(tab, true);
    world.run_secs(36);
    assert!(world.token(tab, reader).is_some());

    // Nor a redirect that does not leave.
    let mut world = World::new();
    let tab = world.open("/");
    world.go_to_provider(tab);
    world.now -= 86_400_000;
    world.wake(tab, true);
    world.run_secs(21);
    assert_eq!(world.state(tab), crate::session::SessionState::SignedOut);
}

#[test]
fn a_clock_that_is_set_back_does_not_end_a_session_without_a_refresh_token() {
    let mut world = World::new();
    world.provider.issues_refresh_token = false;
    let tab = world.open("/");
    world.sign_in(tab);
    world.now -= 3_600_000;
    world.wake(tab, true);
    assert!(world.is_signed_in(tab));
    world.run_secs(30);
    assert!(world.is_signed_in(tab));
    world.run_secs(31);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionExpired));
}

#[test]
fn a_clock_that_was_set_back_between_two_pages_is_noticed() {
    let (mut world, tab) = World::signed_in();
    world.end_quietly(tab);
    world.now -= 3_600_000;
    world.load(tab, "/");
    assert!(world.is_signed_in(tab));
    assert!(world.session(tab).received_at.as_millis() <= world.now);
    world.run(500);
    assert_eq!(
        world.session(tab).generation,
        1,
        "renewed, since nobody knows its age"
    );
}

#[test]
fn limits_survive_a_clock_that_is_set_back() {
    let mut world = World::with_config(super::world::config_with(|config| {
        config["session"] = json!({"idle_limit_seconds": 300});
    }));
    world.provider.expires_in = Some(json!(3600));
    let tab = world.open("/");
    world.sign_in(tab);
    world.run_secs(100);
    world.wake(tab, true);
    world.now -= 86_400_000;
    world.wake(tab, true);
    let left = world.session(tab).ending.at().unwrap().as_millis() - world.now;
    assert!((199_000..=201_000).contains(&left), "{left}");
    world.run_secs(202);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
}

#[test]
fn a_virtual_day_has_a_bounded_number_of_timers() {
    // A tight loop would show here.
    for lifetime in [1, 20, 60, 3600, 86_400] {
        let (mut world, tab) = World::signed_in();
        world.is_watchful = false;
        world.provider.expires_in = Some(json!(lifetime));
        world.tell(tab, Event::Refresh);
        world.run(100);
        let (fired, sent) = (world.tabs[tab].timers_fired, world.count(Kind::Refresh));
        world.run_secs(3600);
        let renewals = world.count(Kind::Refresh) - sent;
        let bound = 2 * 3600 / usize::try_from(lifetime).unwrap() + 2;
        assert!(renewals <= bound, "{lifetime}: {renewals}");
        assert!(world.tabs[tab].timers_fired - fired <= bound, "{lifetime}");
    }
}

#[test]
fn a_timer_that_comes_early_is_set_again() {
    let (mut world, tab) = World::signed_in();
    let timer = world.tabs[tab].timer;
    for _ in 0..10 {
        world.run(100);
        world.tell(tab, Event::Timer);
        assert_eq!(world.tabs[tab].timer, timer);
    }
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn events_before_the_start_do_no_harm() {
    let mut world = World::new();
    let tab = world.open("/");
    let config = world.tabs[tab].engine.config().clone();
    let mut engine = crate::session::Engine::new(config, "x");
    let now = crate::Timestamp::from_millis(world.now);
    assert_eq!(engine.state(), crate::session::SessionState::Loading);
    for event in [
        Event::Timer,
        Event::Refresh,
        Event::Activity,
        Event::Left,
        Event::Woke {
            online: true,
            restored: true,
        },
        Event::SignOut { state: [0; 16] },
        Event::Message(crate::secret::SecretText::new("{}".into())),
    ] {
        engine.handle(event, now);
    }
    assert_eq!(engine.state(), crate::session::SessionState::Loading);
    world.run(1);
}
