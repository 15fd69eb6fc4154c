//! One journey: a world, a browser, what happens, and what must hold after every one.

use std::path::PathBuf;
use std::sync::Arc;

use fantoccini::Client;

use crate::browser::{Browser, Driver, Language};
use crate::secrets;
use crate::vocabulary::Visitor;
use crate::world::{Setup, World};

/// A journey in the usual world: one provider that behaves, in English.
pub(crate) fn journey<F, Fut>(story: F)
where
    F: FnOnce(Visitor) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    journey_in(Setup::default(), story);
}

/// A journey by somebody whose browser asks for Korean.
pub(crate) fn journey_in_korean<F, Fut>(story: F)
where
    F: FnOnce(Visitor) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    journey_in(Setup::in_language(Language::Korean), story);
}

/// A journey in a world of one's own.
pub(crate) fn journey_in<F, Fut>(setup: Setup, story: F)
where
    F: FnOnce(Visitor) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let browser = Browser::chosen();
        let profile = setup.profile;
        let world = Arc::new(World::start(setup).await);
        let driver = Driver::start(browser);
        let client = driver.open(browser, profile).await;
        let visitor = Visitor::new(client.clone(), Arc::clone(&world));

        let story = story(visitor.clone());
        let outcome = tokio::spawn(async move {
            story.await;
            nothing_went_wrong_unseen(&visitor).await;
            for tab in visitor.tabs().await {
                visitor.look_at(&tab).await;
                visitor.stand_on_the_apps_origin().await;
                secrets::are_nowhere_they_must_not_be(&visitor).await;
            }
        })
        .await;

        if outcome.is_err() {
            report(&client, &world).await;
        }
        // A session that a failed test left in a bad state ends with its driver.
        let _ = client.close().await;
        drop(driver);
        if let Err(failure) = outcome {
            std::panic::resume_unwind(failure.into_panic());
        }
    });
}

/// No violation of the Content Security Policy, no uncaught error, no panic: in any journey.
async fn nothing_went_wrong_unseen(visitor: &Visitor) {
    visitor.stand_on_the_apps_origin().await;
    let trouble = visitor.notes("trouble").await;
    assert!(trouble.is_empty(), "the page had trouble: {trouble:#?}");
}

/// Tells all that helps to understand a failure.
async fn report(client: &Client, world: &World) {
    let url = client
        .current_url()
        .await
        .map(String::from)
        .unwrap_or_default();
    let text = client
        .execute("return document.body?.innerText ?? ''", vec![])
        .await;
    let notes = client
        .execute(
            "return Object.entries(localStorage)
                 .filter(([name]) => /^e2e\\.(trouble|console)/.test(name));",
            vec![],
        )
        .await;
    eprintln!("--- the page at the failure: {url}");
    eprintln!(
        "{}",
        text.ok()
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    );
    eprintln!("--- what the probe noted: {}", notes.unwrap_or_default());
    eprintln!("--- what the provider did:");
    for event in world.provider.feed().after(0).iter().rev().take(30).rev() {
        eprintln!("{:?} {} {:?}", event.kind, event.endpoint, event.details);
    }
    if let Ok(picture) = client.screenshot().await {
        let name = std::thread::current()
            .name()
            .unwrap_or("journey")
            .replace("::", "-");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("failures");
        let file = folder.join(format!("{name}-{:?}.png", Browser::chosen()).to_lowercase());
        if std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, picture))
            .is_ok()
        {
            eprintln!("--- a picture of it: {}", file.display());
        }
    }
}
