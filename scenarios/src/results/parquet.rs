//! `metrics.parquet`: the numbers of all runs, for analysis.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::files::AtomicFile;
use super::record::StoredMeasure;
use crate::error::StudyError;

/// Rows that are kept in memory before they are written.
const BATCH: usize = 1 << 16;

/// The file being written.
pub(crate) struct MetricsParquet {
    writer: ArrowWriter<AtomicFile>,
    schema: Arc<Schema>,
    path: PathBuf,
    places: [Vec<u32>; 2],
    names: [Vec<String>; 4],
    values: Vec<f64>,
}

impl MetricsParquet {
    /// Opens it.
    pub(crate) fn create(path: &Path) -> Result<Self, StudyError> {
        let field = |name: &str, ty: DataType| Field::new(name, ty, false);
        let schema = Arc::new(Schema::new(vec![
            field("point", DataType::UInt32),
            field("replication", DataType::UInt32),
            field("component", DataType::Utf8),
            field("metric", DataType::Utf8),
            field("stat", DataType::Utf8),
            Field::new("value", DataType::Float64, true),
            field("unit", DataType::Utf8),
        ]));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(2 * BATCH))
            .build();
        let writer = ArrowWriter::try_new(AtomicFile::create(path)?, schema.clone(), Some(properties))
            .map_err(|e| failed(path, e))?;
        let (places, names, values) = (Default::default(), Default::default(), Vec::new());
        Ok(Self { writer, schema, path: path.to_owned(), places, names, values })
    }
    /// Adds a row; NaN becomes null.
    pub(crate) fn row(&mut self, point: usize, replication: u32, m: &StoredMeasure) -> Result<(), StudyError> {
        self.places[0].push(point as u32);
        self.places[1].push(replication);
        let names = [&m.key.component, &m.key.metric, &m.key.stat, &m.key.unit];
        self.names.iter_mut().zip(names).for_each(|(column, name)| column.push(name.clone()));
        self.values.push(m.value);
        if self.values.len() < BATCH { Ok(()) } else { self.write() }
    }
    /// Puts the file in its place.
    pub(crate) fn commit(mut self) -> Result<(), StudyError> {
        self.write()?;
        let file = self.writer.into_inner().map_err(|e| failed(&self.path, e))?;
        file.commit()
    }

    fn write(&mut self) -> Result<(), StudyError> {
        let place = |c: &mut Vec<u32>| -> ArrayRef { Arc::new(UInt32Array::from(std::mem::take(c))) };
        let name = |c: &mut Vec<String>| -> ArrayRef { Arc::new(StringArray::from(std::mem::take(c))) };
        let values = std::mem::take(&mut self.values).into_iter().map(|x| (!x.is_nan()).then_some(x));
        let value: ArrayRef = Arc::new(values.collect::<Float64Array>());
        let [point, replication] = self.places.each_mut().map(place);
        let [component, metric, stat, unit] = self.names.each_mut().map(name);
        let columns = vec![point, replication, component, metric, stat, value, unit];
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(|e| failed(&self.path, e.into()))?;
        self.writer.write(&batch).map_err(|e| failed(&self.path, e))
    }
}

fn failed(path: &Path, e: ParquetError) -> StudyError {
    let source = match e {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(e) => *e,
            Err(e) => io::Error::other(e),
        },
        e => io::Error::other(e),
    };
    StudyError::io("write", path)(source)
}

#[cfg(test)]
mod tests {
    use super::super::record::MeasureKey;
    use super::*;

    #[test]
    fn rows_are_written_in_batches_and_nan_is_null() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.parquet");
        let mut file = MetricsParquet::create(&path).unwrap();
        let key = MeasureKey { component: "a".into(), metric: "m".into(), stat: "s".into(), unit: "1".into() };
        let rows = BATCH + 10;
        for i in 0..rows {
            let value = if i % 2 == 0 { f64::NAN } else { i as f64 };
            file.row(3, i as u32, &StoredMeasure { key: key.clone(), value }).unwrap();
        }
        file.commit().unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows);
        let nulls: usize = batches.iter().map(|b| b.column(5).null_count()).sum();
        assert_eq!(nulls, rows / 2);
    }
}
