//! The soak: several tabs of one sign-in with tokens of two seconds, for minutes. Nothing may be
//! lost, and no tab may grow.
//!
//! `cargo xtask soak` runs it, in Chromium, which tells what a page holds in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::{Browser, Driver, Profile};
use crate::vocabulary::{Tab, Visitor};
use crate::world::{Setup, Watch, World};

const ACCESS_TOKEN_SECONDS: u64 = 2;
/// How often the tabs are looked at, where the time is long enough for it.
const SAMPLE_EVERY: Duration = Duration::from_secs(30);
/// The fewest samples from which a trend is read.
const FEWEST_SAMPLES: u32 = 9;
/// How much larger the median of the last third may be than that of the first, in percent.
const GROWTH_LIMIT: f64 = 20.0;

/// Keeps hold of the app's wasm memory, and notes every error that is ever shown.
const PAGE_SCRIPT: &str = "
    window.e2eErrors = [];
    for (const name of ['instantiate', 'instantiateStreaming']) {
        const original = WebAssembly[name];
        WebAssembly[name] = async (...parameters) => {
            const made = await original.apply(WebAssembly, parameters);
            window.e2eWasm = (made.instance ?? made).exports.memory;
            return made;
        };
    }
    new MutationObserver(() => {
        const shown = document.querySelector('[data-testid=auth-error]')?.dataset.error;
        if (shown && e2eErrors.length < 100) e2eErrors.push(shown);
    }).observe(document, { subtree: true, childList: true });";

/// What one tab holds at one moment, after its garbage was collected.
#[derive(Clone, Copy)]
struct Held {
    /// Octets of JavaScript objects.
    heap: f64,
    /// Octets of the app's wasm memory.
    wasm: f64,
    /// Nodes of documents.
    nodes: f64,
    /// Event listeners.
    listeners: f64,
}

impl Held {
    const MEASURES: [(&'static str, fn(&Self) -> f64); 4] = [
        ("JS heap", |held| held.heap),
        ("wasm memory", |held| held.wasm),
        ("DOM nodes", |held| held.nodes),
        ("listeners", |held| held.listeners),
    ];

    async fn by(visitor: &Visitor) -> Self {
        visitor.devtools("Performance.enable", json!({})).await;
        // Twice: what the first round lets go may free more.
        for _ in 0..2 {
            visitor
                .devtools("HeapProfiler.collectGarbage", json!({}))
                .await;
        }
        let metrics = visitor.devtools("Performance.getMetrics", json!({})).await;
        let metric = |name: &str| {
            let metrics = metrics["metrics"].as_array().expect("a list of metrics");
            let found = metrics.iter().find(|metric| metric["name"] == name);
            found
                .and_then(|metric| metric["value"].as_f64())
                .unwrap_or_else(|| panic!("no metric {name} in {metrics:?}"))
        };
        let wasm = visitor
            .run("return window.e2eWasm.buffer.byteLength;", vec![])
            .await;
        Self {
            heap: metric("JSHeapUsedSize"),
            wasm: wasm.as_f64().expect("a number of octets"),
            nodes: metric("Nodes"),
            listeners: metric("JSEventListeners"),
        }
    }
}

#[test]
#[ignore = "takes minutes: `cargo xtask soak`"]
fn tabs_of_one_sign_in_live_for_minutes_and_neither_lose_it_nor_grow() {
    let minutes = number_from("E2E_SOAK_MINUTES", 10);
    let tabs = number_from("E2E_SOAK_TABS", 5);
    assert!(minutes >= 1 && tabs >= 1, "at least one minute and one tab");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(soak(
        Duration::from_secs(u64::from(minutes) * 60),
        usize::try_from(tabs).expect("so many tabs"),
    ));
}

fn number_from(variable: &str, usual: u32) -> u32 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not {text}")),
        Err(_) => usual,
    }
}

async fn soak(span: Duration, count: usize) {
    assert_eq!(Browser::chosen(), Browser::Chromium, "it tells its memory");
    let setup = Setup {
        access_token_seconds: ACCESS_TOKEN_SECONDS,
        watch: Watch::Nobody,
        page_script: PAGE_SCRIPT,
        ..Setup::default()
    };
    let world = Arc::new(World::start(setup).await);
    let driver = Driver::start(Browser::Chromium);
    let client = driver.open(Browser::Chromium, Profile::default()).await;
    let visitor = Visitor::new(client.clone(), world);

    let tabs = arrive_with_tabs(&visitor, count).await;
    let samples = sample(&visitor, &tabs, span).await;
    let renewals = nothing_is_lost(&visitor, &tabs).await;
    println!(
        "\n{renewals} renewals for {count} tabs in {:.1} minutes, each with one request; no refresh \
         token came twice, no error was shown",
        span.as_secs_f64() / 60.0
    );
    let grown = growth(&samples);
    let _ = client.close().await;
    drop(driver);
    assert!(grown.is_empty(), "memory is not flat: {grown:#?}");
}

/// One tab signs in, the others join it.
async fn arrive_with_tabs(visitor: &Visitor, count: usize) -> Vec<Tab> {
    visitor.arrive_signed_in_as("alice").await;
    let mut tabs = vec![visitor.this_tab().await];
    while tabs.len() < count {
        tabs.push(visitor.open_tab().await);
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("alice").await;
    }
    tabs
}

/// Looks at each tab again and again; gives what each held, sample by sample.
async fn sample(visitor: &Visitor, tabs: &[Tab], span: Duration) -> Vec<Vec<Held>> {
    let every = SAMPLE_EVERY.min(span / FEWEST_SAMPLES);
    let start = Instant::now();
    let mut moments = tokio::time::interval(every);
    moments.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut samples: Vec<Vec<Held>> = vec![Vec::new(); tabs.len()];
    println!("minute  renewals  JS heap and wasm memory of each tab, in KiB");
    while start.elapsed() <= span {
        moments.tick().await;
        let mut row = String::new();
        for (tab, samples) in tabs.iter().zip(&mut samples) {
            visitor.look_at(tab).await;
            visitor.see_user("Alice Liddell").await;
            no_error_was_shown(visitor).await;
            let held = Held::by(visitor).await;
            row += &format!("  {:>6.0} {:>5.0}", held.heap / 1024.0, held.wasm / 1024.0);
            samples.push(held);
        }
        println!(
            "{:>6.1}  {:>8}{row}",
            start.elapsed().as_secs_f64() / 60.0,
            visitor.renewals().await
        );
    }
    samples
}

async fn no_error_was_shown(visitor: &Visitor) {
    let errors = visitor.run("return window.e2eErrors;", vec![]).await;
    assert_eq!(errors, json!([]), "errors that a tab showed");
}

/// Every tab has the same tokens, every refresh token was sent once, and they are of use.
async fn nothing_is_lost(visitor: &Visitor, tabs: &[Tab]) -> u64 {
    let renewals = visitor.halt_renewals_and_see_them_in(tabs).await;
    let counters = visitor.world().provider.counters();
    assert_eq!(counters.token_requests_of("refresh_token"), renewals);
    assert_eq!(counters.token_results("refresh_token", "ok"), renewals);
    assert_eq!(counters.refresh_reuses, 0);
    assert_eq!(counters.authorization_requests, 1);
    visitor.let_renewals_through();
    for tab in tabs {
        visitor.look_at(tab).await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("alice").await;
        no_error_was_shown(visitor).await;
    }
    renewals
}

/// Prints how each tab's figures went, and gives those that grew too much.
fn growth(samples: &[Vec<Held>]) -> Vec<Value> {
    let mut grown = Vec::new();
    println!(
        "\n{:<5} {:<12} {:>12} {:>12} {:>8}",
        "tab", "", "first third", "last third", "growth"
    );
    for (index, samples) in samples.iter().enumerate() {
        let third = (samples.len() / 3).max(1);
        for (name, measure) in Held::MEASURES {
            let figures: Vec<f64> = samples.iter().map(measure).collect();
            let first = median(&figures[..third]);
            let last = median(&figures[figures.len() - third..]);
            let percent = (last / first - 1.0) * 100.0;
            println!(
                "{:<5} {name:<12} {first:>12.0} {last:>12.0} {percent:>7.1} %",
                index + 1
            );
            if percent > GROWTH_LIMIT {
                grown.push(json!({ "tab": index + 1, "measure": name, "percent": percent }));
            }
        }
    }
    grown
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    }
}

#[test]
fn the_median_is_the_middle() {
    assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
}
