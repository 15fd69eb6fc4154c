//! Random lives of a browser, by seed: tabs that open, duplicate, reload, crash, freeze, sleep and
//! close, a network that delays, drops and fails, a provider that rotates and detects reuse.
//!
//! What must never happen is asserted by the world with each request and each token; what must
//! happen in the end is asserted here. `SEED=7 cargo test -p pkce-core simulation` replays one
//! life and tells what happened, with `TRACE=1` to the letter; `SEEDS=100000` tries more of them.

use super::provider::{Kind, html};
use super::world::{Fate, World, config_with};
use crate::error::ErrorCode;
use crate::http::TransportFault;
use crate::session::{Event, Renewal, SessionState};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.roll(100) < percent
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() {
            return None;
        }
        let index = self.roll(i64::try_from(items.len()).unwrap());
        Some(items[usize::try_from(index).unwrap()])
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Weather {
    Fair,
    Slow,
    Flaky,
    Offline,
    Unavailable,
}

fn fate(weather: Weather, dice: &mut Dice) -> Fate {
    let network = TransportFault::Network { online: true };
    match weather {
        Weather::Fair => Fate::Answered {
            there: 1 + dice.roll(50),
            back: 1 + dice.roll(50),
        },
        Weather::Slow => Fate::Answered {
            there: 1 + dice.roll(9000),
            back: 1 + dice.roll(9000),
        },
        Weather::Offline => Fate::Lost(network),
        Weather::Unavailable => Fate::Instead(html(503)),
        Weather::Flaky => match dice.roll(100) {
            0..60 => Fate::Answered {
                there: 1 + dice.roll(3000),
                back: 1 + dice.roll(3000),
            },
            60..72 => Fate::Lost(network),
            72..80 => Fate::AnswerLost(network),
            80..84 => Fate::Hangs,
            84..92 => Fate::Instead(html(502)),
            _ => Fate::Instead(html(200)),
        },
    }
}

/// One life, and what a replay would like to know.
struct Life {
    seed: u64,
    world: World,
    dice: Dice,
    weather: Rc<Cell<Weather>>,
    lifetime: i64,
    has_limit: bool,
    was_revoked: bool,
    was_signed_out: bool,
    is_traced: bool,
}

impl Life {
    fn new(seed: u64, is_traced: bool) -> Self {
        let mut dice = Dice(seed);
        let has_limit = dice.chance(15);
        let shares = dice.chance(85);
        let mut world = World::with_config(config_with(|config| {
            config["session"] = json!({"share_across_tabs": shares});
            if has_limit {
                config["session"]["idle_limit_seconds"] = json!(600);
            }
        }));
        world.is_watchful = false;
        let lifetime = [5, 20, 60, 300][usize::try_from(dice.roll(4)).unwrap()];
        world.provider.expires_in = Some(json!(lifetime));
        world.provider.rotates = dice.chance(85);
        world.provider.has_grace = dice.chance(25);
        world.provider.id_token_on_refresh = dice.chance(35);
        world.is_local_denied = dice.chance(25);
        world.has_locks = dice.chance(88);
        world.has_channel = dice.chance(88);
        world.message_lag = 1 + dice.roll(80);
        world.local_lag = dice.roll(80);
        let weather = Rc::new(Cell::new(Weather::Fair));
        let sky = RefCell::new(Dice(seed ^ 0x5eed));
        world.weather = Some(Box::new({
            let weather = Rc::clone(&weather);
            move || fate(weather.get(), &mut sky.borrow_mut())
        }));
        Self {
            seed,
            world,
            dice,
            weather,
            lifetime,
            has_limit,
            was_revoked: false,
            was_signed_out: false,
            is_traced,
        }
    }

    fn tabs(&self, is_wanted: impl Fn(&Self, usize) -> bool) -> Vec<usize> {
        (0..self.world.tabs.len())
            .filter(|tab| self.world.tabs[*tab].is_open && is_wanted(self, *tab))
            .collect()
    }

    fn lively(&self) -> Vec<usize> {
        self.tabs(|life, tab| {
            let tab = &life.world.tabs[tab];
            !tab.is_cached && !tab.is_frozen
        })
    }

    fn say(&self, what: &str) {
        if self.is_traced {
            println!("{:>10} {what}", self.world.now - super::world::START);
        }
    }

    fn live(&mut self) {
        let tab = self.world.open("/");
        self.world.sign_in(tab);
        for _ in 0..45 {
            self.act();
            let rest = match self.dice.roll(3) {
                0 => self.dice.roll(100),
                1 => self.dice.roll(3000),
                _ => self.dice.roll(self.lifetime * 1000),
            };
            self.world.run(rest);
        }
    }

    fn act(&mut self) {
        let lively = self.lively();
        let Some(tab) = self.dice.pick(&lively) else {
            return self.thaw();
        };
        let is_signed_in = self.world.is_signed_in(tab);
        match self.dice.roll(100) {
            0..14 => {
                let weathers = [
                    Weather::Fair,
                    Weather::Fair,
                    Weather::Slow,
                    Weather::Flaky,
                    Weather::Offline,
                    Weather::Unavailable,
                ];
                self.weather.set(self.dice.pick(&weathers).unwrap());
                self.say(&format!("the weather is {:?}", self.weather.get()));
            }
            14..20 if lively.len() < 7 => {
                let copy = self.world.duplicate(tab);
                self.say(&format!("{tab} is duplicated as {copy}"));
                // A tab is there for longer than a message takes.
                self.world.run(2 * self.world.message_lag);
            }
            20..26 if lively.len() < 7 => self.open(),
            26..32 => {
                self.let_marks_be_seen(tab);
                self.say(&format!("{tab} is reloaded"));
                self.world.reload(tab);
            }
            32..35 => {
                self.let_marks_be_seen(tab);
                self.say(&format!("{tab} crashes"));
                self.world.crash(tab);
            }
            35..39 if lively.len() > 1 => {
                self.let_marks_be_seen(tab);
                self.say(&format!("{tab} is closed"));
                self.world.close(tab);
            }
            39..45 if !self.world.is_busy(tab) => {
                self.say(&format!("{tab} goes into the cache"));
                self.world.hide(tab);
            }
            45..51 => {
                self.say(&format!("{tab} is frozen"));
                self.world.freeze(tab);
            }
            51..59 => self.thaw(),
            59..63 => self.sleep(),
            63..72 => {
                self.say(&format!("{tab} is asked to renew"));
                self.world.tell(tab, Event::Refresh);
            }
            72..80 => {
                self.say(&format!("{tab} is asked for a token"));
                self.world.want_token(tab, 10, None);
            }
            80..85 if is_signed_in => {
                let generation = self.world.session(tab).generation;
                self.say(&format!("{tab} had its token {generation} refused"));
                self.world.want_token(tab, 0, Some(generation));
            }
            85..89 => {
                self.say(&format!("{tab} wakes"));
                let online = self.dice.chance(70);
                self.world.wake(tab, online);
            }
            89..91 => self.world.tell(tab, Event::Activity),
            91..94 if is_signed_in => {
                self.say(&format!("{tab} signs out"));
                self.was_signed_out = true;
                if self.dice.chance(40) {
                    self.world.tell(tab, Event::Refresh);
                    let pause = self.dice.roll(100);
                    self.world.run(pause);
                }
                self.world.sign_out(tab);
                if self.dice.chance(50) {
                    self.world.visit(tab, "/?state=BwcHBwcHBwcHBwcHBwcHBw");
                }
                // No page comes back in the moment that storage takes to tell other processes.
                self.world.run(self.world.local_lag);
            }
            94..97 if !is_signed_in || self.dice.chance(15) => self.sign_in(tab),
            97 if self.dice.chance(60) => self.sign_in_at_once(&lively),
            97 => {
                self.world.provider.kid.push('x');
                self.say("the provider rotates its keys");
            }
            98 if self.dice.chance(20) => {
                self.say("the provider revokes everything");
                self.was_revoked = true;
                self.world.provider.revoke_everything();
            }
            _ => {}
        }
    }

    /// No page dies in the moment that its mark takes to be seen: else a lost answer is taken for a
    /// refusal.
    fn let_marks_be_seen(&mut self, tab: usize) {
        if self.world.is_busy(tab) {
            self.world.run(self.world.local_lag + 1);
        }
    }

    /// A new tab.
    fn open(&mut self) {
        let tab = if self.dice.chance(12) {
            self.world.open_unsharing("/")
        } else {
            self.world.open("/")
        };
        self.say(&format!("{tab} is opened"));
    }

    /// Somebody of the household.
    fn pick_user(&mut self) {
        let user = self.dice.pick(&["u1", "u1", "u2", "u3"]).unwrap();
        self.world.provider.user = user.to_owned();
    }

    /// Several tabs go to the provider before the first is back.
    fn sign_in_at_once(&mut self, lively: &[usize]) {
        self.say("several sign in at once");
        let mut callbacks = Vec::new();
        for tab in lively.iter().take(3) {
            self.world.tabs[*tab].left_for = None;
            self.world.click_sign_in(*tab);
        }
        self.world.run(5000);
        for tab in lively.iter().take(3) {
            if let Some(url) = self.world.tabs[*tab].left_for.clone() {
                self.pick_user();
                callbacks.push((*tab, self.world.provider.authorize(&url)));
            }
        }
        for (tab, callback) in callbacks {
            self.world.visit(tab, &callback);
            let pause = self.dice.roll(100);
            self.world.run(pause);
        }
    }

    fn sign_in(&mut self, tab: usize) {
        self.say(&format!("{tab} signs in"));
        self.pick_user();
        self.world.tabs[tab].left_for = None;
        self.world.click_sign_in(tab);
        self.world.run(5000);
        if let Some(url) = self.world.tabs[tab].left_for.clone() {
            let callback = self.world.provider.authorize(&url);
            // Without local storage there is nothing that all tabs can read.
            let copy = (self.dice.chance(30) && !self.world.is_local_denied)
                .then(|| self.world.duplicate(tab));
            self.world.visit(tab, &callback);
            if let Some(copy) = copy {
                self.say(&format!("{copy}, a copy of {tab}, has the same answer"));
                let pause = self.dice.roll(100);
                self.world.run(pause);
                self.world.visit(copy, &callback);
                // No page dies in the moment that its mark takes to be seen.
                self.world.run(2 * self.world.local_lag);
            }
        }
    }

    fn thaw(&mut self) {
        let deaf = self.tabs(|life, tab| {
            let tab = &life.world.tabs[tab];
            tab.is_cached || tab.is_frozen
        });
        let Some(tab) = self.dice.pick(&deaf) else {
            return;
        };
        self.wake_up(tab);
    }

    fn wake_up(&mut self, tab: usize) {
        self.say(&format!("{tab} is back"));
        if self.world.tabs[tab].is_cached {
            self.world.show(tab);
        }
        if self.world.tabs[tab].is_frozen {
            self.world.thaw(tab);
            self.world.run(1);
            let online = self.dice.chance(70);
            self.world.wake(tab, online);
        }
    }

    /// The whole machine sleeps.
    fn sleep(&mut self) {
        let longest = [10_000, 600_000, 36_000_000][usize::try_from(self.dice.roll(3)).unwrap()];
        let nap = self.dice.roll(longest);
        self.say(&format!("all sleep for {} s", nap / 1000));
        self.world.sleep(nap);
    }

    /// Better times: what is alive comes to rest.
    fn recover(&mut self) {
        self.say("better times");
        self.weather.set(Weather::Fair);
        for tab in self.tabs(|_, _| true) {
            self.wake_up(tab);
            self.world.wake(tab, true);
        }
        // The longest pause, and the longest wait for a lock.
        self.world.run(80_000);
        for tab in self.lively() {
            self.world.wake(tab, true);
            self.world.tell(tab, Event::Activity);
        }
        self.world.run(20_000);
    }

    fn judge(&mut self) {
        let mut generations: BTreeMap<String, u64> = BTreeMap::new();
        for tab in self.tabs(|life, tab| life.world.is_signed_in(tab)) {
            let family = self.world.stored_member(tab, "family").unwrap().to_string();
            let generation = self.world.session(tab).generation;
            let known = *generations.entry(family).or_insert(generation);
            // One message may be on its way; without the channel nobody hands anything on.
            assert!(
                known.abs_diff(generation) <= 1 || !self.world.has_channel,
                "seed {}: {known} {generation}",
                self.seed
            );
        }
        for tab in self.tabs(|_, _| true) {
            let context = format!("seed {}, tab {tab}", self.seed);
            match self.world.state(tab) {
                SessionState::SignedIn(session) => {
                    assert!(
                        matches!(session.renewal, Renewal::Idle | Renewal::Refreshing),
                        "{context}: {:?}",
                        session.renewal
                    );
                    let reader = self.world.want_token(tab, 0, None);
                    // Many tabs that wait for one lease take turns.
                    let patience = if self.world.has_locks { 5000 } else { 30_000 };
                    self.world.run(patience);
                    let Some(Ok(token)) = self.world.token(tab, reader) else {
                        panic!("{context}: no token, {:?}", self.world.token(tab, reader))
                    };
                    // Without local storage a page that was away hears of a sign-out when it renews.
                    let is_deaf = self.world.is_local_denied || !self.world.has_channel;
                    let is_unheard = is_deaf && self.was_signed_out;
                    let is_fair = self.was_revoked || is_unheard || self.world.strays > 0;
                    assert!(
                        self.world.provider.honours(&token) || is_fair,
                        "{context}: a dead token"
                    );
                }
                SessionState::Ended(error) => {
                    let is_lossy = self.world.lost_answers + self.world.strays > 0;
                    let is_over = self.was_revoked || self.was_signed_out;
                    let is_fair = match error.code() {
                        // A request that never arrived looks like one whose answer was lost.
                        ErrorCode::RefreshAnswerLost => is_lossy || is_over,
                        // Without local storage a tab that is gone cannot say that it had sent.
                        ErrorCode::SessionRefused => {
                            is_over
                                || self.world.strays > 0
                                || (is_lossy && self.world.is_local_denied)
                        }
                        // A page that was away finds that its family is no more.
                        ErrorCode::SessionEndedElsewhere => is_over || is_lossy || self.has_limit,
                        // The world knows whether its copy was stale.
                        ErrorCode::SessionCopyStale | ErrorCode::SessionIdle => true,
                        _ => false,
                    };
                    assert!(
                        is_fair,
                        "{context}: {error} ({} lost answers, {} strays)",
                        self.world.lost_answers, self.world.strays
                    );
                }
                SessionState::SignedOut | SessionState::SigningIn { .. } => {}
                SessionState::Loading => panic!("{context}: still loading"),
            }
        }
        let world = &self.world;
        assert!(
            world.provider.reuses <= world.lost_answers + world.strays,
            "seed {}: {} reuses, {} lost answers, {} strays",
            self.seed,
            world.provider.reuses,
            world.lost_answers,
            world.strays
        );
        assert_eq!(world.provider.code_reuses, 0, "seed {}", self.seed);
        let timers: usize = world.tabs.iter().map(|tab| tab.timers_fired).sum();
        let requests = world.sent.len();
        let tabs = world.tabs.len();
        // Without locks a tab that waits looks at the lease again and again.
        let polls = if world.has_locks { 0 } else { 1500 * tabs };
        assert!(
            timers < 200 * tabs + 8 * requests + polls,
            "seed {}: {timers} timers",
            self.seed
        );
    }
}

fn live(seed: u64, is_traced: bool) -> Life {
    let mut life = Life::new(seed, is_traced);
    life.live();
    life.recover();
    // What the lives of one seed cost, before the last readers.
    let elapsed = (life.world.now - super::world::START) / 1000;
    let refreshes = i64::try_from(life.world.count(Kind::Refresh)).unwrap();
    let bound = 2 * elapsed / life.lifetime + 400;
    assert!(
        refreshes <= bound,
        "seed {seed}: {refreshes} requests in {elapsed} s"
    );
    life.judge();
    life
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn simulation() {
    if let Some(seed) = number("SEED") {
        live(seed, true);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(2000);
    let from = number("FROM").unwrap_or(0);
    let next = AtomicU64::new(from);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let totals = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut totals = (0, 0);
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= from.saturating_add(seeds) || failed.lock().unwrap().len() >= 5 {
                            return totals;
                        }
                        let Ok(life) = std::panic::catch_unwind(|| live(seed, false)) else {
                            failed.lock().unwrap().push(seed);
                            continue;
                        };
                        let tabs = 0..life.world.tabs.len();
                        totals.0 += life.world.count(Kind::Refresh) as u64;
                        totals.1 +=
                            u64::from(tabs.into_iter().any(|tab| life.world.is_signed_in(tab)));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a life went wrong"))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "replay with SEED= one of {failed:?}");
    // A simulation in which nothing happens proves nothing.
    assert!(totals.0 > 10 * seeds, "{} renewals", totals.0);
    assert!(
        totals.1 > seeds / 2,
        "{} of {seeds} lives end with a session",
        totals.1
    );
}
