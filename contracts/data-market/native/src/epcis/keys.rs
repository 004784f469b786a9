//! Identifiers: EPC URNs and links of any domain become links of `id.gs1.org` (GS1 EPC Tag Data Standard, GS1 Digital Link).

/// Application identifiers that name something by themselves.
const PRIMARY: [&str; 16] = [
    "00", "01", "253", "254", "255", "401", "402", "414", "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018",
];
const DOMAIN: &str = "https://id.gs1.org";

/// An identifier as it stands in canonical texts. What is neither a GS1 URN nor a GS1 link stays as it is.
pub fn link(id: &str) -> String {
    let urn = ["urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:"].iter().find_map(|prefix| id.strip_prefix(prefix));
    let found = match urn {
        Some(urn) => urn.split_once(':').and_then(|(scheme, rest)| of_urn(scheme, rest)),
        None => of_link(id),
    };
    found.map_or_else(|| id.to_owned(), |path| format!("{DOMAIN}/{path}"))
}

/// The path of a link from its first primary key on.
fn of_link(id: &str) -> Option<String> {
    let rest = id.strip_prefix("https://").or_else(|| id.strip_prefix("http://"))?;
    let rest = rest.split(['?', '#']).next()?;
    let parts: Vec<&str> = rest.split('/').collect();
    let number = |part: &str| part.len() >= 3 && part.bytes().any(|byte| byte.is_ascii_digit());
    let at = (1..parts.len().saturating_sub(1)).find(|at| PRIMARY.contains(&parts[*at]) && number(parts[*at + 1]))?;
    Some(parts[at..].join("/"))
}

fn of_urn(scheme: &str, rest: &str) -> Option<String> {
    let parts: Vec<&str> = rest.split('.').collect();
    let company = *parts.first()?;
    let reference = parts.get(1).copied().unwrap_or_default();
    // A serial number may hold dots of its own.
    let serial = |from: usize| rest.splitn(from + 1, '.').nth(from).filter(|serial| *serial != "*");
    let with = |path: String, key: &str, from: usize| match serial(from) {
        Some(serial) => format!("{path}{key}{serial}"),
        None => path,
    };
    let checked = |digits: String| check_digit(&digits).map(|check| format!("{digits}{check}"));
    // The first digit of these references stands before the company.
    let turned = || {
        let first = reference.get(..1)?;
        checked(format!("{first}{company}{}", reference.get(1..)?))
    };
    Some(match scheme {
        "sgtin" => with(format!("01/{}", turned()?), "/21/", 2),
        "lgtin" => with(format!("01/{}", turned()?), "/10/", 2),
        "upui" => with(format!("01/{}", turned()?), "/235/", 2),
        "itip" => {
            let path = format!("8006/{}{}{}", turned()?, parts.get(2)?, parts.get(3)?);
            with(path, "/21/", 4)
        }
        "sscc" => format!("00/{}", turned()?),
        "sgln" => {
            let path = format!("414/{}", checked(format!("{company}{reference}"))?);
            match serial(2) {
                Some("0") | None => path,
                Some(extension) => format!("{path}/254/{extension}"),
            }
        }
        "pgln" => format!("417/{}", checked(format!("{company}{reference}"))?),
        "grai" => with(format!("8003/{}", checked(format!("0{company}{reference}"))?), "", 2),
        "gdti" => with(format!("253/{}", checked(format!("{company}{reference}"))?), "", 2),
        "sgcn" => with(format!("255/{}", checked(format!("{company}{reference}"))?), "", 2),
        "gsrn" => format!("8018/{}", checked(format!("{company}{reference}"))?),
        "gsrnp" => format!("8017/{}", checked(format!("{company}{reference}"))?),
        "gsin" => format!("402/{}", checked(format!("{company}{reference}"))?),
        "giai" => format!("8004/{company}{}", serial(1)?),
        "ginc" => format!("401/{company}{}", serial(1)?),
        "cpi" => with(format!("8010/{company}{reference}"), "/8011/", 2),
        _ => return None,
    })
}

/// The check digit of GS1 keys: digits weigh 3 and 1 by turns from the right.
fn check_digit(digits: &str) -> Option<u32> {
    let mut sum = 0;
    for (place, digit) in digits.chars().rev().enumerate() {
        sum += digit.to_digit(10)? * if place % 2 == 0 { 3 } else { 1 };
    }
    Some((10 - sum % 10) % 10)
}
