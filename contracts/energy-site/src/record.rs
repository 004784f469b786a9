//! Records in the Open Charge Metering Format, as far as they are needed: the pagination and the last value.
//!
//! The whole text is what the meter signed. Here it is only searched, byte by byte, for fields at their place: an object with `PG`
//! and the list `RD` of objects with `RV` and `RU`.

/// What is read from a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// The number of the record: `PG` without the letter of its context.
    pub pagination: u64,
    /// The last value in watt hours.
    pub wh: u64,
}

/// Reads a record's text.
pub fn parse(record: &[u8]) -> Option<Parsed> {
    let page = text(after(record, b"\"PG\"")?)?;
    let pagination = digits(page.strip_prefix(b"T")?)?;
    // The last one counts: a record has one at the start and one at the end of what was charged.
    let mut rest = after(record, b"\"RD\"")?;
    let mut last = None;
    while let Some(found) = after(rest, b"\"RV\"") {
        let unit = text(after(found, b"\"RU\"")?)?;
        last = Some(watt_hours(found, unit)?);
        rest = found;
    }
    Some(Parsed { pagination, wh: last? })
}

/// What follows a name and its colon.
fn after<'a>(record: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = record.windows(name.len()).position(|window| window == name)?;
    let rest = trim(&record[at + name.len()..]);
    Some(trim(rest.strip_prefix(b":")?))
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = text {
        text = rest;
    }
    text
}

/// A text in quotes, without escapes.
fn text(value: &[u8]) -> Option<&[u8]> {
    let rest = value.strip_prefix(b"\"")?;
    let end = rest.iter().position(|byte| *byte == b'"' || *byte == b'\\')?;
    (rest[end] == b'"').then_some(&rest[..end])
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// A decimal of watt hours or kilowatt hours; what is below a watt hour is left out.
fn watt_hours(value: &[u8], unit: &[u8]) -> Option<u64> {
    let end = value.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    if !matches!(value[end], b',' | b'}' | b' ') {
        return None;
    }
    let mut parts = value[..end].splitn(2, |byte| *byte == b'.');
    let whole = digits(parts.next()?)?;
    let part = parts.next().unwrap_or_default();
    if !part.is_empty() {
        digits(part.get(..part.len().min(18))?)?;
    }
    match unit {
        b"Wh" => Some(whole),
        b"kWh" => {
            let thousandths = (0..3).try_fold(0_u64, |sum, at| {
                let digit =
                    part.get(at).map_or(Some(0), |byte| byte.is_ascii_digit().then(|| u64::from(byte - b'0')))?;
                Some(sum * 10 + digit)
            })?;
            whole.checked_mul(1_000)?.checked_add(thousandths)
        }
        _ => None,
    }
}
