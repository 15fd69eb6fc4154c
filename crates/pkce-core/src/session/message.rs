//! What the tabs of one family tell one another. It travels over `BroadcastChannel`, which only
//! pages of the same origin hear, and is never stored.

use super::record::Record;
use crate::error::ErrorCode;
use crate::json::{Json, ObjectWriter};
use crate::secret::SecretText;
use crate::time::Timestamp;

const VERSION: i64 = 1;

/// One message to the tabs of a family.
pub(super) struct Message {
    pub(super) family: String,
    pub(super) what: What,
}

/// What it says.
pub(super) enum What {
    /// The newest session: a [`Record`] as it is stored.
    Tokens(String),
    /// "Who is there, and has anybody tokens newer than this generation?"
    Ask { generation: u64 },
    /// "I am, and I have none."
    Here {
        /// Of the tab that answers.
        generation: u64,
        /// Whether that tab knows that there are none newer.
        is_sure: bool,
        /// When the user last did something there.
        active_at: Timestamp,
    },
    /// The user is at work in one of the family's tabs.
    Active,
    /// The user signed out.
    SignedOut,
    /// The session is over for tabs up to this generation, and why.
    Ended { generation: u64, code: ErrorCode },
}

impl Message {
    pub(super) fn tokens(record: &Record) -> Self {
        let what = What::Tokens(record.to_json().expose().to_owned());
        Self { family: record.family.clone(), what }
    }

    pub(super) fn to_json(&self) -> SecretText {
        let kind = match &self.what {
            What::Tokens(_) => "tokens",
            What::Ask { .. } => "ask",
            What::Here { .. } => "here",
            What::Active => "active",
            What::SignedOut => "signed_out",
            What::Ended { .. } => "ended",
        };
        let writer = ObjectWriter::new()
            .integer("v", VERSION)
            .str("family", &self.family)
            .str("type", kind);
        let number = |generation: u64| i64::try_from(generation).unwrap_or(i64::MAX);
        let writer = match &self.what {
            What::Tokens(record) => writer.str("record", record),
            What::Ask { generation } => writer.integer("generation", number(*generation)),
            What::Here { generation, is_sure, active_at } => writer
                .integer("generation", number(*generation))
                .bool("sure", *is_sure)
                .integer("active_at", active_at.as_millis()),
            What::Active | What::SignedOut => writer,
            What::Ended { generation, code } => {
                writer.integer("generation", number(*generation)).str("code", code.as_str())
            }
        };
        SecretText::new(writer.finish())
    }

    /// `None` for what another version says, or something else on the channel.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        if json.get("v")?.as_integer()? != VERSION {
            return None;
        }
        let generation = || u64::try_from(json.get("generation")?.as_integer()?).ok();
        let what = match json.str("type")? {
            "tokens" => What::Tokens(json.str("record")?.to_owned()),
            "ask" => What::Ask { generation: generation()? },
            "here" => What::Here {
                generation: generation()?,
                is_sure: json.get("sure")?.as_bool()?,
                active_at: Timestamp::from_millis(json.get("active_at")?.as_integer()?),
            },
            "active" => What::Active,
            "signed_out" => What::SignedOut,
            "ended" => {
                let code = json.str("code")?;
                let code = ErrorCode::ALL.iter().find(|known| known.as_str() == code)?;
                What::Ended { generation: generation()?, code: *code }
            }
            _ => return None,
        };
        Some(Self { family: json.str("family")?.to_owned(), what })
    }
}
