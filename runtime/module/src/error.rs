//! Why a module is refused: a stable code, and a message with function, offset and value.

/// Where in the uploaded bytes something stands.
pub type Offset = usize;

/// A module that is not accepted under a profile.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ModuleError {
    /// Not WebAssembly, or WebAssembly that does not validate under the profile's features.
    #[error("not a valid module at offset {offset:#x}: {message}")]
    Malformed {
        /// Where.
        offset: Offset,
        /// What the validator says.
        message: String,
    },
    /// More of something than the profile allows.
    #[error("{what} at offset {offset:#x}: {value} exceeds the limit of {limit}")]
    Limit {
        /// Which limit.
        limit_name: Limit,
        /// The same for people, with the function where there is one.
        what: String,
        /// Where.
        offset: Offset,
        /// How much there is.
        value: u64,
        /// How much there may be.
        limit: u64,
    },
    /// An instruction outside the profile, in live or dead code.
    #[error("function {function} at offset {offset:#x}: instruction {instruction} is not in the profile")]
    Instruction {
        /// Index of the function.
        function: u32,
        /// Where.
        offset: Offset,
        /// Its name.
        instruction: String,
    },
    /// A value type outside the profile: floats, vectors, references.
    #[error("{what} at offset {offset:#x}: type {found} is not in the profile")]
    Type {
        /// Where it is used.
        what: String,
        /// Where.
        offset: Offset,
        /// The type.
        found: String,
    },
    /// A start function.
    #[error("a start function at offset {offset:#x} is not allowed")]
    Start {
        /// Where.
        offset: Offset,
    },
    /// An import that is not a row of the table of host calls.
    #[error("import {module}.{name} at offset {offset:#x} is not a host call")]
    UnknownImport {
        /// Module name.
        module: String,
        /// Item name.
        name: String,
        /// Where.
        offset: Offset,
    },
    /// A host call that is newer than the profile.
    #[error("import {name} at offset {offset:#x} needs host table {since}, the profile has {have}")]
    ImportTooNew {
        /// Item name.
        name: String,
        /// Where.
        offset: Offset,
        /// Version of the row.
        since: u32,
        /// Version of the profile.
        have: u32,
    },
    /// A host call with another signature.
    #[error("import {name} at offset {offset:#x} has another signature than the host call")]
    ImportSignature {
        /// Item name.
        name: String,
        /// Where.
        offset: Offset,
    },
    /// The same host call imported twice.
    #[error("import {name} at offset {offset:#x} stands twice")]
    ImportTwice {
        /// Item name.
        name: String,
        /// Where.
        offset: Offset,
    },
    /// An import of memory, table, global or tag.
    #[error("import {name} at offset {offset:#x}: only functions can be imported")]
    ImportKind {
        /// Item name.
        name: String,
        /// Where.
        offset: Offset,
    },
    /// No memory, or none exported as `memory`.
    #[error("the module has no memory exported as `memory`")]
    NoMemory,
    /// An export under a name that is kept for the counters.
    #[error("export {name} at offset {offset:#x} has a reserved name")]
    ReservedExport {
        /// The name.
        name: String,
        /// Where.
        offset: Offset,
    },
    /// A table that may grow.
    #[error("the table at offset {offset:#x} must have a maximum equal to its minimum")]
    TableGrows {
        /// Where.
        offset: Offset,
    },
    /// A data or element segment that does not lie within the first memory or table.
    #[error("segment {index} at offset {offset:#x} ends at {end}, beyond {size}")]
    Segment {
        /// Index among its kind.
        index: u32,
        /// Where.
        offset: Offset,
        /// Where it would end.
        end: u64,
        /// Bytes or elements there are.
        size: u64,
    },
    /// An element segment that is passive, declared or holds expressions.
    #[error("element segment {index} at offset {offset:#x} is of a kind that is not in the profile")]
    ElementKind {
        /// Its index.
        index: u32,
        /// Where.
        offset: Offset,
    },
}

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal $field:ident = $value:expr;)*) => {
        /// Which limit a module exceeds.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Limit {
            $($(#[$doc])* $name,)*
        }

        impl Limit {
            /// Every limit.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code of exceeding it.
            pub const fn code(self) -> u32 {
                match self { $(Self::$name => $code,)* }
            }

            /// The stable name of exceeding it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        /// The most of everything that a module may have; part of the profile.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Limits {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl Limits {
            /// The limits of the first profile.
            pub const fn v1() -> Self {
                Self { $($field: $value,)* }
            }

            /// The value of a limit.
            pub const fn get(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$name => self.$field,)* }
            }
        }
    };
}

limits! {
    /// Bytes of the uploaded module.
    ModuleBytes = 100 "module_too_large" module_bytes = 512 * 1024;
    /// Bytes of the metered module.
    MeteredBytes = 101 "metered_module_too_large" metered_bytes = 4 * 1024 * 1024;
    /// Functions defined in the module.
    Functions = 102 "too_many_functions" functions = 4096;
    /// Imported functions.
    Imports = 103 "too_many_imports" imports = 128;
    /// Function types.
    Types = 104 "too_many_types" types = 512;
    /// Parameters of a function.
    Params = 105 "too_many_params" params = 32;
    /// Results of a function or block.
    Results = 106 "too_many_results" results = 1;
    /// Locals of a function, parameters included.
    Locals = 107 "too_many_locals" locals = 512;
    /// Locals of all functions.
    LocalsTotal = 108 "too_many_locals_in_all" locals_total = 32_768;
    /// Locals of a function for which there are no two bytes of code each.
    LocalsDensity = 109 "too_many_locals_for_the_code" locals_without_code = 16;
    /// Bytes of a function's body.
    BodyBytes = 110 "body_too_large" body_bytes = 128 * 1024;
    /// Blocks within blocks.
    Nesting = 111 "nested_too_deep" nesting = 256;
    /// Blocks, loops and ifs of a function.
    Blocks = 112 "too_many_blocks" blocks = 4096;
    /// Blocks, loops and ifs of all functions.
    BlocksTotal = 113 "too_many_blocks_in_all" blocks_total = 16_384;
    /// Targets of a `br_table`.
    BrTable = 114 "too_many_branch_targets" br_table_targets = 1024;
    /// Operands on the stack of a function.
    OperandStack = 115 "operand_stack_too_high" operand_stack = 1024;
    /// Globals.
    Globals = 116 "too_many_globals" globals = 256;
    /// Exports.
    Exports = 117 "too_many_exports" exports = 256;
    /// Pages of memory at the start.
    MemoryPages = 118 "memory_too_large" memory_pages = 256;
    /// Memories.
    Memories = 119 "too_many_memories" memories = 1;
    /// Tables.
    Tables = 120 "too_many_tables" tables = 1;
    /// Elements of the table.
    TableElements = 121 "table_too_large" table_elements = 4096;
    /// Data segments.
    DataSegments = 122 "too_many_data_segments" data_segments = 128;
    /// Element segments.
    ElementSegments = 123 "too_many_element_segments" element_segments = 16;
    /// Bytes of an import's or export's name.
    NameBytes = 124 "name_too_long" name_bytes = 256;
    /// Bytes of the interface section.
    MetadataBytes = 125 "interface_too_large" metadata_bytes = 64 * 1024;
    /// Loops of all functions: they are what makes compilers slow.
    LoopsTotal = 126 "too_many_loops_in_all" loops_total = 4096;
}

impl ModuleError {
    /// The stable number of this kind of error.
    pub const fn code(&self) -> u32 {
        match self {
            Self::Malformed { .. } => 1,
            Self::Instruction { .. } => 2,
            Self::Type { .. } => 3,
            Self::Start { .. } => 4,
            Self::UnknownImport { .. } => 5,
            Self::ImportTooNew { .. } => 6,
            Self::ImportSignature { .. } => 7,
            Self::ImportTwice { .. } => 8,
            Self::ImportKind { .. } => 9,
            Self::NoMemory => 10,
            Self::ReservedExport { .. } => 11,
            Self::TableGrows { .. } => 12,
            Self::Segment { .. } => 13,
            Self::ElementKind { .. } => 14,
            Self::Limit { limit_name, .. } => limit_name.code(),
        }
    }

    /// The stable name of this kind of error.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Instruction { .. } => "instruction_not_allowed",
            Self::Type { .. } => "type_not_allowed",
            Self::Start { .. } => "start_not_allowed",
            Self::UnknownImport { .. } => "unknown_import",
            Self::ImportTooNew { .. } => "import_too_new",
            Self::ImportSignature { .. } => "import_signature",
            Self::ImportTwice { .. } => "import_twice",
            Self::ImportKind { .. } => "import_kind",
            Self::NoMemory => "no_memory",
            Self::ReservedExport { .. } => "reserved_export",
            Self::TableGrows { .. } => "table_grows",
            Self::Segment { .. } => "segment_out_of_range",
            Self::ElementKind { .. } => "element_kind",
            Self::Limit { limit_name, .. } => limit_name.name(),
        }
    }
}

impl From<wasmparser::BinaryReaderError> for ModuleError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed { offset: error.offset(), message: error.message().to_owned() }
    }
}
