//! The names under which an instance keeps its entries.

use crate::session::StorageKeys;
use std::collections::BTreeSet;

#[test]
fn every_name_is_the_instances_own_and_no_other_entrys() {
    // Entries outlive a release, and the shell finds them by these names.
    let keys = StorageKeys::new("t");
    let names = [
        (keys.prefix().to_owned(), "t."),
        (keys.session(), "t.session"),
        (keys.left(), "t.left"),
        (keys.transactions(), "t.tx."),
        (keys.transaction("s"), "t.tx.s"),
        (keys.consumed(), "t.consumed"),
        (keys.family("f"), "t.family.f"),
        (keys.lock("l"), "t.lock.l"),
        (keys.channel(), "t.channel"),
    ];
    for (name, expected) in &names {
        assert_eq!(name, expected);
    }
    let distinct: BTreeSet<_> = names.iter().map(|(name, _)| name).collect();
    assert_eq!(distinct.len(), names.len());
    // An issuer's name is a fingerprint, so that no URL ends up in a key.
    let (one, other) = (
        keys.provider("https://id.example"),
        keys.provider("https://id.example/"),
    );
    assert!(one.starts_with("t.provider.") && one.len() == "t.provider.".len() + 43);
    assert_ne!(one, other);
}
