//! The auditor's page: static files that a node serves, with the verifying core of the JavaScript package inside.

/// A file of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct File {
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: &'static [u8],
}

/// What browsers are allowed to do with the page: nothing but its own files and its own node.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const WASM: &str = "application/wasm";

macro_rules! files {
    ($($path:literal $media_type:ident $content:expr;)*) => {
        /// Paths of all files.
        pub const PATHS: &[&str] = &[$($path),*];

        /// The file at a path; `None` where there is none.
        pub fn file(path: &str) -> Option<File> {
            let (media_type, content): (&'static str, &'static [u8]) = match path {
                $($path => ($media_type, $content),)*
                _ => return None,
            };
            Some(File { media_type, content })
        }
    };
}

files! {
    "/" HTML include_bytes!("../page/index.html");
    "/style.css" CSS include_bytes!("../page/style.css");
    "/app.js" SCRIPT include_bytes!("../page/app.js");
    "/dom.js" SCRIPT include_bytes!("../page/dom.js");
    "/draw.js" SCRIPT include_bytes!("../page/draw.js");
    "/forms.js" SCRIPT include_bytes!("../page/forms.js");
    "/node.js" SCRIPT include_bytes!("../page/node.js");
    "/view/account.js" SCRIPT include_bytes!("../page/view/account.js");
    "/view/audit.js" SCRIPT include_bytes!("../page/view/audit.js");
    "/view/block.js" SCRIPT include_bytes!("../page/view/block.js");
    "/view/contract.js" SCRIPT include_bytes!("../page/view/contract.js");
    "/view/explain.js" SCRIPT include_bytes!("../page/view/explain.js");
    "/view/health.js" SCRIPT include_bytes!("../page/view/health.js");
    "/view/home.js" SCRIPT include_bytes!("../page/view/home.js");
    "/view/transaction.js" SCRIPT include_bytes!("../page/view/transaction.js");
    "/client.js" SCRIPT include_bytes!("../../js/npm/client.js");
    "/core.js" SCRIPT include_bytes!(concat!(env!("OUT_DIR"), "/core.js"));
    "/core_bg.wasm" WASM include_bytes!(concat!(env!("OUT_DIR"), "/core_bg.wasm"));
    "/replay.js" SCRIPT include_bytes!(concat!(env!("OUT_DIR"), "/replay.js"));
    "/replay_bg.wasm" WASM include_bytes!(concat!(env!("OUT_DIR"), "/replay_bg.wasm"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_page_is_named_in_it() {
        for path in
            PATHS.iter().filter(|path| !path.ends_with(".wasm") && **path != "/core.js" && **path != "/replay.js")
        {
            let text = std::str::from_utf8(file(path).expect("listed").content).expect("text");
            for line in text.lines() {
                let foreign = line.contains("http://") || line.contains("https://") || line.contains("//cdn");
                assert!(!foreign || line.contains("www.w3.org"), "{path}: {line}");
            }
        }
    }

    #[test]
    fn every_import_of_a_script_is_a_file_of_the_page() {
        for path in PATHS.iter().filter(|path| path.ends_with(".js")) {
            let text = std::str::from_utf8(file(path).expect("listed").content).expect("text");
            for line in text.lines().filter(|line| line.starts_with("import ") && line.contains(" from ")) {
                let target = line.split(['\'', '"']).nth(1).expect("a quoted path");
                assert!(file(target).is_some(), "{path} imports {target}");
            }
        }
    }

    #[test]
    fn the_page_has_no_inline_script_and_no_inline_style() {
        let html = std::str::from_utf8(file("/").expect("listed").content).expect("text");
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick="));
        assert_eq!(html.matches("<script").count(), html.matches("<script type=\"module\" src=").count());
    }
}
