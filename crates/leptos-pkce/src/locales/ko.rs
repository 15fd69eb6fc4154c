use super::Labels;
use pkce_core::ErrorCode;

pub(super) const LABELS: Labels = Labels {
    sign_in_with: "{}(으)로 로그인",
    signing_in: "로그인 페이지를 여는 중…",
    sign_out: "로그아웃",
    loading: "잠시만 기다려 주세요…",
    sign_in_needed: "계속하려면 로그인해 주세요.",
    not_allowed: "이 계정으로는 볼 수 없는 내용입니다.",
    account: "계정",
    ends_idle: "한동안 사용하지 않아 곧 로그아웃됩니다.",
    ends_max_age: "이용할 수 있는 시간이 다 되어 곧 로그아웃됩니다.",
    time_left: "{} 남음",
    stay_signed_in: "로그인 유지",
    sign_in_again: "다시 로그인",
    try_again: "다시 시도",
    dismiss: "닫기",
    error_details: "자세히",
    expected: "기대한 것: {}",
    came: "받은 것: {}",
    provider_says: "인증 서버의 설명: {}",
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
            "앱 설정이 올바르지 않습니다",
            "앱 운영자가 아래 내용에 따라 설정을 고쳐야 합니다.",
        ),
        InsecureContext => (
            "안전하지 않은 연결에서는 로그인할 수 없습니다",
            "https 주소로 연 뒤 다시 시도해 주세요.",
        ),
        StorageUnavailable | StorageFull => (
            "브라우저에 로그인 정보를 저장할 수 없습니다",
            "이 사이트의 데이터 저장을 허용하거나 저장 공간을 비운 뒤 새로고침해 주세요.",
        ),
        ForeignFrame => (
            "다른 페이지 안에서는 로그인할 수 없습니다",
            "이 페이지를 새 탭에서 연 뒤 로그인해 주세요.",
        ),
        NetworkError => (
            "서버에 연결할 수 없습니다",
            "인터넷 연결을 확인하고 다시 시도해 주세요. 연결에 문제가 없다면 서버가 멈췄거나 이 페이지의 \
             접근을 허용하지 않는 것일 수 있습니다.",
        ),
        Timeout | ServiceUnavailable | TemporarilyUnavailable | ServerError => (
            "서버가 제대로 응답하지 않습니다",
            "대개 곧 해결됩니다. 잠시 후 다시 시도해 주세요.",
        ),
        ResponseTooLarge
        | UnexpectedRedirect
        | UnexpectedStatus
        | UnexpectedContentType
        | InvalidJson
        | ParResponseInvalid
        | TokenResponseInvalid => (
            "서버의 응답을 이해할 수 없습니다",
            "다시 시도해 주세요. 계속되면 자세한 내용을 앱 운영자에게 알려 주세요.",
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
            "앱과 인증 서버의 설정이 서로 맞지 않습니다",
            "사용자의 잘못이 아닙니다. 앱 운영자가 자세한 내용에 따라 설정을 고쳐야 합니다.",
        ),
        CallbackInFragment
        | CallbackTooLarge
        | CallbackRepeatedParameter
        | CallbackInvalid
        | StateMissing
        | StateUnknown
        | IssMismatch
        | IssMissing => (
            "이 탭에서 시작한 로그인이 아닙니다",
            "안전을 위해 사용하지 않았습니다. 여기에서 다시 로그인해 주세요.",
        ),
        StateExpired => ("로그인 시간이 초과되었습니다", "다시 로그인해 주세요."),
        StateConsumed => ("이미 사용한 로그인 링크입니다", "새로 로그인해 주세요."),
        AccessDenied => (
            "로그인을 허용하지 않으셨습니다",
            "공유된 정보는 없습니다. 원할 때 언제든 다시 로그인할 수 있습니다.",
        ),
        LoginRequired | InteractionRequired | ConsentRequired | AccountSelectionRequired => (
            "인증 서버에서 먼저 확인할 것이 있습니다",
            "계속하려면 로그인해 주세요.",
        ),
        InvalidGrant => (
            "로그인을 마치지 못했습니다",
            "인증 서버가 더 이상 이 로그인을 받아들이지 않습니다. 다시 로그인해 주세요.",
        ),
        InvalidRequestUri => (
            "로그인 요청의 유효 시간이 지났습니다",
            "새로 로그인해 주세요.",
        ),
        UnmetAuthenticationRequirements => (
            "인증 서버가 필요한 수준의 인증을 할 수 없습니다",
            "가능하면 더 강한 인증 수단으로 다시 로그인해 주세요.",
        ),
        DpopKeyUnavailable | DpopSigningFailed => (
            "브라우저가 로그인용 키를 보관할 수 없습니다",
            "이 사이트의 데이터 저장을 허용하거나, 시크릿 모드를 끄거나, 다른 브라우저에서 다시 시도해 \
             주세요.",
        ),
        InvalidDpopProof => (
            "서버가 이 브라우저의 증명을 받아들이지 않았습니다",
            "기기의 날짜와 시간을 (가능하면 자동으로) 맞춘 뒤 다시 시도해 주세요.",
        ),
        UseDpopNonce => (
            "서버가 계속 새로운 증명을 요구합니다",
            "잠시 후 다시 시도해 주세요.",
        ),
        DpopNonceHidden => (
            "서버가 계속 진행하는 데 필요한 정보를 숨기고 있습니다",
            "사용자의 잘못이 아닙니다. 서버 운영자가 이 앱에 DPoP-Nonce 헤더를 공개하도록 설정해야 \
             합니다.",
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
            "신원 확인 정보를 신뢰할 수 없습니다",
            "안전을 위해 사용하지 않았습니다. 다시 시도해 주세요. 계속되면 자세한 내용을 앱 운영자에게 \
             알려 주세요.",
        ),
        IdTokenExpired | IdTokenNotYetValid => (
            "이 기기의 시계가 인증 서버와 맞지 않습니다",
            "기기의 날짜와 시간을 (가능하면 자동으로) 맞춘 뒤 다시 로그인해 주세요.",
        ),
        IdTokenAuthTime | IdTokenAcr => (
            "더 최근의 로그인이나 더 강한 인증이 필요합니다",
            "인증 서버의 안내에 따라 다시 로그인해 주세요.",
        ),
        UserinfoSubject => (
            "프로필을 읽지 못했습니다",
            "로그인은 되었지만 일부 정보가 표시되지 않을 수 있습니다.",
        ),
        SessionExpired => ("세션이 만료되었습니다", "계속하려면 다시 로그인해 주세요."),
        SessionRefused => (
            "인증 서버가 세션을 종료했습니다",
            "계속하려면 다시 로그인해 주세요.",
        ),
        RefreshAnswerLost => (
            "세션을 이어 가지 못했습니다",
            "인증 서버의 응답이 도착하지 않았습니다. 계속하려면 다시 로그인해 주세요.",
        ),
        SessionCopyStale => (
            "다른 탭에서 세션이 이어졌습니다",
            "여기에서 계속하려면 다시 로그인해 주세요.",
        ),
        SessionEndedElsewhere => (
            "다른 탭에서 로그아웃했습니다",
            "원할 때 언제든 다시 로그인할 수 있습니다.",
        ),
        SessionIdle => (
            "한동안 사용하지 않아 로그아웃되었습니다",
            "계속하려면 다시 로그인해 주세요.",
        ),
        SessionMaxAge => (
            "세션의 최대 시간이 지났습니다",
            "계속하려면 다시 로그인해 주세요.",
        ),
        NotSignedIn => ("로그인하지 않았습니다", "먼저 로그인해 주세요."),
        ApiUrlNotAllowed => (
            "이 앱에 등록되지 않은 API 주소입니다",
            "아무것도 보내지 않았습니다. 앱 운영자가 설정에 추가할 수 있습니다.",
        ),
        ApiUnauthorized => (
            "API가 로그인을 받아들이지 않았습니다",
            "다시 시도하거나, 로그아웃한 뒤 다시 로그인해 주세요.",
        ),
        InsufficientScope => (
            "이 작업을 할 권한이 없습니다",
            "API가 요구하는 권한이 이번 로그인에 포함되어 있지 않습니다.",
        ),
        InsufficientUserAuthentication => (
            "API가 더 최근의 로그인이나 더 강한 인증을 요구합니다",
            "다시 로그인한 뒤 같은 작업을 해 주세요.",
        ),
        ApiStatus => (
            "API가 요청을 처리하지 못했습니다",
            "잠시 후 다시 시도해 주세요.",
        ),
        Aborted => ("요청이 취소되었습니다", "필요하면 다시 시도해 주세요."),
        _ => (
            "인증 서버에서 문제가 발생했습니다",
            "다시 시도해 주세요. 계속되면 자세한 내용을 앱 운영자에게 알려 주세요.",
        ),
    }
}
