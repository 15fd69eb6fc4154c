//! What judging costs: a typical sign-in, and hostile input of 1 KB to 1 MB in every shape that is
//! known to hurt parsers. `cargo xtask bench core` runs it and shows how the cost grows.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "benchmarks may panic"
)]

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nix::time::{ClockId, clock_gettime};
use pkce_core::api::{Attempt, judge_status};
use pkce_core::authorization::{Entropy, SignInOptions, Transaction};
use pkce_core::callback::{CALLBACK_LIMIT, Callback, Grant, PageAddress};
use pkce_core::config::{Issuer, ProviderConfig};
use pkce_core::encoding::base64url;
use pkce_core::http::{Body, Exchange, HttpResponse};
use pkce_core::id_token::{Expectations, Occasion, UnverifiedIdToken, VerifiedIdToken};
use pkce_core::jose::{Jwks, SignatureOutcome};
use pkce_core::json::Json;
use pkce_core::metadata::ProviderMetadata;
use pkce_core::secret::{Nonce, RawIdToken, SecretText};
use pkce_core::token::{exchange_request, judge};
use pkce_core::url::HttpUrl;
use pkce_core::{Error, Phase, Timestamp};
use std::hint::black_box;
use std::time::Duration;

const ISSUER: &str = "https://id.example";
const CLIENT: &str = "spa";
const NOW: i64 = 1_767_225_600;
const NONCE: &str = "0123456789012345678901234567890123456789012";
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const RSA_KEY: &str = r#"{"kty":"RSA","kid":"k1","use":"sig","alg":"RS256","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;

/// What a sign-in has at hand when its answer comes.
struct Fixture {
    state: String,
    stored: SecretText,
    jwks: String,
}

impl Fixture {
    fn new() -> Self {
        let page = HttpUrl::parse("https://app.example/").expect("a page");
        let provider = ProviderConfig::builder("main", ISSUER, CLIENT)
            .build(&page)
            .expect("a provider");
        let metadata = ProviderMetadata::restore(&format!(
            r#"{{"issuer":"{ISSUER}","authorization_endpoint":"{ISSUER}/a","token_endpoint":"{ISSUER}/t"}}"#
        ));
        let (transaction, _) = Transaction::begin(
            &provider,
            &metadata.expect("metadata"),
            SignInOptions::default(),
            Entropy::new([7; 96]),
            now(),
        )
        .expect("a transaction");
        let jwks = format!(r#"{{"keys":[{RSA_KEY}]}}"#);
        Self {
            state: transaction.state().expose().to_owned(),
            stored: transaction.to_json(),
            jwks,
        }
    }

    /// Callback and ID token, as a page judges them after the redirect.
    fn sign_in(&self, query: &str, id_token: &str) -> Result<VerifiedIdToken, Error> {
        black_box(exchange_request(self.answer(query)?));
        self.id_token(id_token)
    }

    fn answer(&self, query: &str) -> Result<Grant, Error> {
        let address = PageAddress {
            path: "/callback",
            query,
            fragment: "",
        };
        black_box(address.cleaned());
        let callback = Callback::read(address)?;
        // A page reads it from its storage.
        let stored = Transaction::from_json(self.stored.expose(), "https://app.example");
        callback.judge(stored.expect("a transaction"), now())
    }

    fn id_token(&self, text: &str) -> Result<VerifiedIdToken, Error> {
        let jwks = Jwks::from_json_text(&self.jwks)?;
        let raw = RawIdToken::new(text).expect("printable");
        let pending = UnverifiedIdToken::parse(&raw)?.candidates(&jwks, None)?;
        let nonce = Nonce::new(NONCE).expect("printable");
        let expected = Expectations {
            issuer: ISSUER,
            client_id: CLIENT,
            access_token: None,
            occasion: Occasion::SignIn {
                nonce: &nonce,
                max_age: None,
                acr_values: None,
            },
        };
        pending.verify(&[SignatureOutcome::Valid], &expected, now())
    }

    fn callback(&self) -> String {
        let state = &self.state;
        format!("?code=SplxlOBeZQQYbYS6WxSbIA&state={state}&iss=https%3A%2F%2Fid.example")
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn token(claims: &str) -> String {
    let header = base64url(br#"{"alg":"RS256","kid":"k1","typ":"JWT"}"#);
    let payload = base64url(claims.as_bytes());
    format!("{header}.{payload}.{}", base64url(&[1; 256]))
}

fn typical_token() -> String {
    token(&format!(
        r#"{{"iss":"{ISSUER}","aud":"{CLIENT}","sub":"248289761001","iat":{NOW},"exp":{},
            "nonce":"{NONCE}","auth_time":{NOW},"name":"Jane Doe","email":"jane@example.com",
            "picture":"https://id.example/jane.png","locale":"ko-KR"}}"#,
        NOW + 3600
    ))
}

fn answer(body: &str) -> Exchange {
    Ok(HttpResponse {
        status: 200,
        content_type: Some("application/json".to_owned()),
        retry_after: None,
        body: Body(body.as_bytes().to_vec()),
    })
}

/// `part` again and again, up to about `size` octets.
fn filled(part: impl Fn(usize) -> String, size: usize) -> String {
    let mut text = String::with_capacity(size + 600);
    let mut index = 0;
    while text.len() < size {
        text.push_str(&part(index));
        index += 1;
    }
    text
}

/// A shape of hostile input: its text by size, and what looks at it.
type Shape = (
    &'static str,
    fn(&Fixture, usize) -> String,
    fn(&Fixture, &str) -> bool,
);

const SHAPES: [Shape; 12] = [
    (
        "callback one long value",
        |f, n| format!("{}&x={}", f.callback(), "x".repeat(n)),
        is_judged_by_size,
    ),
    (
        "callback many parameters",
        |f, n| format!("{}{}", f.callback(), filled(|i| format!("&p{i}=v"), n)),
        is_judged_by_size,
    ),
    (
        "callback escapes",
        |f, n| {
            format!(
                "{}&error_description={}",
                f.callback(),
                "%25%32%35+".repeat(n / 10)
            )
        },
        is_judged_by_size,
    ),
    (
        "id token long claim",
        |_, n| token(&format!(r#"{{"iss":"{}"}}"#, "x".repeat(n))),
        |fixture, text| fixture.id_token(text).is_err(),
    ),
    (
        "id token many claims",
        |_, n| token(&object(n)),
        |fixture, text| fixture.id_token(text).is_err(),
    ),
    (
        "id token many dots",
        |_, n| ".".repeat(n),
        |fixture, text| fixture.id_token(text).is_err(),
    ),
    (
        "token response many members",
        |_, n| object(n),
        |_, text| judge(&answer(text), Phase::Token).is_err(),
    ),
    (
        "token response nested",
        |_, n| nested(n),
        |_, text| judge(&answer(text), Phase::Token).is_err(),
    ),
    (
        "discovery long list",
        |_, n| discovery(n),
        |_, text| {
            let issuer = Issuer::parse(ISSUER).expect("an issuer");
            ProviderMetadata::judge(&answer(text), &issuer).is_ok()
        },
    ),
    (
        "jwks many keys",
        |_, n| keys(n),
        |_, text| Jwks::from_json_text(text).is_ok(),
    ),
    (
        "www-authenticate many params",
        |_, n| format!("Bearer {}", filled(|i| format!("p{i}=\"v\","), n)),
        is_refused,
    ),
    (
        "www-authenticate open quote",
        |_, n| format!("Bearer a=\"{}", "\\\"".repeat(n / 2)),
        is_refused,
    ),
];

/// A callback is taken up to the limit and refused beyond.
fn is_judged_by_size(fixture: &Fixture, query: &str) -> bool {
    fixture.answer(query).is_ok() == (query.len() <= CALLBACK_LIMIT)
}

fn is_refused(_: &Fixture, header: &str) -> bool {
    judge_status(401, Some(header), Attempt::First)
        .into_error()
        .is_some()
}

fn object(size: usize) -> String {
    // In falling order, which is the worst for some sorts.
    let members = filled(|index| format!(r#","m{:09}":1"#, 999_999_999 - index), size);
    format!("{{{}}}", members.trim_start_matches(','))
}

/// As deep as is read, side by side.
fn nested(size: usize) -> String {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let items = filled(|_| format!("{deep},"), size);
    format!(r#"{{"x":[{}]}}"#, items.trim_end_matches(','))
}

fn discovery(size: usize) -> String {
    let items = filled(|index| format!(r#""RS{index}","#), size);
    format!(
        r#"{{"issuer":"{ISSUER}","authorization_endpoint":"{ISSUER}/a","token_endpoint":"{ISSUER}/t",
            "id_token_signing_alg_values_supported":[{}]}}"#,
        items.trim_end_matches(',')
    )
}

fn keys(size: usize) -> String {
    let items = filled(|_| format!("{RSA_KEY},"), size);
    format!(r#"{{"keys":[{}]}}"#, items.trim_end_matches(','))
}

fn typical(criterion: &mut Criterion<CpuTime>) {
    let fixture = Fixture::new();
    let (query, token) = (fixture.callback(), typical_token());
    assert!(fixture.sign_in(&query, &token).is_ok());
    criterion.bench_function("typical sign-in", |bencher| {
        bencher.iter(|| fixture.sign_in(black_box(&query), black_box(&token)));
    });
    let text = format!(
        r#"{{"access_token":"a","token_type":"Bearer","expires_in":60,"refresh_token":"r","id_token":"{token}"}}"#
    );
    criterion.bench_function("typical token response", |bencher| {
        bencher.iter(|| judge(black_box(&answer(&text)), Phase::Token));
    });
}

fn hostile(criterion: &mut Criterion<CpuTime>) {
    let fixture = Fixture::new();
    for (name, make, look) in SHAPES {
        let mut group = criterion.benchmark_group(name);
        for size in SIZES {
            let text = make(&fixture, size);
            // It is looked at as it is meant to be: JSON is JSON, and the outcome is the intended.
            assert!(look(&fixture, &text), "{name} {size}");
            if text.starts_with('{') {
                assert!(Json::parse(&text).is_some(), "{name} {size}");
            }
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                bencher.iter(|| look(&fixture, black_box(&text)));
            });
        }
        group.finish();
    }
}

/// Processor time of this thread, so that a busy machine does not count.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock"))
    }
    fn end(&self, start: Duration) -> Duration {
        self.start().saturating_sub(start)
    }
    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }
    fn zero(&self) -> Duration {
        Duration::ZERO
    }
    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(20);
    targets = typical, hostile
}
criterion_main!(benches);
