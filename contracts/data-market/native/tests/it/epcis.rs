//! The published examples of the EPCIS event hash: `RalphTro/epcis-event-hash-generator`, `tests/examples`, CBV 2.0.

use sensor_gateway::epcis::{EpcisError, Event, link};
use serde_json::{Value, json};

/// A document with one event, and prefixes of its own.
fn document(prefixes: &[(&str, &str)], event: &Value) -> Value {
    let own = prefixes.iter().map(|(prefix, meaning)| json!({ *prefix: meaning }));
    let standard = json!("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
    let context: Vec<Value> = std::iter::once(standard).chain(own).collect();
    json!({ "@context": context, "type": "EPCISDocument", "epcisBody": { "eventList": [event] } })
}

fn text(prefixes: &[(&str, &str)], event: &Value) -> Result<String, EpcisError> {
    Event::of(&document(prefixes, event))?.text()
}

fn hash(prefixes: &[(&str, &str)], event: &Value) -> String {
    let document = document(prefixes, event);
    hex::encode(Event::of(&document).and_then(|event| event.hash()).expect("hashed"))
}

fn with(mut event: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (event.as_object_mut(), more) else { panic!("objects") };
    fields.extend(more);
    event
}

/// `ReferenceEventHashAlgorithm3`, the standard's own example.
#[test]
fn the_reference_event_has_the_published_text_and_hash() {
    let event = json!({
        "type": "ObjectEvent",
        "eventTime": "2020-03-04T11:00:30+01:00",
        "eventTimeZoneOffset": "+01:00",
        "epcList": ["urn:epc:id:sgtin:0614141.011111.987"],
        "action": "OBSERVE",
        "bizStep": "departing",
        "disposition": "in_transit",
        "readPoint": { "id": "urn:epc:id:sgln:4012345.00011.0", "example:myField1": "AB-12" },
        "bizTransactionList": [{ "type": "po", "bizTransaction": "urn:epc:id:gdti:4012345.11111.123" }],
        "sourceList": [{ "type": "owning_party", "source": "urn:epc:id:pgln:4012345.00000" }],
        "destinationList": [{ "type": "owning_party", "destination": "urn:epc:id:pgln:0614141.00000" }],
        "example:userExt": "CD-34",
    });
    let prefixes = [("example", "https://ns.example.com/epcis/")];
    let published = "eventType=ObjectEventeventTime=2020-03-04T10:00:30.000ZeventTimeZoneOffset=+01:00\
        epcListepc=https://id.gs1.org/01/00614141111114/21/987action=OBSERVE\
        bizStep=https://ref.gs1.org/cbv/BizStep-departingdisposition=https://ref.gs1.org/cbv/Disp-in_transit\
        readPointid=https://id.gs1.org/414/4012345000115bizTransactionListtype=https://ref.gs1.org/cbv/BTT-po\
        bizTransaction=https://id.gs1.org/253/4012345111118123\
        sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/4012345000009\
        destinationListtype=https://ref.gs1.org/cbv/SDT-owning_party\
        destination=https://id.gs1.org/417/0614141000005\
        readPoint{https://ns.example.com/epcis/}myField1=AB-12{https://ns.example.com/epcis/}userExt=CD-34";
    assert_eq!(text(&prefixes, &event).as_deref(), Ok(published));
    let published = "3ae14c02c4bdc220cc31942cf804f6845eb8dec96ba6483391c92a9b165f9329";
    assert_eq!(hash(&prefixes, &event), published);

    // What says something of the record changes nothing.
    let recorded = with(event.clone(), json!({ "eventID": "urn:uuid:1", "recordTime": "2021-01-01T00:00:00Z" }));
    assert_eq!(hash(&prefixes, &recorded), published);
    let other = with(event, json!({ "example:userExt": "CD-35" }));
    assert_ne!(hash(&prefixes, &other), published);
}

/// `epcisDocWithAllGS1Keys`.
#[test]
fn every_kind_of_key_becomes_its_link() {
    let event = json!({
        "type": "ObjectEvent",
        "eventTime": "2023-03-27T11:30:00.0Z",
        "eventTimeZoneOffset": "+01:00",
        "epcList": [
            "urn:epc:id:sgtin:4012345.012345.12", "urn:epc:id:sscc:4012345.0000000333",
            "https://id.gs1.org/00/040123450000003338", "urn:epc:id:grai:4012345.66666.87",
            "urn:epc:id:giai:4012345.AAbb", "urn:epc:id:gsrn:4012345.9876540000",
            "urn:epc:id:gsrnp:4012345.0000098765", "urn:epc:id:gdti:4012345.55555.98",
            "urn:epc:id:cpi:4012345.ABC.123", "urn:epc:id:sgcn:4012345.99999.44", "urn:epc:id:ginc:4012345.333",
            "urn:epc:id:gsin:4012345.999987654", "urn:epc:id:itip:4012345.012345.01.02.999",
            "urn:epc:id:upui:4012345.012345.AB12",
        ],
        "quantityList": [
            { "epcClass": "urn:epc:class:lgtin:4054739.099914.20160711" },
            { "epcClass": "urn:epc:idpat:sgtin:4054739.099914.*" },
            { "epcClass": "urn:epc:idpat:grai:4012345.66666.*" },
            { "epcClass": "urn:epc:idpat:gdti:4012345.55555.*" },
            { "epcClass": "urn:epc:idpat:sgcn:4012345.99999.*" },
            { "epcClass": "urn:epc:idpat:cpi:4012345.ABC.*" },
            { "epcClass": "urn:epc:idpat:itip:4012345.012345.01.02.*" },
        ],
        "action": "OBSERVE",
        "bizStep": "other",
        "readPoint": { "id": "urn:epc:id:sgln:4012345.00011.987" },
    });
    let published = "eventType=ObjectEventeventTime=2023-03-27T11:30:00.000ZeventTimeZoneOffset=+01:00epcList\
        epc=https://id.gs1.org/00/040123450000003338epc=https://id.gs1.org/00/040123450000003338\
        epc=https://id.gs1.org/01/04012345123456/21/12epc=https://id.gs1.org/01/04012345123456/235/AB12\
        epc=https://id.gs1.org/253/401234555555498epc=https://id.gs1.org/255/401234599999044\
        epc=https://id.gs1.org/401/4012345333epc=https://id.gs1.org/402/40123459999876541\
        epc=https://id.gs1.org/8003/0401234566666387epc=https://id.gs1.org/8004/4012345AAbb\
        epc=https://id.gs1.org/8006/040123451234560102/21/999epc=https://id.gs1.org/8010/4012345ABC/8011/123\
        epc=https://id.gs1.org/8017/401234500000987658epc=https://id.gs1.org/8018/401234598765400000\
        quantityListquantityElementepcClass=https://id.gs1.org/01/04054739999148\
        quantityElementepcClass=https://id.gs1.org/01/04054739999148/10/20160711\
        quantityElementepcClass=https://id.gs1.org/253/4012345555554\
        quantityElementepcClass=https://id.gs1.org/255/4012345999990\
        quantityElementepcClass=https://id.gs1.org/8003/04012345666663\
        quantityElementepcClass=https://id.gs1.org/8006/040123451234560102\
        quantityElementepcClass=https://id.gs1.org/8010/4012345ABCaction=OBSERVE\
        bizStep=https://ref.gs1.org/cbv/BizStep-otherreadPointid=https://id.gs1.org/414/4012345000115/254/987";
    assert_eq!(text(&[], &event).as_deref(), Ok(published));
}

/// `epcisDocWithSensorComponent`: links of another domain, words with a prefix.
#[test]
fn sensors_report_in_the_order_of_their_texts() {
    let report = |value: f64, component: &str| {
        json!({
            "type": "gs1:Angle", "value": value, "component": component, "uom": "DD",
            "coordinateReferenceSystem": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        })
    };
    let event = json!({
        "type": "ObjectEvent",
        "eventTime": "2022-04-07T10:00:00.000Z",
        "eventTimeZoneOffset": "+01:00",
        "epcList": ["https://id.example.com/8003/040123450007718765"],
        "action": "OBSERVE",
        "bizStep": "sensor_reporting",
        "readPoint": { "id": "https://id.example.com/414/4012345000054" },
        "sensorElementList": [
            { "sensorReport": [report(42.698_334, "cbv:Comp-latitude"), report(23.319_941, "cbv:Comp-longitude")] }
        ],
    });
    let published = "eventType=ObjectEventeventTime=2022-04-07T10:00:00.000ZeventTimeZoneOffset=+01:00\
        epcListepc=https://id.gs1.org/8003/040123450007718765action=OBSERVE\
        bizStep=https://ref.gs1.org/cbv/BizStep-sensor_reportingreadPointid=https://id.gs1.org/414/4012345000054\
        sensorElementsensorReporttype=https://ref.gs1.org/voc/Anglevalue=23.319941\
        component=https://ref.gs1.org/cbv/Comp-longitudeuom=DD\
        coordinateReferenceSystem=http://www.opengis.net/def/crs/OGC/1.3/CRS84\
        sensorReporttype=https://ref.gs1.org/voc/Anglevalue=42.698334\
        component=https://ref.gs1.org/cbv/Comp-latitudeuom=DD\
        coordinateReferenceSystem=http://www.opengis.net/def/crs/OGC/1.3/CRS84";
    let prefixes = [("cbv", "https://ref.gs1.org/cbv/")];
    assert_eq!(text(&prefixes, &event).as_deref(), Ok(published));
}

/// `epcisDocWithSensorDataObjectEvent`: three elements with four reports each.
#[test]
fn the_sensor_data_example_has_the_published_hash() {
    let element = |time: &str, [humidity, temperature]: [f64; 2], [light, speed]: [u64; 2]| {
        json!({
            "sensorMetadata": {
                "time": time, "deviceID": "urn:epc:id:giai:4000001.111",
                "deviceMetadata": "https://id.gs1.org/8004/4000001111",
                "rawData": "https://example.org/8004/401234599999",
            },
            "sensorReport": [
                { "type": "Temperature", "value": temperature, "uom": "CEL" },
                { "type": "AbsoluteHumidity", "value": humidity, "uom": "A93" },
                { "type": "Speed", "value": speed, "uom": "KMH" },
                { "type": "Illuminance", "value": light, "uom": "LUX" },
            ],
        })
    };
    let event = json!({
        "type": "ObjectEvent",
        "eventTime": "2022-02-16T15:00:00.000+01:00",
        "eventTimeZoneOffset": "+01:00",
        "epcList": ["urn:epc:id:sgtin:4012345.011111.9876"],
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "readPoint": { "id": "urn:epc:id:sgln:4012345.00005.0" },
        "sensorElementList": [
            element("2022-02-16T13:05:00.000Z", [12.1, 26.0], [800, 160]),
            element("2022-02-16T13:35:00.000Z", [12.2, 26.1], [801, 161]),
            element("2022-02-16T13:55:00.000Z", [12.2, 26.2], [802, 162]),
        ],
    });
    assert_eq!(hash(&[], &event), "bea63f2741e3f4ae7cab8abba1be5bf172109f749bedaa7e8620fb9bd26847b5");
}

/// The additions that the examples with all possible fields repeat in each part.
fn additions() -> Value {
    json!({
        "ext1:float": "20",
        "ext1:time": "2013-06-08T14:58:56.591Z",
        "ext1:array": [
            "12", "22", "2013-06-08T14:58:56.591Z", "true", "stringInArray",
            { "ext1:object": { "ext1:object": {
                "ext2:array": ["14", "23.0", "stringInArrayInObjectInArray"],
                "ext2:object": { "ext2:object": { "ext3:string": "stringInObjectInObjectInArray" } },
                "ext2:int": "13",
                "ext2:string": "stringInObjectInArray",
            } } },
        ],
        "ext1:boolean": "true",
        "ext1:object": {
            "ext2:array": ["11", "21", "stringInArrayInObject"],
            "ext2:object": { "ext2:object": { "ext3:string": "stringInObjectInObject" } },
            "ext2:string": "stringInObject",
        },
        "ext1:default": "stringAsDefaultValue",
        "ext1:int": "10",
        "ext1:string": "string",
    })
}

/// What both examples have in common.
fn everything(own: Value) -> Value {
    let parties = |end: &str, name: &str, location: &str, party: &str| {
        json!([
            { "type": "location", name: format!("urn:epc:id:sgln:{location}{end}") },
            { "type": "possessing_party", name: format!("urn:epc:id:pgln:{party}") },
            { "type": "owning_party", name: format!("urn:epc:id:pgln:{party}") },
        ])
    };
    let method = "https://example.com/253/4012345000054987";
    let (device, raw) = ("https://id.gs1.org/8004/4000001111", "https://example.org/8004/401234599999");
    let sensors = with(
        json!({
            "sensorMetadata": {
                "time": "2019-04-02T13:05:00.000Z", "deviceID": "urn:epc:id:giai:4000001.111",
                "deviceMetadata": device, "rawData": raw, "startTime": "2019-04-02T12:55:01.000Z",
                "endTime": "2019-04-02T13:55:00.000Z", "dataProcessingMethod": method, "bizRules": method,
                "ext1:someFurtherMetadata": "someText",
            },
            "sensorReport": [{
                "type": "Temperature", "deviceID": "urn:epc:id:giai:4000001.111", "rawData": raw,
                "dataProcessingMethod": method, "time": "2019-07-19T13:00:00.000Z",
                "microorganism": "https://www.ncbi.nlm.nih.gov/taxonomy/1126011",
                "chemicalSubstance": "https://identifiers.org/inchikey:CZMRCDWAGMRECN-UGDNZRGBSA-N",
                "value": 26, "component": "example:x", "stringValue": "SomeString", "booleanValue": true,
                "hexBinaryValue": "f0f0f0", "uriValue": device, "minValue": 26, "maxValue": 26.2, "meanValue": 13.2,
                "percRank": 50, "percValue": 12.7, "uom": "CEL", "sDev": 0.1,
                "ext1:someFurtherReportData": "someText", "deviceMetadata": device,
            }],
        }),
        additions(),
    );
    let ilmd = json!({
        "cbvmda:countryOfExport": "KR", "cbvmda:grossWeight": "3.5", "cbvmda:netWeight": "3.5",
        "cbvmda:countryOfOrigin": "GB", "cbvmda:drainedWeight": "3.5", "cbvmda:lotNumber": "ABC123",
    });
    let shared = json!({
        "certificationInfo": "https://accreditation-council.example.org/certificate/ABC12345",
        "errorDeclaration": { "declarationTime": "2013-11-07T14:00:00.000+01:00", "reason": "incorrect_data" },
        "disposition": "in_progress",
        "bizTransactionList": [
            { "type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034" },
            { "type": "pedigree", "bizTransaction": "urn:epc:id:gsrn:0614141.0000010253" },
        ],
        "sourceList": parties(".0", "source", "4012345.00225", "4012345.00225"),
        "destinationList": parties(".0", "destination", "0614141.00777", "0614141.00777"),
        "ilmd": with(ilmd, additions()),
        "sensorElementList": [sensors],
        "persistentDisposition": { "unset": ["completeness_inferred"], "set": ["completeness_verified"] },
    });
    with(with(own, shared), additions())
}

const EXTENSIONS: [(&str, &str); 4] = [
    ("ext3", "http://example.com/ext3/"),
    ("ext2", "http://example.com/ext2/"),
    ("ext1", "http://example.com/ext1/"),
    ("cbvmda", "http://example.com/cbvmda/"),
];

/// `ObjectEvent_all_possible_fields`: its context does not say what `cbvmda` is.
#[test]
fn an_object_event_with_all_fields_has_the_published_hash() {
    let event = everything(json!({
        "type": "ObjectEvent",
        "eventTime": "2005-04-05T02:33:31.116Z",
        "eventTimeZoneOffset": "-06:00",
        "eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
        "epcList": ["urn:epc:id:sgtin:0614141.107346.2018"],
        "action": "ADD",
        "bizStep": "receiving",
        "readPoint": { "id": "urn:epc:id:sgln:0012345.11111.400" },
        "bizLocation": { "id": "urn:epc:id:sgln:0012345.11111.0" },
        "quantityList": [
            { "epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200, "uom": "KGM" }
        ],
    }));
    let published = "9811bfb2672e9c3a0f6151be339d22b60db375c8b23d2740f6137cc6539f0639";
    assert_eq!(hash(&EXTENSIONS[..3], &event), published);
}

/// `TransformationEvent_all_possible_fields`.
#[test]
fn a_transformation_event_with_all_fields_has_the_published_hash() {
    let quantities = json!([
        { "epcClass": "urn:epc:class:lgtin:4012345.011111.4444", "quantity": 10, "uom": "KGM" },
        { "epcClass": "urn:epc:class:lgtin:0614141.077777.987", "quantity": 30 },
        { "epcClass": "urn:epc:idpat:sgtin:4012345.066666.*", "quantity": 220 },
    ]);
    let event = everything(json!({
        "type": "TransformationEvent",
        "eventTime": "2013-10-31T14:58:56.591Z",
        "eventTimeZoneOffset": "+02:00",
        "inputEPCList": ["urn:epc:id:sgtin:4012345.011122.25", "urn:epc:id:sgtin:4000001.065432.99886655"],
        "inputQuantityList": quantities,
        "outputEPCList": [
            "urn:epc:id:sgtin:4012345.077889.25", "urn:epc:id:sgtin:4012345.077889.26",
            "urn:epc:id:sgtin:4012345.077889.27", "urn:epc:id:sgtin:4012345.077889.28",
        ],
        "outputQuantityList": quantities,
        "transformationID": "urn:epc:id:gdti:0614141.12345.400",
        "bizStep": "commissioning",
        "readPoint": { "id": "urn:epc:id:sgln:4012345.00001.0" },
        "bizLocation": { "id": "urn:epc:id:sgln:0614141.00888.0" },
    }));
    let published = "529cc54b8cf9d8664208cc6c77473274d8c2dd473469920a7d09a814623f52cc";
    assert_eq!(hash(&EXTENSIONS, &event), published);
}

/// `TimeStampRoundOff`: half a millisecond counts as a whole.
#[test]
fn times_are_rounded_to_milliseconds_of_utc() {
    let at = |time: &str| {
        let event = json!({ "type": "ObjectEvent", "eventTime": time, "eventTimeZoneOffset": "+00:00" });
        let text = text(&[], &event).expect("a text");
        text.split("eventTime=").nth(1).and_then(|rest| rest.split("eventTimeZone").next()).map(str::to_owned)
    };
    for (time, published) in [
        ("2020-03-04T11:00:30.31415+00:00", "2020-03-04T11:00:30.314Z"),
        ("2020-03-04T11:00:30.1415+00:00", "2020-03-04T11:00:30.142Z"),
        ("2020-03-04T11:00:30.1414+00:00", "2020-03-04T11:00:30.141Z"),
        ("2020-03-04T11:00:30.1007+00:00", "2020-03-04T11:00:30.101Z"),
        ("2020-03-04T11:00:30.9999+00:00", "2020-03-04T11:00:31.000Z"),
        ("2020-03-04T23:30:30-02:00", "2020-03-05T01:30:30.000Z"),
    ] {
        assert_eq!(at(time).as_deref(), Some(published), "{time}");
    }
}

#[test]
fn what_is_no_gs1_key_stays_as_it_is() {
    for id in [
        "example:x",
        "geo:48.1,11.5",
        "https://example.com/01",
        "https://example.org/a/b",
        "urn:epc:id:sgtin:x.y.z",
        "urn:epc:id:sgtin:4012345",
        "urn:uuid:374d95fc",
        "",
        "https://",
        "urn:epc:id:unknown:1.2",
    ] {
        assert_eq!(link(id), id);
    }
    assert_eq!(link("http://a.example/shop/01/04012345123456/21/1?x=1#y"), "https://id.gs1.org/01/04012345123456/21/1");
}

#[test]
fn what_cannot_be_hashed_is_refused() {
    let base = json!({ "type": "ObjectEvent", "eventTime": "2020-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00" });
    assert!(matches!(Event::of(&json!({})), Err(EpcisError::NotOneEvent)));
    let two = json!({ "epcisBody": { "eventList": [base, base] } });
    assert!(matches!(Event::of(&two), Err(EpcisError::NotOneEvent)));
    let refused = |more: Value| text(&[], &with(base.clone(), more)).expect_err("refused");
    assert!(matches!(refused(json!({ "eventTime": "2020-03-04T11:00:30" })), EpcisError::Field { .. }));
    assert!(matches!(refused(json!({ "epcList": "x" })), EpcisError::Field { .. }));
    assert!(matches!(refused(json!({ "epcList": [1] })), EpcisError::Field { .. }));
    assert!(matches!(refused(json!({ "own": 1 })), EpcisError::UnknownName { .. }));
    assert!(matches!(refused(json!({ "x:own": 1 })), EpcisError::UnknownName { .. }));
    let deep = (0..40).fold(json!(1), |inner, _| json!({ "cbvmda:x": inner }));
    assert_eq!(refused(json!({ "ilmd": deep })), EpcisError::TooDeep);
    let wide = (0..40).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(refused(json!({ "ilmd": { "cbvmda:x": wide } })), EpcisError::TooDeep);
}
