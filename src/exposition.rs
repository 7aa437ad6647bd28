//! The text formats that Prometheus scrapes, read and written: text 0.0.4 and OpenMetrics 1.0.
//!
//! Reading is strict: a page with one bad line is refused whole, because half a page tells lies about what is gone.
//! Writing knows descriptions and samples, not what they mean. This room is pure: it is given bytes and gives back
//! samples, or is given samples and gives back text. It fetches nothing, serves nothing and knows no metric's name.

mod cursor;
mod description;
mod error;
mod families;
mod format;
mod line;
mod parser;
mod registry;
mod sample;
mod writer;

pub use description::Description;
pub use error::{ParseError, Problem};
pub use families::MAX_FAMILIES;
pub use format::Format;
pub use line::MAX_LABELS;
pub use parser::{MAX_LINE_BYTES, MAX_SAMPLES, Parser};
pub use registry::write_histograms;
pub use sample::{Kind, Label, Sample};
pub use writer::{END_OF_OPENMETRICS, Head};

#[cfg(test)]
mod round_trip;
