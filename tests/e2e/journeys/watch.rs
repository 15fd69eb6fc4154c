//! The journeys' own watch is awake: what it looks for after each of them, it can see.

use serde_json::json;

use crate::journey::journey;
use crate::secrets;

#[test]
fn every_kind_of_secret_is_known_after_a_sign_in_and_a_refresh() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let before = visitor.storage().await;
        visitor.press("refresh-now").await;
        visitor.until_storage_differs_from(&before).await;
        visitor.see_text("renewals", "1").await;
        let secrets = visitor.secrets().await;
        for (name, least) in [
            ("code", 1),
            ("code_verifier", 1),
            ("access_token", 2),
            ("refresh_token", 2),
            ("id_token", 1),
        ] {
            let count = secrets.iter().filter(|secret| secret.name == name).count();
            assert!(count >= least, "{count} of {name}");
        }
    });
}

#[test]
fn a_secret_out_of_place_is_found() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let secret = visitor.secrets().await.remove(0);
        for (put, take_away) in [
            (
                "localStorage.setItem('kept', arguments[0])",
                "localStorage.removeItem('kept')",
            ),
            ("document.title = arguments[0]", "document.title = ''"),
            (
                "history.replaceState(arguments[0], '')",
                "history.replaceState(null, '')",
            ),
            ("window.name = arguments[0]", "window.name = ''"),
            (
                "document.cookie = `kept=${arguments[0]}`",
                "document.cookie = 'kept=; max-age=0'",
            ),
        ] {
            visitor
                .run(&format!("{put};"), vec![json!(secret.value)])
                .await;
            let looking = {
                let visitor = visitor.clone();
                tokio::spawn(async move { secrets::are_nowhere_they_must_not_be(&visitor).await })
            };
            assert!(looking.await.is_err(), "it was not found after: {put}");
            visitor.run(&format!("{take_away};"), vec![]).await;
        }
    });
}

#[test]
fn a_violation_of_the_policy_and_an_uncaught_error_are_noted() {
    journey(|visitor| async move {
        visitor.open_app().await;
        visitor.see_signed_out().await;
        visitor
            .run(
                "document.body.append(Object.assign(new Image(), { src: 'http://localhost:1/x.png' }));
                 dispatchEvent(new ErrorEvent('error', { message: 'thrown on purpose' }));
                 dispatchEvent(new PromiseRejectionEvent('unhandledrejection',
                     { promise: Promise.resolve(), reason: 'rejected on purpose' }));",
                vec![],
            )
            .await;
        visitor
            .until(
                "three notes of trouble",
                "const notes = noted('trouble').join(' ');
                 return ['img-src blocked', 'thrown on purpose', 'rejected on purpose']
                     .every((part) => notes.includes(part)) || null;",
                vec![],
            )
            .await;
        visitor
            .run(
                "Object.keys(local).filter((key) => key.startsWith('e2e.trouble.'))
                     .forEach((key) => local.removeItem(key));",
                vec![],
            )
            .await;
    });
}
