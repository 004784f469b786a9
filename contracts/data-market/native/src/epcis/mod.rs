//! EPCIS 2.0 events: their canonical text and its hash, so that an outsider with the same event finds the same hash.
//!
//! By the rules of the EPCIS 2.0 standard's event hash (CBV 2.0, "ver=CBV2.0"), for documents in JSON. Checked against the
//! published examples of `RalphTro/epcis-event-hash-generator`.

mod extension;
mod fields;
mod keys;

pub use keys::link;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Values within values of an extension, at most.
const MAX_DEPTH: usize = 16;

/// Why a document has no canonical text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EpcisError {
    /// It is no document with exactly one event.
    #[error("a document has exactly one event in epcisBody.eventList")]
    NotOneEvent,
    /// A field is not what it has to be.
    #[error("`{field}` is no {wanted}")]
    Field {
        /// Which.
        field: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A name that neither the standard nor the document's context explains.
    #[error("`{name}` is no field of the standard and has no prefix that @context explains")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// Values lie too deep within each other.
    #[error("values lie more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl EpcisError {
    pub(crate) fn field(field: &str, wanted: &'static str) -> Self {
        Self::Field { field: field.to_owned(), wanted }
    }
}

/// An event of a document, with what the document says about prefixes.
pub struct Event<'a> {
    context: Context<'a>,
    fields: &'a Map<String, Value>,
}

impl<'a> Event<'a> {
    /// The one event of a document.
    ///
    /// # Errors
    /// [`EpcisError::NotOneEvent`].
    pub fn of(document: &'a Value) -> Result<Self, EpcisError> {
        match Self::all(document)?.as_slice() {
            [fields] => Ok(Self { context: Context::of(&document["@context"]), fields }),
            _ => Err(EpcisError::NotOneEvent),
        }
    }

    fn all(document: &Value) -> Result<Vec<&Map<String, Value>>, EpcisError> {
        let list = document["epcisBody"]["eventList"].as_array().ok_or(EpcisError::NotOneEvent)?;
        list.iter().map(|event| event.as_object().ok_or(EpcisError::NotOneEvent)).collect()
    }

    /// When it happened, in ms since 1970; half a millisecond counts as a whole.
    ///
    /// # Errors
    /// [`EpcisError::Field`].
    pub fn time_ms(&self) -> Result<u64, EpcisError> {
        let time = self.fields.get("eventTime").and_then(Value::as_str).and_then(milliseconds);
        time.and_then(|ms| u64::try_from(ms).ok()).ok_or(EpcisError::field("eventTime", "time since 1970"))
    }

    /// Its canonical text.
    ///
    /// # Errors
    /// [`EpcisError`].
    pub fn text(&self) -> Result<String, EpcisError> {
        let mut text = fields::text(self.fields)?;
        text.push_str(&extension::text(self.fields, &self.context)?);
        Ok(text)
    }

    /// SHA-256 of its canonical text.
    ///
    /// # Errors
    /// [`EpcisError`].
    pub fn hash(&self) -> Result<[u8; 32], EpcisError> {
        Ok(Sha256::digest(self.text()?).into())
    }
}

/// What prefixes stand for.
pub(crate) struct Context<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Context<'a> {
    fn of(context: &'a Value) -> Self {
        let mut prefixes = vec![("cbvmda", "urn:epcglobal:cbv:mda")];
        let parts = context.as_array().map_or(std::slice::from_ref(context), Vec::as_slice);
        for (prefix, meaning) in parts.iter().filter_map(Value::as_object).flatten() {
            prefixes.extend(meaning.as_str().map(|meaning| (prefix.as_str(), meaning)));
        }
        Self(prefixes)
    }

    /// A name with what its prefix stands for: `{meaning}name`. What a document says last counts.
    fn expand(&self, name: &str) -> Result<String, EpcisError> {
        let unknown = || EpcisError::UnknownName { name: name.to_owned() };
        let (prefix, local) = name.split_once(':').ok_or_else(unknown)?;
        let found = self.0.iter().rev().find(|(known, _)| *known == prefix);
        found.map(|(_, meaning)| format!("{{{meaning}}}{local}")).ok_or_else(unknown)
    }
}

/// A time with an offset in ms since 1970; half a millisecond counts as a whole.
fn milliseconds(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    i64::try_from((time.as_nanosecond() + 500_000).div_euclid(1_000_000)).ok()
}

/// A time as it stands in canonical texts: UTC with milliseconds.
fn canonical_time(text: &str) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(milliseconds(text)?).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// A number without zeros at its end.
fn canonical_number(text: &str) -> &str {
    let decimal = text.split_once('.').is_some_and(|(whole, part)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(part)
    });
    if decimal { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A value that holds no others, as it stands in canonical texts.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(canonical_number(text).to_owned()),
        Value::Number(number) => Some(canonical_number(&number.to_string()).to_owned()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
