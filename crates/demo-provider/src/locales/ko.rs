//! Korean.

use super::Messages;
use crate::origin::RedirectUriProblem;

/// Korean.
pub(crate) const KO: Messages = Messages {
    own_name: "한국어",
    product: "데모 로그인 서버",
    language: "언어",
    footer: "학습과 시험을 위한 데모입니다. 실제로 쓰는 비밀번호는 입력하지 마세요.",
    login_title: "로그인",
    login_for: "{}에서 계속하려면 로그인하세요.",
    username: "사용자 이름",
    password: "비밀번호",
    login_submit: "로그인",
    login_wrong: "사용자 이름 또는 비밀번호가 올바르지 않습니다. 다시 확인해 주세요.",
    login_demo_users: "데모 사용자와 비밀번호는 데모를 시작한 터미널에 표시되어 있습니다.",
    form_stale: "이 양식은 더 이상 유효하지 않아 처리하지 않았습니다. 다시 시도해 주세요.",
    consent_heading: "접근 허용",
    consent_title: "{}에서 접근 권한을 요청합니다",
    consent_signed_in_as: "{} 님으로 로그인되어 있습니다.",
    consent_scopes: "허용하면 앱이 할 수 있는 일:",
    consent_resources: "대상 서비스:",
    resource_api: "메모와 프로필",
    resource_calendar: "캘린더",
    consent_dpop: "앱에 발급되는 토큰은 앱이 가진 키에 묶입니다. 누가 토큰을 훔쳐 가더라도 그 키가 없으면 쓸 수 없습니다.",
    consent_returns_to: "어느 쪽을 선택하셔도 {} 주소로 돌아갑니다.",
    consent_allow: "허용",
    consent_deny: "거부",
    scope_openid: "사용자가 누구인지 확인",
    scope_profile: "이름과 사용 언어 보기",
    scope_email: "이메일 주소 보기",
    scope_offline_access: "다시 묻지 않고 로그인 유지",
    scope_notes_read: "메모 읽기",
    scope_notes_write: "메모 추가, 수정, 삭제",
    code_title: "추가 인증",
    code_for: "{}에서 비밀번호 외에 추가 인증을 요청합니다.",
    code_label: "일회용 코드",
    code_help: "인증 앱에 지금 표시된 숫자 6자리를 입력해 주세요.",
    code_submit: "계속",
    code_wrong: "코드가 올바르지 않습니다. 인증 앱에 지금 표시된 코드를 입력해 주세요.",
    code_used: "이미 사용한 코드입니다. 인증 앱에 다음 코드가 표시될 때까지 기다려 주세요.",
    code_set_up_title: "일회용 코드 설정",
    code_set_up_text: "인증 앱에 계정을 추가해 주세요. 휴대전화에서 링크를 열거나 키를 직접 입력하시면 됩니다. 그런 다음 아래에 첫 코드를 입력해 주세요. 설정이 끝나면 키는 다시 표시되지 않습니다.",
    code_key: "키",
    code_link: "링크",
    code_demo: "인증 앱이 없으신가요? 데모에서는 다음 코드를 쓰실 수 있습니다:",
    account_codes: "일회용 코드",
    account_codes_on: "설정되어 있습니다. 중요한 작업을 할 때 앱에서 코드를 요청할 수 있습니다.",
    account_codes_off: "설정되어 있지 않습니다. 앱에서 코드를 요청할 때 설정하실 수 있습니다.",
    logout_title: "로그아웃",
    logout_question: "{} 님, 로그아웃하시겠습니까?",
    logout_asked_by: "{}에서 로그아웃을 요청했습니다.",
    logout_confirm: "로그아웃",
    logout_stay: "로그인 유지",
    logout_done: "로그아웃되었습니다",
    logout_done_text: "이제 이 페이지를 닫으셔도 됩니다.",
    problem_title: "요청을 처리할 수 없습니다",
    problem_malformed: "앱이 잘못된 형식의 요청을 보냈습니다. 이전 화면으로 돌아가 다시 시도해 주세요.",
    problem_client: "등록되지 않은 앱에서 보낸 요청입니다. 안전을 위해 앱으로 돌려보내지 않았습니다. 개발자라면 client_id를 확인해 주세요.",
    problem_redirect_uri: "앱이 등록되지 않은 주소로 돌려보내 달라고 요청했습니다. 안전을 위해 이동하지 않았습니다. 개발자라면 redirect_uri를 확인해 주세요. 등록된 주소와 한 글자도 다르면 안 됩니다.",
    problem_not_pushed: "이 앱은 로그인 요청을 이 서버에 직접 등록한 뒤, 그 참조 값만 가지고 사용자를 보내야 합니다. 요청이 브라우저를 통해 그대로 전달되어 처리하지 않았습니다. 앱으로 돌아가 주세요. 개발자라면 디스커버리 문서의 pushed_authorization_request_endpoint에 요청을 먼저 보낸 뒤 client_id와 request_uri만 전달해 주세요.",
    problem_request_uri: "이 로그인 링크는 짧은 시간 동안 한 번만 쓸 수 있습니다. 이미 사용했거나 시간이 지난 링크입니다. 앱으로 돌아가 다시 시작해 주세요.",
    problem_logout: "앱의 로그아웃 요청이 등록 정보와 맞지 않아 앱으로 돌려보내지 않았습니다. 이곳에는 아직 로그인되어 있을 수 있으며, 계정 페이지에서 로그아웃하실 수 있습니다.",
    gone_title: "끝난 로그인입니다",
    gone_text: "이미 끝났거나, 시간이 너무 오래 지났거나, 다른 브라우저에서 시작한 로그인입니다. 앱으로 돌아가 다시 시작해 주세요.",
    stale_title: "다시 시도해 주세요",
    not_found_title: "페이지를 찾을 수 없습니다",
    not_found_text: "주소를 다시 확인해 주세요.",
    home_title: "계정 하나로 여러 앱을",
    home_text: "앱에서 로그인할 때 이 서버를 거칩니다. 앱은 비밀번호를 알지 못한 채 사용자가 누구인지만 확인합니다.",
    home_signed_in: "{} 님으로 로그인되어 있습니다.",
    home_signed_out: "로그인되어 있지 않습니다.",
    home_app: "데모 앱 열기",
    home_app_text: "여기서 로그인 과정을 시작해 보세요.",
    home_account_text: "어떤 앱에 무엇을 허용했는지 확인하고 철회할 수 있습니다.",
    home_developers_text: "직접 만든 앱을 등록할 수 있습니다.",
    home_discovery: "디스커버리 문서",
    home_discovery_text: "이 서버의 기능을 프로그램이 읽을 수 있게 정리한 문서입니다.",
    home_logout_text: "이 서버의 세션을 종료합니다.",
    account_title: "내 계정",
    account_of: "{} 님으로 로그인되어 있습니다.",
    account_grants: "허용한 앱",
    account_grants_text: "철회하면 앱의 토큰이 폐기되고, 앱은 다시 허락을 받아야 합니다. 다만 이미 발급된 액세스 토큰은 서비스가 이 서버에 묻지 않고 검증하므로, 남은 유효 시간 동안은 메모에 접근할 수 있습니다.",
    account_no_grants: "아직 아무 앱에도 접근을 허용하지 않았습니다.",
    account_given_at: "허용한 시각:",
    account_withdraw: "철회",
    developers_title: "개발자",
    developers_text: "앱을 등록하면 사용자가 이 서버로 로그인할 수 있습니다.",
    register_name: "앱 이름",
    register_type: "앱 종류",
    register_public: "브라우저 또는 모바일 앱 (공개 클라이언트)",
    register_public_text: "클라이언트 ID만 발급하고 시크릿은 발급하지 않습니다.",
    register_confidential: "서버 앱 (기밀 클라이언트)",
    register_confidential_text: "클라이언트 ID와 시크릿을 발급합니다. 토큰 엔드포인트에서 시크릿으로 앱을 인증합니다.",
    register_redirect_uris: "리디렉션 URI (한 줄에 하나씩)",
    redirect_uris: "리디렉션 URI",
    register_redirect_uris_help: "한 글자까지 그대로 비교합니다. https 주소, 또는 localhost의 http 주소만 쓸 수 있습니다.",
    register_post_logout: "로그아웃 후 이동할 주소 (한 줄에 하나씩, 선택)",
    register_submit: "등록",
    register_bad_name: "앱 이름은 1자 이상 100자 이하로 입력해 주세요.",
    register_no_redirect_uri: "리디렉션 URI를 1개 이상 20개 이하로 입력해 주세요.",
    register_full: "더 이상 앱을 등록할 수 없습니다. 데모에 저장할 수 있는 수를 넘었습니다.",
    no_secret_title: "브라우저 앱에는 왜 시크릿을 발급하지 않나요?",
    no_secret_text: "브라우저 앱의 코드와 데이터는 모든 사용자의 브라우저로 전송되므로, 누구나 페이지 소스나 네트워크 패널에서 볼 수 있습니다. 모두가 아는 시크릿은 아무것도 증명하지 못합니다. 그 대신 인가 코드를 등록된 주소로만 보내고, PKCE로 코드를 요청한 탭에 묶어 로그인을 보호합니다.",
    registered_apps: "등록된 앱",
    registered_title: "등록되었습니다",
    registered_text: "이제 {}에서 이 서버로 로그인할 수 있습니다.",
    client_id: "클라이언트 ID",
    client_secret: "클라이언트 시크릿",
    issuer: "발급자(issuer)",
    secret_once: "시크릿을 지금 복사해 두세요. 서버에는 해시만 저장되므로 다시 볼 수 없습니다.",
    register_another: "다른 앱 등록하기",
    login_wait: |seconds| {
        format!("비밀번호를 여러 번 잘못 입력했습니다. {seconds}초 뒤에 다시 시도해 주세요.")
    },
    code_wait: |seconds| {
        format!("코드를 여러 번 잘못 입력했습니다. {seconds}초 뒤에 다시 시도해 주세요.")
    },
    code_demo_wait: |seconds| {
        format!(
            "인증 앱이 없으신가요? 데모에서는 {seconds}초 뒤에 다음 코드가 나옵니다. 그때 이 페이지를 새로고침해 주세요."
        )
    },
    moment: |year, month, day, hour, minute| {
        format!("{year}년 {month}월 {day}일 {hour:02}:{minute:02} (UTC)")
    },
    register_bad_redirect_uri: |uri, problem| {
        let problem = match problem {
            RedirectUriProblem::NotAbsolute => "전체 URL이 아닙니다.",
            RedirectUriProblem::Fragment => "프래그먼트(#…)가 있는 주소는 쓸 수 없습니다.",
            RedirectUriProblem::UserInfo => "사용자 이름이나 비밀번호가 들어 있습니다.",
            RedirectUriProblem::Scheme => {
                "https 주소이거나 localhost, 127.0.0.1, [::1]의 http 주소여야 합니다."
            }
            RedirectUriProblem::Characters => {
                "공백, 제어 문자, 역슬래시 또는 ASCII가 아닌 문자가 들어 있습니다."
            }
            RedirectUriProblem::TooLong => "주소가 너무 깁니다.",
        };
        format!("“{uri}”: {problem}")
    },
};
