//! Browsers without Web Locks, or without BroadcastChannel: less comfortable, and as safe.

use super::provider::Kind;
use super::world::{Fate, World, config_with};
use crate::error::ErrorCode;
use crate::session::{Event, Missing, Renewal, SessionState, Tabs};
use serde_json::json;
use std::collections::BTreeSet;

fn world(has_locks: bool, has_channel: bool) -> (World, usize) {
    world_with(has_locks, has_channel, false)
}

fn world_with(has_locks: bool, has_channel: bool, is_local_denied: bool) -> (World, usize) {
    let mut world = World::new();
    world.is_local_denied = is_local_denied;
    world.has_locks = has_locks;
    world.has_channel = has_channel;
    let tab = world.open("/");
    world.sign_in(tab);
    (world, tab)
}

fn assert_no_token_was_sent_twice(world: &World) {
    let sent = world.refresh_tokens_sent();
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(distinct.len(), sent.len(), "{sent:?}");
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn what_a_browser_lacks_is_said() {
    for (has_locks, has_channel, missing) in [
        (false, true, Missing::Locks),
        (true, false, Missing::Channel),
        (false, false, Missing::Both),
    ] {
        let (world, tab) = world(has_locks, has_channel);
        assert_eq!(world.session(tab).tabs, Tabs::Limited { missing });
    }
}

#[test]
fn a_tab_alone_misses_nothing() {
    for (has_locks, has_channel) in [(false, true), (true, false), (false, false)] {
        for is_local_denied in [false, true] {
            let (mut world, tab) = world_with(has_locks, has_channel, is_local_denied);
            world.run_secs(330);
            assert!(world.session(tab).generation >= 6);
            assert_no_token_was_sent_twice(&world);
        }
    }
}

#[test]
fn without_locks_tabs_take_turns_by_a_lease() {
    let (mut world, tab) = world(false, true);
    world.is_watchful = false;
    (world.local_lag, world.message_lag) = (60, 60);
    let mut tabs = vec![tab];
    for _ in 0..4 {
        tabs.push(world.duplicate(tab));
        world.run(200);
    }
    let new = world.open("/");
    tabs.push(new);
    world.run_secs(20 * 60);
    for _ in 0..5 {
        for tab in &tabs {
            world.tell(*tab, Event::Refresh);
        }
        world.run_secs(20);
    }
    let generation = world.session(tab).generation;
    assert!(generation >= 25, "{generation}");
    assert_eq!(world.count(Kind::Refresh) as u64, generation);
    assert_no_token_was_sent_twice(&world);
    for tab in tabs {
        assert_eq!(world.session(tab).generation, generation);
    }
}

#[test]
fn the_lease_of_a_page_that_is_gone_runs_out() {
    let (mut world, tab) = world(false, true);
    let copy = world.duplicate(tab);
    world.run(100);
    world.script(Kind::Refresh, [Fate::Hangs]);
    world.tell(tab, Event::Refresh);
    world.run_secs(1);
    assert_eq!(world.count(Kind::Refresh), 1);
    world.end_quietly(tab);
    world.tabs[tab].is_open = false;
    world.tell(copy, Event::Refresh);
    world.run_secs(30);
    assert_eq!(world.count(Kind::Refresh), 1, "it may be under way still");
    world.run_secs(30);
    assert_eq!(world.session(copy).generation, 1);
}

#[test]
fn a_page_that_freezes_with_a_lease_does_not_send_when_it_wakes_late() {
    let (mut world, tab) = world(false, true);
    let copy = world.duplicate(tab);
    world.run(100);
    world.tell(tab, Event::Refresh);
    // It holds the lease and asks its siblings.
    world.run(300);
    assert_eq!(world.count(Kind::Refresh), 0);
    assert_eq!(world.renewal(tab), Renewal::Refreshing);
    world.freeze(tab);
    world.run_secs(100);
    assert!(world.session(copy).generation >= 1);
    world.thaw(tab);
    world.run_secs(10);
    assert_no_token_was_sent_twice(&world);
    assert_eq!(
        world.session(tab).generation,
        world.session(copy).generation
    );
}

#[test]
fn without_locks_a_code_is_sent_once_all_the_same() {
    let mut world = World::new();
    world.has_locks = false;
    world.local_lag = 60;
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    let copy = world.duplicate(tab);
    world.visit(tab, &callback);
    world.visit(copy, &callback);
    world.run_secs(10);
    assert_eq!(world.count(Kind::Code), 1);
    assert_eq!(world.provider.code_reuses, 0);
    assert!(world.is_signed_in(tab) != world.is_signed_in(copy));
}

#[test]
fn without_the_channel_a_copy_that_is_behind_asks_to_sign_in_and_spends_nothing() {
    for has_locks in [false, true] {
        for is_local_denied in [false, true] {
            let (mut world, tab) = world_with(has_locks, false, is_local_denied);
            world.local_lag = 60;
            let copy = world.duplicate(tab);
            world.tell(tab, Event::Refresh);
            world.run_secs(2);
            world.tell(copy, Event::Refresh);
            world.run_secs(2);
            assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
            world.run_secs(200);
            assert!(world.session(tab).generation >= 4);
            assert_no_token_was_sent_twice(&world);
        }
    }
}

#[test]
fn without_the_channel_a_sign_out_is_found_at_the_next_renewal() {
    for has_locks in [false, true] {
        let (mut world, tab) = world(has_locks, false);
        let copy = world.duplicate(tab);
        world.run(100);
        world.sign_out(copy);
        let sent = world.count(Kind::Refresh);
        world.run_secs(100);
        assert_eq!(world.end(tab), Some(ErrorCode::SessionCopyStale));
        assert_eq!(world.count(Kind::Refresh), sent);
    }
}

#[test]
fn without_the_channel_nobody_is_asked_for_a_session() {
    let (mut world, _) = world(true, false);
    let new = world.open("/");
    assert_eq!(world.state(new), SessionState::SignedOut);
}

#[test]
fn with_neither_locks_nor_local_storage_tabs_that_know_of_one_another_send_nothing() {
    let (mut world, tab) = world(false, true);
    world.is_local_denied = true;
    // As the page finds it when it loads.
    world.reload(tab);
    let copy = world.duplicate(tab);
    world.run_secs(100);
    assert_eq!(world.count(Kind::Refresh), 0);
    for tab in [tab, copy] {
        assert_eq!(world.end(tab), Some(ErrorCode::SessionCopyStale));
    }
}

#[test]
fn without_the_channel_a_tab_that_is_idle_ends_alone() {
    let mut world = World::with_config(config_with(|config| {
        config["session"] = json!({"idle_limit_seconds": 300});
    }));
    world.has_channel = false;
    let tab = world.open("/");
    world.sign_in(tab);
    let copy = world.duplicate(tab);
    for _ in 0..10 {
        world.run_secs(100);
        world.tell(tab, Event::Activity);
    }
    assert!(world.end(copy).is_some());
    assert!(world.session(tab).generation >= 10);
    assert_no_token_was_sent_twice(&world);
}

#[test]
fn a_request_that_outlasts_its_lease_in_a_sleep_is_waited_for() {
    let (mut world, tab) = world(false, true);
    let copy = world.duplicate(tab);
    world.run(100);
    let slow = Fate::Answered {
        there: 20,
        back: 60_000,
    };
    world.script(Kind::Refresh, [slow]);
    world.tell(tab, Event::Refresh);
    world.run_secs(2);
    assert_eq!(world.count(Kind::Refresh), 1);
    world.sleep(48_000);
    world.tell(copy, Event::Refresh);
    world.run_secs(5);
    assert_eq!(world.count(Kind::Refresh), 1);
    world.run_secs(10);
    assert!(world.session(tab).generation >= 1);
    assert_eq!(
        world.session(copy).generation,
        world.session(tab).generation
    );
    assert_no_token_was_sent_twice(&world);
}
