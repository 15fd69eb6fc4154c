//! What the tabs of one family tell one another. It travels over `BroadcastChannel`, which only
//! pages of the same origin hear, and is never stored.

use super::record::Record;
use crate::json::{Json, ObjectWriter};
use crate::secret::SecretText;

/// One message.
pub(super) enum Message {
    /// The newest session of a family.
    Tokens {
        family: String,
        /// A [`Record`] as it is stored.
        record: String,
    },
    /// "Has anybody tokens newer than this generation?"
    Ask { family: String, generation: u64 },
    /// The user is at work in one of the family's tabs.
    Active { family: String },
    /// The session of a family is over.
    SignedOut { family: String },
}

impl Message {
    pub(super) fn tokens(record: &Record) -> Self {
        Message::Tokens {
            family: record.family.clone(),
            record: record.to_json().expose().to_owned(),
        }
    }

    pub(super) fn to_json(&self) -> SecretText {
        let writer = ObjectWriter::new().integer("v", 1);
        SecretText::new(match self {
            Message::Tokens { family, record } => {
                writer.str("type", "tokens").str("family", family).str("record", record).finish()
            }
            Message::Ask { family, generation } => writer
                .str("type", "ask")
                .str("family", family)
                .integer("generation", i64::try_from(*generation).unwrap_or(i64::MAX))
                .finish(),
            Message::Active { family } => writer.str("type", "active").str("family", family).finish(),
            Message::SignedOut { family } => {
                writer.str("type", "signed_out").str("family", family).finish()
            }
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        if json.get("v")?.as_integer()? != 1 {
            return None;
        }
        let family = json.str("family")?.to_owned();
        match json.str("type")? {
            "tokens" => Some(Message::Tokens { family, record: json.str("record")?.to_owned() }),
            "ask" => Some(Message::Ask {
                family,
                generation: u64::try_from(json.get("generation")?.as_integer()?).ok()?,
            }),
            "active" => Some(Message::Active { family }),
            "signed_out" => Some(Message::SignedOut { family }),
            _ => None,
        }
    }
}
