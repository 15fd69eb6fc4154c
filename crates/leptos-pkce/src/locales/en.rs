use super::Labels;
use pkce_core::ErrorCode;

pub(super) const LABELS: Labels = Labels {
    sign_in_with: "Sign in with {}",
    signing_in: "Opening the sign-in page…",
    sign_out: "Sign out",
    loading: "One moment…",
    sign_in_needed: "Sign in to go on.",
    not_allowed: "This account may not see this.",
    account: "Account",
    ends_idle: "This session ends soon, because nothing has happened here for a while.",
    ends_max_age: "This session ends soon, because it has lasted as long as it may.",
    time_left: "{} left",
    stay_signed_in: "Stay signed in",
    sign_in_again: "Sign in again",
    try_again: "Try again",
    dismiss: "Dismiss",
    error_details: "Details",
    expected: "Expected: {}",
    came: "Came: {}",
    provider_says: "The provider says: {}",
    error,
};

fn error(code: ErrorCode) -> (&'static str, &'static str) {
    use ErrorCode::*;
    match code {
        ConfigMissing
        | ConfigInvalidJson
        | ConfigUnknownKey
        | ConfigMissingKey
        | ConfigWrongType
        | ConfigInvalidValue
        | ConfigInsecureUrl
        | ConfigDuplicateId
        | ConfigClientSecret
        | ConfigReservedParameter
        | ConfigUnsupported => (
            "This app is not set up correctly",
            "Whoever runs it has to change its configuration as the details say.",
        ),
        InsecureContext => (
            "This page is not secure enough to sign in",
            "Open it with https, then try again.",
        ),
        StorageUnavailable | StorageFull => (
            "The browser cannot store the sign-in",
            "Allow this site to store data, or free some space, then reload the page.",
        ),
        ForeignFrame => (
            "Sign-in does not work inside another page",
            "Open this page in a tab of its own, then sign in.",
        ),
        NetworkError => (
            "The server could not be reached",
            "Check your connection and try again. If it is fine, the server may be down or may not \
             allow this page to talk to it.",
        ),
        Timeout | ServiceUnavailable | TemporarilyUnavailable | ServerError => (
            "The server is not answering as it should",
            "This usually passes. Try again in a moment.",
        ),
        ResponseTooLarge
        | UnexpectedRedirect
        | UnexpectedStatus
        | UnexpectedContentType
        | InvalidJson
        | ParResponseInvalid
        | TokenResponseInvalid => (
            "The server's answer makes no sense",
            "Try again. If it stays, tell whoever runs this app what the details say.",
        ),
        IssuerMismatch
        | MetadataInvalid
        | JwksInvalid
        | InvalidRequest
        | InvalidClient
        | UnauthorizedClient
        | UnsupportedResponseType
        | UnsupportedGrantType
        | InvalidScope
        | InvalidTarget
        | TokenTypeUnsupported => (
            "This app and its sign-in provider do not fit together",
            "Nothing you did is wrong. Whoever runs this app has to change what the details say.",
        ),
        CallbackInFragment
        | CallbackTooLarge
        | CallbackRepeatedParameter
        | CallbackInvalid
        | StateMissing
        | StateUnknown
        | IssMismatch
        | IssMissing => (
            "That sign-in could not be matched to this tab",
            "For your safety it was not used. Please sign in again from here.",
        ),
        StateExpired => ("The sign-in took too long", "Please sign in again."),
        StateConsumed => (
            "That sign-in link was used already",
            "Please sign in again to get a fresh one.",
        ),
        AccessDenied => (
            "You did not allow the sign-in",
            "Nothing was shared. You can sign in again whenever you like.",
        ),
        LoginRequired | InteractionRequired | ConsentRequired | AccountSelectionRequired => (
            "The provider wants to ask you something first",
            "Please sign in to go on.",
        ),
        InvalidGrant => (
            "The sign-in could not be completed",
            "The provider no longer accepts it. Please sign in again.",
        ),
        InvalidRequestUri => (
            "The sign-in was prepared too long ago",
            "Please sign in again to get a fresh one.",
        ),
        UnmetAuthenticationRequirements => (
            "The provider cannot sign you in as this needs",
            "Please sign in again with a stronger method, if you have one.",
        ),
        DpopKeyUnavailable | DpopSigningFailed => (
            "The browser cannot keep a key for this sign-in",
            "Allow this site to store data, leave private browsing, or use another browser, then \
             try again.",
        ),
        InvalidDpopProof => (
            "The server did not accept this browser's proof",
            "Set this device's date and time (best automatically), then try again.",
        ),
        UseDpopNonce => (
            "The server keeps asking for another proof",
            "Try again in a moment.",
        ),
        DpopNonceHidden => (
            "The server hides what this app needs to go on",
            "Nothing you did is wrong. Whoever runs the server has to allow this app to read its \
             DPoP-Nonce header.",
        ),
        IdTokenMissing
        | IdTokenMalformed
        | IdTokenAlgorithm
        | IdTokenKeyUnknown
        | IdTokenSignature
        | IdTokenIssuer
        | IdTokenAudience
        | IdTokenSubject
        | IdTokenNonce
        | IdTokenAccessTokenHash => (
            "The proof of who you are did not hold",
            "For your safety it was not used. Please try again; if it stays, tell whoever runs this \
             app what the details say.",
        ),
        IdTokenExpired | IdTokenNotYetValid => (
            "This device's clock and the provider's do not agree",
            "Set this device's date and time (best automatically), then sign in again.",
        ),
        IdTokenAuthTime | IdTokenAcr => (
            "A fresher or stronger sign-in is needed",
            "Please sign in again as the provider asks.",
        ),
        UserinfoSubject => (
            "Your profile could not be read",
            "You are signed in, but some of what is shown about you may be missing.",
        ),
        SessionExpired => ("Your session has ended", "Please sign in again to go on."),
        SessionRefused => (
            "The provider ended your session",
            "Please sign in again to go on.",
        ),
        RefreshAnswerLost => (
            "Your session was lost on the way",
            "An answer of the provider did not arrive. Please sign in again to go on.",
        ),
        SessionCopyStale => (
            "Your session went on in another tab",
            "Please sign in again to go on here.",
        ),
        SessionEndedElsewhere => (
            "You signed out in another tab",
            "Sign in again whenever you like.",
        ),
        SessionIdle => (
            "You were signed out after a while without activity",
            "Please sign in again to go on.",
        ),
        SessionMaxAge => (
            "Your session reached its longest time",
            "Please sign in again to go on.",
        ),
        NotSignedIn => ("Nobody is signed in", "Please sign in first."),
        ApiUrlNotAllowed => (
            "That address is not one of this app's APIs",
            "Nothing was sent. Whoever runs this app can add it to the configuration.",
        ),
        ApiUnauthorized => (
            "The API did not accept your sign-in",
            "Try again, or sign out and in again.",
        ),
        InsufficientScope => (
            "You are not allowed to do that",
            "Your sign-in does not include the permission that the API asks for.",
        ),
        InsufficientUserAuthentication => (
            "The API asks for a fresher or stronger sign-in",
            "Please sign in again, then repeat what you did.",
        ),
        ApiStatus => ("The API could not do that", "Try again in a moment."),
        Aborted => (
            "The request was given up",
            "Try again if you still want it.",
        ),
        _ => (
            "Something went wrong at the provider",
            "Please try again. If it stays, tell whoever runs this app what the details say.",
        ),
    }
}
