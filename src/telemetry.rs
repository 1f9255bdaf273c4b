//! What the process reports about itself: logs, metrics and traces.
//!
//! Here: where lines, figures and spans go, and what they are called. Not here: when something is
//! counted or logged, which the code says that does it.

pub mod context;
pub mod episode;
pub mod logs;
pub mod metrics;
pub mod panics;
pub mod traces;

pub use self::{logs::init as init_logs, metrics::render};
