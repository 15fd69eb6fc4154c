//! DPoP at the authorization server: who sends a request, and the nonce for the next one
//! (RFC 9449 5, 8 and 10).

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

use super::error::{Code, OAuthError};
use super::{AuthServer, ServerState};
use crate::dpop::{DPOP, Problem, ProvenKey, Refused, Target};
use crate::policy::{DpopNonces, DpopSupport};

/// Who sent a request, by its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prover {
    /// This server knows nothing of DPoP.
    Unasked,
    /// There was no proof.
    Nobody,
    /// The holder of this key.
    Holder(ProvenKey),
}

impl Prover {
    /// The thumbprint of the proven key.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Holder(key) => Some(key.thumbprint()),
            Self::Unasked | Self::Nobody => None,
        }
    }

    /// Whether something that is bound to this key, or to none, is the sender's to use.
    pub(crate) fn may_use(&self, bound_to: Option<&str>) -> bool {
        *self == Self::Unasked || bound_to.is_none() || bound_to == self.key()
    }

    /// What the feed tells of it: enough to see that two keys are one, and no more.
    pub(crate) fn told(&self) -> String {
        match self.key() {
            Some(key) => format!("proof by key {}", key.get(..8).unwrap_or_default()),
            None => "no proof".to_owned(),
        }
    }
}

/// The answer to a proof that is refused (RFC 9449 5 and 8).
pub(crate) fn refusal(refused: Refused) -> OAuthError {
    match refused {
        Refused::Invalid(problem) => OAuthError::new(Code::InvalidDpopProof, problem.reason()),
        Refused::Nonce => OAuthError::new(
            Code::UseDpopNonce,
            "the DPoP proof needs the nonce of the DPoP-Nonce header",
        ),
    }
}

impl AuthServer {
    fn issuer_nonces(&self) -> DpopNonces {
        let policy = self.shared.policy.get();
        match policy.dpop {
            DpopSupport::Off => DpopNonces::Off,
            DpopSupport::Advertised | DpopSupport::Unadvertised => policy.issuer_nonces,
        }
    }

    /// Checks the proof of a POST to one of this server's endpoints.
    pub(crate) fn prover(&self, headers: &HeaderMap, path: &str) -> Result<Prover, OAuthError> {
        if self.shared.policy.get().dpop == DpopSupport::Off {
            return Ok(Prover::Unasked);
        }
        if headers.contains_key(DPOP)
            && self
                .shared
                .faults
                .strikes(|f| &mut f.issuer_nonce_challenge)
        {
            return Err(refusal(Refused::Nonce));
        }
        let target = Target {
            method: "POST",
            url: &format!("{}{path}", self.shared.urls.issuer),
            access_token: None,
        };
        let key = self.check_proof(headers, target).map_err(refusal)?;
        Ok(key.map_or(Prover::Nobody, Prover::Holder))
    }

    /// Checks a proof for this server.
    pub(crate) fn check_proof(
        &self,
        headers: &HeaderMap,
        target: Target<'_>,
    ) -> Result<Option<ProvenKey>, Refused> {
        self.dpop
            .check(&self.shared, self.issuer_nonces(), headers, target)
    }
}

/// No proof, where one is required.
pub(crate) fn missing() -> OAuthError {
    refusal(Refused::Invalid(Problem::Missing))
}

/// Gives the sender of a proof the nonce for the next one.
pub(crate) async fn give_nonce(
    State(server): State<ServerState>,
    request: Request,
    next: Next,
) -> Response {
    let proof_came = request.headers().contains_key(DPOP);
    let mut response = next.run(request).await;
    if proof_came {
        let wanted = server.issuer_nonces();
        server
            .dpop
            .give_nonce(&server.shared, wanted, &mut response);
    }
    response
}
