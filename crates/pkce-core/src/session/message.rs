//! What tabs tell one another, those of one family and those that look for one. It travels over `BroadcastChannel`, which only
//! pages of the same origin hear, and is never stored.

use super::record::Record;
use crate::error::ErrorCode;
use crate::json::{Json, ObjectWriter};
use crate::secret::SecretText;
use crate::time::Timestamp;

const VERSION: i64 = 1;

/// The longest message that is read, in octets: a session with large claims, and some.
const LIMIT: usize = 512 * 1024;

/// One message to the tabs of a family.
pub(super) struct Message {
    /// Empty where no family is meant.
    pub(super) family: String,
    pub(super) what: What,
}

/// What it says.
pub(super) enum What {
    /// The newest session.
    Tokens {
        /// A [`Record`] as it is stored.
        record: String,
        /// Its [`Record::version`], so that one that is not newer need not be read.
        version: (u64, u64),
        /// What is said of the moment.
        because: Because,
    },
    /// "Who is there, and has anybody tokens newer than this generation?"
    Ask {
        generation: u64,
        /// Names the question.
        question: u64,
    },
    /// "I am, and I have none."
    Here {
        /// Of the tab that answers.
        generation: u64,
        /// What was asked. A tab that slept answers old questions first.
        question: u64,
        /// Whether that tab knows that there are none newer.
        is_sure: bool,
        /// That tab sent its refresh token and knows no answer.
        unanswered: bool,
        /// It is waiting for the answer at this moment.
        is_sending: bool,
        /// When the user last did something there.
        active_at: Timestamp,
    },
    /// The user is at work in one of the family's tabs.
    Active {
        /// Since when.
        at: Timestamp,
    },
    /// The session is over, and why: the user signed out, or it reached a limit.
    Over(ErrorCode),
    /// The provider refused the tokens of this generation, so the session is over for tabs that
    /// have none newer.
    Refused { generation: u64, code: ErrorCode },
    /// A new tab: "is anybody signed in?"
    Who {
        /// Names the question.
        question: u64,
    },
    /// "I am, to this provider, in this family."
    Present {
        /// What was asked.
        question: u64,
        /// The provider's `id`.
        provider: String,
    },
    /// The new tab, to the only family there is: "let me in".
    Join {
        /// The same question again.
        question: u64,
    },
}

/// Why tokens are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// They just came.
    TheyCame,
    /// Somebody asked this question, and the tab knows of none newer.
    Asked(u64),
    /// A new tab asked this question, and the tab lets it in with what may not be the newest.
    Offered(u64),
    /// Somebody asked, and the tab has newer ones, if not the newest.
    Perhaps,
}

impl What {
    /// The kind, as it stands in the message.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            What::Tokens { .. } => "tokens",
            What::Ask { .. } => "ask",
            What::Here { .. } => "here",
            What::Active { .. } => "active",
            What::Over(_) => "over",
            What::Refused { .. } => "refused",
            What::Who { .. } => "who",
            What::Present { .. } => "present",
            What::Join { .. } => "join",
        }
    }
}

impl Message {
    pub(super) fn tokens(record: &Record, because: Because) -> Self {
        let what = What::Tokens {
            record: record.to_json().expose().to_owned(),
            version: record.version(),
            because,
        };
        Self {
            family: record.family.clone(),
            what,
        }
    }

    pub(super) fn to_json(&self) -> SecretText {
        let kind = self.what.name();
        let writer = ObjectWriter::new()
            .integer("v", VERSION)
            .str("family", &self.family)
            .str("type", kind);
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let writer = match &self.what {
            What::Tokens {
                record,
                version,
                because,
            } => {
                let writer = writer
                    .str("record", record)
                    .integer("generation", number(version.0))
                    .integer("access_generation", number(version.1))
                    .bool("new", *because == Because::TheyCame);
                match because {
                    Because::Asked(question) => writer.integer("question", number(*question)),
                    Because::Offered(question) => writer.integer("offer", number(*question)),
                    _ => writer,
                }
            }
            What::Ask {
                generation,
                question,
            } => writer
                .integer("generation", number(*generation))
                .integer("question", number(*question)),
            What::Here {
                generation,
                question,
                is_sure,
                unanswered,
                is_sending,
                active_at,
            } => writer
                .integer("generation", number(*generation))
                .integer("question", number(*question))
                .bool("sure", *is_sure)
                .bool("unanswered", *unanswered)
                .bool("sending", *is_sending)
                .integer("active_at", active_at.as_millis()),
            What::Active { at } => writer.integer("at", at.as_millis()),
            What::Over(code) => writer.str("code", code.as_str()),
            What::Refused { generation, code } => writer
                .integer("generation", number(*generation))
                .str("code", code.as_str()),
            What::Who { question } | What::Join { question } => {
                writer.integer("question", number(*question))
            }
            What::Present { question, provider } => writer
                .integer("question", number(*question))
                .str("provider", provider),
        };
        SecretText::new(writer.finish())
    }

    /// `None` for what another version says, or something else on the channel.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let json = Json::parse(Some(text).filter(|text| text.len() <= LIMIT)?)?;
        if json.get("v")?.as_integer()? != VERSION {
            return None;
        }
        let number = |name| u64::try_from(json.get(name)?.as_integer()?).ok();
        let what = match json.str("type")? {
            "tokens" => What::Tokens {
                record: json.str("record")?.to_owned(),
                version: (number("generation")?, number("access_generation")?),
                because: match (json.get("new")?.as_bool()?, number("question")) {
                    (true, _) => Because::TheyCame,
                    (false, Some(question)) => Because::Asked(question),
                    (false, None) => number("offer").map_or(Because::Perhaps, Because::Offered),
                },
            },
            "ask" => What::Ask {
                generation: number("generation")?,
                question: number("question")?,
            },
            "here" => What::Here {
                generation: number("generation")?,
                question: number("question")?,
                is_sure: json.get("sure")?.as_bool()?,
                unanswered: json.get("unanswered")?.as_bool()?,
                is_sending: json
                    .get("sending")
                    .and_then(Json::as_bool)
                    .unwrap_or_default(),
                active_at: Timestamp::from_millis(json.get("active_at")?.as_integer()?),
            },
            "active" => What::Active {
                at: Timestamp::from_millis(json.get("at")?.as_integer()?),
            },
            "over" => What::Over(error_code(&json)?),
            "refused" => What::Refused {
                generation: number("generation")?,
                code: error_code(&json)?,
            },
            "who" => What::Who {
                question: number("question")?,
            },
            "present" => What::Present {
                question: number("question")?,
                provider: json.str("provider")?.to_owned(),
            },
            "join" => What::Join {
                question: number("question")?,
            },
            _ => return None,
        };
        Some(Self {
            family: json.str("family")?.to_owned(),
            what,
        })
    }
}

fn error_code(json: &Json) -> Option<ErrorCode> {
    let code = json.str("code")?;
    ErrorCode::ALL
        .iter()
        .find(|known| known.as_str() == code)
        .copied()
}
