//! Everything that decodes bytes or JSON from outside, on any types: it never panics, takes nothing that it would not give
//! back, and leaves nothing over. `PROPTEST_CASES=1000000 cargo test -p counterpart-abi --release` is the long campaign.

use counterpart_abi::{ContractAbi, Event, Field, Kind, Method, Shape, VERSION};
use miniz_oxide::deflate::compress_to_vec;
use parity_scale_codec::Encode;
use proptest::prelude::*;
use scale_info::form::PortableForm;
use scale_info::{
    Path, PortableRegistry, PortableType, Type, TypeDef, TypeDefArray, TypeDefComposite, TypeDefPrimitive,
    TypeDefSequence, TypeDefTuple, TypeDefVariant, Variant,
};
use serde_json::{Value, json};

/// A type before it is numbered.
#[derive(Clone, Debug)]
enum Shaped {
    Primitive(u8),
    Bytes32(&'static str),
    Option(Box<Shaped>),
    Sequence(Box<Shaped>),
    Array(Box<Shaped>, u32),
    Tuple(Vec<Shaped>),
    Struct(Vec<Shaped>, bool),
    Enum(Vec<Vec<Shaped>>),
}

fn primitive(number: u8) -> TypeDefPrimitive {
    use TypeDefPrimitive::{Bool, I8, I16, I32, I64, I128, Str, U8, U16, U32, U64, U128};
    [Bool, Str, U8, U16, U32, U64, U128, I8, I16, I32, I64, I128][usize::from(number % 12)].clone()
}

fn shaped() -> impl Strategy<Value = Shaped> {
    let leaf = prop_oneof![
        (0u8..12).prop_map(Shaped::Primitive),
        prop_oneof![Just("Address"), Just("Hash")].prop_map(Shaped::Bytes32)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let many = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            inner.clone().prop_map(|inner| Shaped::Option(Box::new(inner))),
            inner.clone().prop_map(|inner| Shaped::Sequence(Box::new(inner))),
            (inner.clone(), 0u32..5).prop_map(|(inner, length)| Shaped::Array(Box::new(inner), length)),
            many().prop_map(Shaped::Tuple),
            (many(), any::<bool>()).prop_map(|(fields, named)| Shaped::Struct(fields, named)),
            prop::collection::vec(many(), 1..4).prop_map(Shaped::Enum),
        ]
    })
}

/// Adds a type to a registry; answers its number.
fn add(types: &mut Vec<PortableType>, shape: &Shaped) -> u32 {
    let field =
        |name: Option<String>, ty: u32| scale_info::Field { name, ty: ty.into(), type_name: None, docs: vec![] };
    let mut path = Vec::new();
    let type_def: TypeDef<PortableForm> = match shape {
        Shaped::Primitive(number) => TypeDef::Primitive(primitive(*number)),
        Shaped::Bytes32(name) => {
            path = vec![(*name).to_owned()];
            let byte = add(types, &Shaped::Primitive(2));
            let bytes = push(types, vec![], TypeDef::Array(TypeDefArray { len: 32, type_param: byte.into() }));
            TypeDef::Composite(TypeDefComposite { fields: vec![field(None, bytes)] })
        }
        Shaped::Option(inner) => {
            path = vec!["Option".to_owned()];
            let inner = add(types, inner);
            let variant = |name: &str, index, fields| Variant { name: name.to_owned(), index, fields, docs: vec![] };
            let variants = vec![variant("None", 0, vec![]), variant("Some", 1, vec![field(None, inner)])];
            TypeDef::Variant(TypeDefVariant { variants })
        }
        Shaped::Sequence(inner) => {
            let type_param = add(types, inner).into();
            TypeDef::Sequence(TypeDefSequence { type_param })
        }
        Shaped::Array(inner, len) => {
            let type_param = add(types, inner).into();
            TypeDef::Array(TypeDefArray { len: *len, type_param })
        }
        Shaped::Tuple(inner) => {
            let fields = inner.iter().map(|inner| add(types, inner).into()).collect();
            TypeDef::Tuple(TypeDefTuple { fields })
        }
        Shaped::Struct(inner, named) => {
            path = vec!["Thing".to_owned()];
            let fields = inner.iter().enumerate();
            let fields = fields.map(|(index, inner)| field(named.then(|| format!("f{index}")), add(types, inner)));
            let fields = fields.collect();
            TypeDef::Composite(TypeDefComposite { fields })
        }
        Shaped::Enum(variants) => {
            path = vec!["Choice".to_owned()];
            let variants = variants.iter().enumerate().map(|(index, inner)| Variant {
                name: format!("V{index}"),
                index: index as u8,
                fields: inner.iter().map(|inner| field(None, add(types, inner))).collect(),
                docs: vec![],
            });
            let variants = variants.collect();
            TypeDef::Variant(TypeDefVariant { variants })
        }
    };
    push(types, path, type_def)
}

fn push(types: &mut Vec<PortableType>, path: Vec<String>, type_def: TypeDef<PortableForm>) -> u32 {
    let id = types.len() as u32;
    let path = Path::from_segments_unchecked(path);
    types.push(PortableType { id, ty: Type { path, type_params: vec![], type_def, docs: vec![] } });
    id
}

/// An interface that has the type everywhere.
fn abi(shape: &Shaped) -> (ContractAbi, u32) {
    let mut types = Vec::new();
    let ty = add(&mut types, shape);
    let field = || Field { name: "value".into(), ty };
    let method = Method {
        name: "set".into(),
        selector: [1, 2, 3, 4],
        kind: Kind::Call,
        payable: false,
        arguments: vec![field()],
        output: ty,
        error: Some(ty),
    };
    let event = Event { name: "Set".into(), topic: [7; 32], fields: vec![field()], indexed: vec![false] };
    let stored = |name: &str, shape| counterpart_abi::Stored { path: vec![name.into()], shape };
    let storage = vec![
        stored("item", Shape::Item { value: ty }),
        stored("map", Shape::Map { key: ty, value: ty }),
        stored("ordered", Shape::OrdMap { key: ty, value: ty }),
        stored("list", Shape::List { value: ty }),
        stored("sum", Shape::Counter),
    ];
    let types = PortableRegistry { types };
    (ContractAbi { name: "Any".into(), types, methods: vec![method], events: vec![event], storage }, ty)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,6}".prop_map(Value::from),
        "0x[0-9a-f]{0,66}".prop_map(Value::from),
        "-?[0-9]{1,40}".prop_map(Value::from),
        Just(json!("V0")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key =
            prop_oneof![Just("f0".to_owned()), Just("f1".into()), Just("V0".into()), Just("V1".into()), "[a-z]{0,3}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_that_decode_are_the_only_ones_that_say_it(shape in shaped(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let (abi, ty) = abi(&shape);
        if let Ok(value) = abi.decode_value(ty, &bytes) {
            prop_assert_eq!(abi.encode_value(ty, &value).expect("what was decoded encodes"), bytes.clone());
            let longer = [bytes, vec![0]].concat();
            prop_assert!(abi.decode_value(ty, &longer).is_err(), "a byte was left over");
        }
    }

    #[test]
    fn json_that_encodes_comes_back(shape in shaped(), value in any_json()) {
        let (abi, ty) = abi(&shape);
        let visited: Result<(), ()> = abi.for_each_address(ty, &mut value.clone(), &mut |_| Ok(()));
        prop_assert_eq!(visited, Ok(()));
        if let Ok(bytes) = abi.encode_value(ty, &value) {
            let back = abi.decode_value(ty, &bytes).expect("what was encoded decodes");
            prop_assert_eq!(abi.encode_value(ty, &back).expect("and encodes again"), bytes);
        }
    }

    #[test]
    fn entries_events_and_errors_decode_or_do_not(shape in shaped(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let (abi, _) = abi(&shape);
        for field in ["item", "map", "ordered", "list", "sum"] {
            let key = [&[field.len() as u8], field.as_bytes(), &[0], &bytes].concat();
            abi.decode_stored(&key, Some(&bytes));
            abi.decode_stored(&key, None);
        }
        abi.decode_stored(&bytes, Some(&bytes));
        let _ = abi.decode_event(&abi.events[0], &bytes);
        let _ = abi.decode_arguments(&abi.methods[0], &bytes);
        abi.decode_error(1, &bytes);
    }

    #[test]
    fn damaged_interfaces_are_refused_or_harmless(shape in shaped(), at in any::<prop::sample::Index>(), byte in any::<u8>(), packed in any::<bool>()) {
        let (whole, ty) = abi(&shape);
        prop_assert_eq!(ContractAbi::from_section(&whole.to_section()).expect("it is whole"), whole.clone());
        let longer = [whole.to_section(), vec![byte]].concat();
        prop_assert!(ContractAbi::from_section(&longer).is_err(), "nothing may follow the pack");
        // Either what is packed is damaged, or the pack.
        let mut bytes = if packed { whole.to_section() } else { whole.encode() };
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if !packed {
            bytes = [&[VERSION][..], &compress_to_vec(&bytes, 1)].concat();
        }
        if let Ok(abi) = ContractAbi::from_section(&bytes) {
            abi.to_json(&[]);
            abi.to_rust("somewhere");
            abi.to_typescript("somewhere");
            abi.type_structure(ty);
            let _ = abi.decode_value(ty, &[1; 40]);
            let _ = abi.encode_value(ty, &json!({ "f0": ["1", null] }));
            abi.decode_stored(&[4, b'i', b't', b'e', b'm', 0], Some(&[1; 40]));
        }
        let _ = ContractAbi::from_section(&bytes[..at.min(bytes.len())]);
    }

    #[test]
    fn no_bytes_make_finishing_a_module_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), section in any::<bool>()) {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        if section {
            let name = counterpart_abi::RAW_SECTION.as_bytes();
            module.push(0);
            // Both lengths below 128 are numbers of one byte.
            let content = &bytes[..bytes.len().min(127 - name.len() - 1)];
            module.push((1 + name.len() + content.len()) as u8);
            module.push(name.len() as u8);
            module.extend_from_slice(name);
            module.extend_from_slice(content);
        } else {
            module.extend_from_slice(&bytes);
        }
        let _ = counterpart_abi::build::finish(&module);
    }
}

#[test]
fn absent_and_present_are_told_apart_where_a_value_may_be_null() {
    let unit = || Box::new(Shaped::Tuple(Vec::new()));
    let (nested, ty) = abi(&Shaped::Option(Box::new(Shaped::Option(Box::new(Shaped::Primitive(2))))));
    for (bytes, value) in
        [(&[0][..], json!(null)), (&[1, 0], json!({ "Some": null })), (&[1, 1, 7], json!({ "Some": 7 }))]
    {
        assert_eq!(nested.decode_value(ty, bytes).expect("decodes"), value);
        assert_eq!(nested.encode_value(ty, &value).expect("encodes"), bytes);
    }
    assert!(nested.encode_value(ty, &json!(7)).is_err(), "7 does not say how deep it is");
    let (optional, ty) = abi(&Shaped::Option(unit()));
    assert_eq!(optional.encode_value(ty, &json!({ "Some": null })).expect("encodes"), [1]);
    // Of values without bytes, nobody can say how many there are.
    for shape in [Shaped::Sequence(unit()), Shaped::Array(unit(), 1)] {
        let (abi, ty) = abi(&shape);
        assert!(abi.encode_value(ty, &json!([null])).is_err());
    }
}

#[test]
fn names_can_stand_for_addresses_however_deep() {
    let address = || Shaped::Bytes32("Address");
    let pair = Shaped::Tuple(vec![address(), Shaped::Primitive(1)]);
    let choice = Shaped::Enum(vec![vec![], vec![Shaped::Option(Box::new(address()))]]);
    let (abi, ty) = abi(&Shaped::Struct(vec![Shaped::Sequence(Box::new(pair)), choice, Shaped::Bytes32("Hash")], true));
    let mut value =
        json!({ "f0": [["alice", "bob"], ["carol", "x"]], "f1": { "V1": "dave" }, "f2": "erin", "f9": "frank" });
    let mut seen = Vec::new();
    let found: Result<(), ()> = abi.for_each_address(ty, &mut value, &mut |name| {
        seen.push(name.clone());
        *name = format!("<{name}>");
        Ok(())
    });
    assert_eq!(found, Ok(()));
    assert_eq!(seen, ["alice", "carol", "dave"]);
    assert_eq!(value["f0"], json!([["<alice>", "bob"], ["<carol>", "x"]]));
    assert_eq!(value["f1"], json!({ "V1": "<dave>" }));
}
