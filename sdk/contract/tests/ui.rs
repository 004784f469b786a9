//! What the macros refuse, and that each refusal points at the author's own code.

#[test]
fn macros_refuse_with_the_authors_own_spans() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
