use crate::api::www_authenticate::{CHALLENGE_LIMIT, LIMIT, PARAM_LIMIT, parse};
use proptest::prelude::*;

/// Scheme, token68 and parameters of each challenge, written down briefly.
fn shown(header: &str) -> Vec<String> {
    parse(header)
        .iter()
        .map(|challenge| {
            let mut text = challenge.scheme().to_owned();
            if let Some(token) = challenge.token68() {
                text.push_str(&format!(" <{token}>"));
            }
            for (name, value) in challenge.params() {
                text.push_str(&format!(" {name}=[{value}]"));
            }
            text
        })
        .collect()
}

#[test]
fn challenges_are_told_apart() {
    // RFC 9110 11.6.1
    for (header, challenges) in [
        (r#"Bearer"#, vec!["Bearer"]),
        (r#"Bearer realm="a b""#, vec!["Bearer realm=[a b]"]),
        (
            r#"Bearer realm="a", error="invalid_token""#,
            vec!["Bearer realm=[a] error=[invalid_token]"],
        ),
        (
            r#"Bearer error=invalid_token"#,
            vec!["Bearer error=[invalid_token]"],
        ),
        (
            r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
            vec![
                "Basic realm=[simple]",
                r#"Newauth realm=[apps] type=[1] title=[Login to "apps"]"#,
            ],
        ),
        (
            r#"Negotiate, Bearer scope="a""#,
            vec!["Negotiate", "Bearer scope=[a]"],
        ),
        (
            r#"Negotiate a1-._~+/==, Bearer x="y""#,
            vec!["Negotiate <a1-._~+/==>", "Bearer x=[y]"],
        ),
        (r#"Negotiate YQ=="#, vec!["Negotiate <YQ==>"]),
        (
            r#"Negotiate YQ== ,Basic"#,
            vec!["Negotiate <YQ==>", "Basic"],
        ),
        (
            r#"DPoP algs="ES256 PS256", error="use_dpop_nonce""#,
            vec!["DPoP algs=[ES256 PS256] error=[use_dpop_nonce]"],
        ),
        (
            r#"Bearer max_age="5", acr_values="a b""#,
            vec!["Bearer max_age=[5] acr_values=[a b]"],
        ),
        (
            "Bearer\trealm=\"a\"\t,\terror=\"b\"",
            vec!["Bearer realm=[a] error=[b]"],
        ),
        (
            r#",, ,Bearer  realm = "a" ,, error= b ,"#,
            vec!["Bearer realm=[a] error=[b]"],
        ),
        (r#"Bearer , error="a""#, vec!["Bearer error=[a]"]),
        (r#"Bearer a="x,y", b="""#, vec!["Bearer a=[x,y] b=[]"]),
        (
            r#"Bearer a="Basic realm=\"x\"", b=1"#,
            vec![r#"Bearer a=[Basic realm="x"] b=[1]"#],
        ),
    ] {
        assert_eq!(shown(header), challenges, "{header}");
    }
}

#[test]
fn scheme_and_names_are_compared_without_case() {
    // RFC 9110 11.1, 11.2
    let challenges = parse(r#"bEARER ERROR="Invalid_Token", error="second""#);
    assert!(challenges[0].is("Bearer") && challenges[0].is("BEARER"));
    assert!(!challenges[0].is("Basic") && !challenges[0].is("Bear"));
    assert_eq!(challenges[0].scheme(), "bEARER");
    assert_eq!(challenges[0].param("error"), Some("Invalid_Token"));
    assert_eq!(challenges[0].param("errors"), None);
}

#[test]
fn rubbish_is_skipped() {
    for (header, challenges) in [
        ("", vec![]),
        ("   ", vec![]),
        (",,,", vec![]),
        ("=", vec![]),
        ("a=b", vec![]),
        ("\"Bearer error=x\"", vec![]),
        ("\u{e9}\u{e9}", vec![]),
        ("((Bearer)) error=x", vec!["Bearer error=[x]"]),
        ("Bearer/x", vec!["Bearer", "x"]),
        // No comma between two challenges, as some servers send it.
        (
            r#"Bearer error="a" DPoP algs="b""#,
            vec!["Bearer error=[a]", "DPoP algs=[b]"],
        ),
        // A quotation without an end takes the rest with it.
        (r#"Bearer a=1, error="x, Basic"#, vec!["Bearer a=[1]"]),
        (r#"Bearer a=1, error="x\"#, vec!["Bearer a=[1]"]),
        (
            r#"Bearer scope=https://a/b?c"#,
            vec!["Bearer scope=[https://a/b?c]"],
        ),
        (r#"Bearer x=1, a=, b=1"#, vec!["Bearer x=[1] a=[] b=[1]"]),
        // By the grammar this is a token68.
        (r#"Bearer a=, b=1"#, vec!["Bearer <a=> b=[1]"]),
        // A parameter without a challenge, since a space may stand before the `=`.
        ("Basic =x", vec![]),
    ] {
        assert_eq!(shown(header), challenges, "{header}");
    }
}

#[test]
fn what_is_read_is_bounded() {
    assert_eq!(parse(&"A, ".repeat(CHALLENGE_LIMIT)).len(), CHALLENGE_LIMIT);
    assert_eq!(
        parse(&"A, ".repeat(CHALLENGE_LIMIT + 1)).len(),
        CHALLENGE_LIMIT
    );
    let params = |count: usize| format!("A {}", "a=1,".repeat(count));
    assert_eq!(parse(&params(PARAM_LIMIT))[0].params().count(), PARAM_LIMIT);
    assert_eq!(
        parse(&params(PARAM_LIMIT + 1))[0].params().count(),
        PARAM_LIMIT
    );
    // The limit may fall into the middle of a character.
    let at = |place: usize| format!("{}Bearer", " ".repeat(place - "Bearer".len()));
    assert_eq!(shown(&at(LIMIT)), ["Bearer"]);
    assert_eq!(shown(&at(LIMIT + 1)), ["Beare"]);
    let split = format!("A b=\"{}\"", "é".repeat(LIMIT));
    assert_eq!(shown(&split), ["A"]);
    let split = format!("AB b=\"{}\"", "é".repeat(LIMIT));
    assert_eq!(shown(&split), ["AB"]);
}

#[test]
fn hostile_headers_cost_no_more_than_their_length() {
    for unit in ["a ", "a=", "\"", "\\", "a a=\"", "=", "/", "a~=,"] {
        let _ = parse(&unit.repeat(1 << 20));
    }
}

proptest! {
    #[test]
    fn no_header_makes_the_parser_panic(header in any::<String>()) {
        let _ = parse(&header);
    }

    #[test]
    fn no_text_of_its_own_alphabet_makes_the_parser_panic(header in "[a=\", \\\\/\t\u{e9}]{0,40}") {
        for challenge in parse(&header) {
            prop_assert!(!challenge.scheme().is_empty());
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        challenges in prop::collection::vec(
            ("[A-Za-z]{1,8}", prop::collection::vec(("[a-z_]{1,8}", "\\PC{0,12}"), 1..4)),
            0..4,
        ),
    ) {
        let write = |(scheme, params): &(String, Vec<(String, String)>)| {
            let params: Vec<_> = params
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            format!("{scheme} {}", params.join(", "))
        };
        let header = challenges.iter().map(write).collect::<Vec<_>>().join(", ");
        let read: Vec<(String, Vec<(String, String)>)> = parse(&header)
            .iter()
            .map(|challenge| {
                let params = challenge.params().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                (challenge.scheme().to_owned(), params)
            })
            .collect();
        prop_assert_eq!(read, challenges);
    }
}
