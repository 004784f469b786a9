//! Tables that are written as they are made, in batches.

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are written together.
const BATCH: usize = 8_192;

/// The format of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Comma-separated values with a line of names (RFC 4180).
    Csv,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A number below 2^64.
    Number,
    /// Text: hashes and addresses as `0x` and hex, amounts as decimal digits, decoded values as JSON.
    Text,
}

/// A value of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// A number.
    Number(u64),
    /// Text.
    Text(String),
    /// Nothing.
    None,
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The rows cannot be encoded.
    #[error("the table cannot be written: {0}")]
    Encoding(String),
}

enum Sink {
    Csv(Box<arrow_csv::Writer<BufWriter<File>>>),
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
}

/// A table in the making. The file takes its name when the table is whole.
pub struct Table {
    path: PathBuf,
    partial: PathBuf,
    schema: Arc<Schema>,
    kinds: Vec<Kind>,
    rows: Vec<Vec<Cell>>,
    sink: Sink,
    written: u64,
}

fn encoding(error: impl ToString) -> TableError {
    TableError::Encoding(error.to_string())
}

impl Table {
    /// Begins a table with these columns.
    ///
    /// # Errors
    /// [`TableError::File`] when the file cannot be made.
    pub fn create(path: &Path, format: Format, columns: &[(&str, Kind)]) -> Result<Self, TableError> {
        let file = |cause| TableError::File { path: path.to_path_buf(), cause };
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".part");
        let partial = path.with_file_name(name);
        let field = |(name, kind): &(&str, Kind)| {
            let ty = match kind {
                Kind::Number => DataType::UInt64,
                Kind::Text => DataType::Utf8,
            };
            Field::new(*name, ty, true)
        };
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<Field>>()));
        let out = BufWriter::new(File::create(&partial).map_err(file)?);
        let sink = match format {
            Format::Csv => Sink::Csv(Box::new(arrow_csv::WriterBuilder::new().with_header(true).build(out))),
            Format::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(encoding)?;
                Sink::Parquet(Box::new(writer))
            }
        };
        let kinds = columns.iter().map(|(_, kind)| *kind).collect();
        let mut table = Self { path: path.to_path_buf(), partial, schema, kinds, rows: Vec::new(), sink, written: 0 };
        // A table without rows has its names too.
        table.write_batch()?;
        Ok(table)
    }

    /// Adds a row: a value for each column.
    ///
    /// # Errors
    /// [`TableError`] when a batch cannot be written.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<(), TableError> {
        self.rows.push(row);
        if self.rows.len() >= BATCH { self.write_batch() } else { Ok(()) }
    }

    fn write_batch(&mut self) -> Result<(), TableError> {
        let rows = std::mem::take(&mut self.rows);
        let column = |(index, kind): (usize, &Kind)| -> ArrayRef {
            let cells = rows.iter().map(|row| row.get(index));
            match kind {
                Kind::Number => Arc::new(UInt64Array::from_iter(cells.map(|cell| match cell {
                    Some(Cell::Number(number)) => Some(*number),
                    _ => None,
                }))),
                Kind::Text => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                    Some(Cell::Text(text)) => Some(text.as_str()),
                    _ => None,
                }))),
            }
        };
        let columns = self.kinds.iter().enumerate().map(column).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(encoding)?;
        self.written += rows.len() as u64;
        match &mut self.sink {
            Sink::Csv(writer) => writer.write(&batch).map_err(encoding),
            Sink::Parquet(writer) => writer.write(&batch).map_err(encoding),
        }
    }

    /// Writes what is left and gives the file its name; answers the number of rows.
    ///
    /// # Errors
    /// [`TableError`] when the disk does not take it.
    pub fn finish(mut self) -> Result<u64, TableError> {
        self.write_batch()?;
        let Self { path, partial, sink, written, .. } = self;
        let out = match sink {
            Sink::Csv(writer) => writer.into_inner(),
            Sink::Parquet(writer) => writer.into_inner().map_err(encoding)?,
        };
        let file = |cause| TableError::File { path: path.clone(), cause };
        let inner = out.into_inner().map_err(|error| file(error.into_error()))?;
        inner.sync_all().map_err(file)?;
        std::fs::rename(&partial, &path).map_err(file)?;
        Ok(written)
    }
}
