//! Golden files: expected bytes on disk, renewed with UPDATE=1 and reviewed as a change of format.

use std::fmt::Write;
use std::path::Path;

/// Compares text with a golden file, or writes the file when the variable UPDATE is 1.
///
/// # Panics
/// When they differ; the message names the file and the first line that differs.
pub fn check(file: &Path, actual: &str) {
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(file.parent().expect("a golden file lies in a folder"))
            .expect("the folder can be made");
        std::fs::write(file, actual).expect("the golden file can be written");
        return;
    }
    let expected =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}; UPDATE=1 writes it", file.display()));
    for (number, (was, is)) in expected.lines().zip(actual.lines()).enumerate() {
        assert!(was == is, "{} line {}:\n  was {was}\n  is  {is}\nUPDATE=1 renews it", file.display(), number + 1);
    }
    let (was, is) = (expected.lines().count(), actual.lines().count());
    assert!(was == is, "{} has {was} lines, now {is}; UPDATE=1 renews it", file.display());
}

/// Hex digits, 32 bytes to a line.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(text, "{byte:02x}").expect("writing to a string does not fail"));
        text.push('\n');
    }
    text
}
