//! Deflate, with one state for all streams of a file: making one costs more than a short stream.

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::error::RenderError;

/// Compresses one stream after the other into the zlib format (ISO 32000-1, 7.4.4).
pub(crate) struct Deflater {
    state: Compress,
}

impl Deflater {
    /// For what is made for each document: the level that costs little for what it saves.
    pub(crate) fn quick() -> Self {
        Self::at(Compression::new(4))
    }

    /// For what is made once per process.
    pub(crate) fn thorough() -> Self {
        Self::at(Compression::best())
    }

    fn at(level: Compression) -> Self {
        Self {
            state: Compress::new(level, true),
        }
    }

    pub(crate) fn deflate(&mut self, bytes: &[u8]) -> Result<Vec<u8>, RenderError> {
        self.state.reset();
        // More than deflate ever makes of so many bytes.
        let mut deflated = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 64);
        let status = self
            .state
            .compress_vec(bytes, &mut deflated, FlushCompress::Finish);
        match status {
            Ok(Status::StreamEnd) => Ok(deflated),
            Ok(Status::Ok | Status::BufError) | Err(_) => Err(RenderError::Write {
                reason: "a stream cannot be deflated".to_owned(),
            }),
        }
    }
}
