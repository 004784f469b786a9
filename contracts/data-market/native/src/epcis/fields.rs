//! Fields of the standard in their canonical order.

use super::keys::link;
use super::{EpcisError, canonical_time, scalar};
use serde_json::{Map, Value};

/// How a field's value stands in the text.
#[derive(Clone, Copy)]
enum Kind {
    /// As it is.
    Plain,
    /// A time.
    Time,
    /// An identifier.
    Id,
    /// A word of a vocabulary, with what stands before bare ones.
    Word(&'static str),
    /// `id` within.
    Place,
    /// Identifiers, each as `epc`.
    Epcs,
    /// Classes with amounts.
    Quantities,
    /// Words that are set and unset.
    Persistent,
    /// Pairs of a type and an identifier of this name.
    Pairs(&'static str, &'static str),
    /// What sensors report.
    Sensors,
}

const CBV: &str = "https://ref.gs1.org/cbv/";
const VOC: &str = "https://ref.gs1.org/voc/";
const DISPOSITION: &str = "https://ref.gs1.org/cbv/Disp-";
const PARTY: &str = "https://ref.gs1.org/cbv/SDT-";

const EVENT: &[(&str, Kind)] = &[
    ("eventTime", Kind::Time),
    ("eventTimeZoneOffset", Kind::Plain),
    ("epcList", Kind::Epcs),
    ("parentID", Kind::Id),
    ("inputEPCList", Kind::Epcs),
    ("childEPCs", Kind::Epcs),
    ("quantityList", Kind::Quantities),
    ("childQuantityList", Kind::Quantities),
    ("inputQuantityList", Kind::Quantities),
    ("outputEPCList", Kind::Epcs),
    ("outputQuantityList", Kind::Quantities),
    ("action", Kind::Plain),
    ("transformationID", Kind::Id),
    ("bizStep", Kind::Word("https://ref.gs1.org/cbv/BizStep-")),
    ("disposition", Kind::Word(DISPOSITION)),
    ("persistentDisposition", Kind::Persistent),
    ("readPoint", Kind::Place),
    ("bizLocation", Kind::Place),
    ("bizTransactionList", Kind::Pairs("https://ref.gs1.org/cbv/BTT-", "bizTransaction")),
    ("sourceList", Kind::Pairs(PARTY, "source")),
    ("destinationList", Kind::Pairs(PARTY, "destination")),
    ("sensorElementList", Kind::Sensors),
];

const METADATA: &[(&str, Kind)] = &[
    ("time", Kind::Time),
    ("startTime", Kind::Time),
    ("endTime", Kind::Time),
    ("deviceID", Kind::Id),
    ("deviceMetadata", Kind::Id),
    ("rawData", Kind::Id),
    ("dataProcessingMethod", Kind::Id),
    ("bizRules", Kind::Id),
];

const REPORT: &[(&str, Kind)] = &[
    ("type", Kind::Word(VOC)),
    ("exception", Kind::Word(VOC)),
    ("deviceID", Kind::Id),
    ("deviceMetadata", Kind::Id),
    ("rawData", Kind::Id),
    ("dataProcessingMethod", Kind::Id),
    ("time", Kind::Time),
    ("microorganism", Kind::Id),
    ("chemicalSubstance", Kind::Id),
    ("value", Kind::Plain),
    ("component", Kind::Word("https://ref.gs1.org/cbv/Comp-")),
    ("stringValue", Kind::Plain),
    ("booleanValue", Kind::Plain),
    ("hexBinaryValue", Kind::Plain),
    ("uriValue", Kind::Id),
    ("minValue", Kind::Plain),
    ("maxValue", Kind::Plain),
    ("meanValue", Kind::Plain),
    ("sDev", Kind::Plain),
    ("percRank", Kind::Plain),
    ("percValue", Kind::Plain),
    ("uom", Kind::Plain),
    ("coordinateReferenceSystem", Kind::Id),
];

const QUANTITY: &[(&str, Kind)] = &[("epcClass", Kind::Id), ("quantity", Kind::Plain), ("uom", Kind::Plain)];

/// Fields that the hash leaves out: they say something about the record, not about what happened.
const LEFT_OUT: [&str; 6] = ["type", "eventID", "errorDeclaration", "certificationInfo", "recordTime", "@context"];

/// Which part of an event a name belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Event,
    Metadata,
    Report,
    Place,
    SensorElement,
    Other,
}

/// Whether the standard's text has this name already, or leaves it out.
pub(crate) fn is_known(part: Part, name: &str) -> bool {
    let has = |fields: &[(&str, Kind)]| fields.iter().any(|(known, _)| *known == name);
    match part {
        Part::Event => has(EVENT) || LEFT_OUT.contains(&name),
        Part::Metadata => has(METADATA),
        Part::Report => has(REPORT),
        Part::Place => name == "id",
        Part::SensorElement | Part::Other => false,
    }
}

/// The standard's part of the text.
pub(crate) fn text(event: &Map<String, Value>) -> Result<String, EpcisError> {
    let name = event.get("type").and_then(Value::as_str).ok_or(EpcisError::field("type", "name of an event type"))?;
    Ok(format!("eventType={name}{}", in_order(EVENT, event)?))
}

fn in_order(fields: &[(&str, Kind)], of: &Map<String, Value>) -> Result<String, EpcisError> {
    let mut text = String::new();
    for (name, kind) in fields {
        match of.get(*name) {
            None | Some(Value::Null) => {}
            Some(value) => text.push_str(&one(name, *kind, value)?),
        }
    }
    Ok(text)
}

fn one(name: &str, kind: Kind, value: &Value) -> Result<String, EpcisError> {
    let plain = || scalar(value).ok_or_else(|| EpcisError::field(name, "text or number"));
    Ok(match kind {
        Kind::Plain => format!("{name}={}", plain()?),
        Kind::Time => {
            let time = value.as_str().and_then(canonical_time);
            format!("{name}={}", time.ok_or_else(|| EpcisError::field(name, "time with an offset"))?)
        }
        Kind::Id => format!("{name}={}", link(text_of(name, value)?)),
        Kind::Word(before) => format!("{name}={}", word(before, text_of(name, value)?)),
        Kind::Place => {
            let place = value.as_object().ok_or_else(|| EpcisError::field(name, "place with an id"))?;
            format!("{name}{}", in_order(&[("id", Kind::Id)], place)?)
        }
        Kind::Epcs => listed(name, value, |epc| Ok(format!("epc={}", link(text_of(name, epc)?))))?,
        Kind::Quantities => {
            listed(name, value, |found| Ok(format!("quantityElement{}", in_order(QUANTITY, object(name, found)?)?)))?
        }
        Kind::Persistent => {
            let found = object(name, value)?;
            let mut text = name.to_owned();
            for part in ["set", "unset"] {
                if let Some(words) = found.get(part) {
                    let say = |found: &Value| Ok(format!("{part}={}", word(DISPOSITION, text_of(part, found)?)));
                    text.push_str(&listed("", words, say)?);
                }
            }
            text
        }
        Kind::Pairs(before, second) => listed(name, value, |pair| {
            in_order(&[("type", Kind::Word(before)), (second, Kind::Id)], object(name, pair)?)
        })?,
        Kind::Sensors => listed("", value, sensor_element)?,
    })
}

fn sensor_element(element: &Value) -> Result<String, EpcisError> {
    let element = object("sensorElementList", element)?;
    let mut text = String::from("sensorElement");
    if let Some(metadata) = element.get("sensorMetadata") {
        text.push_str("sensorMetadata");
        text.push_str(&in_order(METADATA, object("sensorMetadata", metadata)?)?);
    }
    if let Some(reports) = element.get("sensorReport") {
        let say = |report: &Value| Ok(format!("sensorReport{}", in_order(REPORT, object("sensorReport", report)?)?));
        text.push_str(&listed("", reports, say)?);
    }
    Ok(text)
}

/// A name and the texts of a list in the order of texts.
fn listed(name: &str, list: &Value, say: impl Fn(&Value) -> Result<String, EpcisError>) -> Result<String, EpcisError> {
    let list = list.as_array().ok_or_else(|| EpcisError::field(name, "list"))?;
    let mut texts = list.iter().map(say).collect::<Result<Vec<_>, _>>()?;
    texts.sort_unstable();
    // An empty list says nothing.
    Ok(if texts.is_empty() { String::new() } else { format!("{name}{}", texts.concat()) })
}

fn object<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, EpcisError> {
    value.as_object().ok_or_else(|| EpcisError::field(name, "object"))
}

fn text_of<'a>(name: &str, value: &'a Value) -> Result<&'a str, EpcisError> {
    value.as_str().ok_or_else(|| EpcisError::field(name, "text"))
}

/// A word of a vocabulary as a link.
fn word(before: &str, word: &str) -> String {
    let old = [("bizstep", "BizStep-"), ("disp", "Disp-"), ("btt", "BTT-"), ("sdt", "SDT-"), ("er", "ER-")];
    let urn = word.strip_prefix("urn:epcglobal:cbv:").and_then(|rest| rest.split_once(':'));
    if let Some((kind, rest)) = urn
        && let Some((_, now)) = old.iter().find(|(known, _)| *known == kind)
    {
        return format!("{CBV}{now}{rest}");
    }
    match word.split_once(':') {
        None => format!("{before}{word}"),
        Some(("gs1", rest)) => format!("{VOC}{rest}"),
        Some(("cbv", rest)) => format!("{CBV}{rest}"),
        Some(_) => word.to_owned(),
    }
}
