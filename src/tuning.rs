//! Numbers that a measurement chose.
//!
//! Here: how a number is declared, how a bench varies it, and how many more cores there are than it
//! was measured with. Not here: the numbers, which stand
//! beside the code that they are for, and their measurements, which are in docs/measured.md.
//!
//! Without the feature `bench` a number is what it was declared as. With it, the environment may
//! name one number and its value, such as `MESSAGE_CREDITS_TUNE=QUERIES_IN_FLIGHT=4`: `cargo xtask
//! bench sweep` runs the same load with each value.

#[cfg(feature = "bench")]
use std::{str::FromStr, sync::OnceLock};

/// The variable that names a number and its value.
#[cfg(feature = "bench")]
pub const VARIABLE: &str = "MESSAGE_CREDITS_TUNE";

/// Numbers that were asked for, by name.
#[cfg(feature = "bench")]
static READ: std::sync::Mutex<Vec<&'static str>> = std::sync::Mutex::new(Vec::new());

/// A number that a measurement chose.
#[derive(Debug)]
pub struct Tuned<T> {
    chosen: T,
    #[cfg(feature = "bench")]
    name: &'static str,
    #[cfg(feature = "bench")]
    varied: OnceLock<T>,
}

impl<T: Copy> Tuned<T> {
    /// A number and the name that docs/measured.md and the bench know it by.
    #[cfg(not(feature = "bench"))]
    #[must_use]
    pub const fn new(_name: &'static str, chosen: T) -> Self {
        Self { chosen }
    }

    /// The number.
    #[cfg(not(feature = "bench"))]
    #[must_use]
    pub const fn get(&self) -> T {
        self.chosen
    }
}

#[cfg(feature = "bench")]
impl<T: Copy + FromStr> Tuned<T> {
    /// A number and the name that docs/measured.md and the bench know it by.
    #[must_use]
    pub const fn new(name: &'static str, chosen: T) -> Self {
        Self {
            chosen,
            name,
            varied: OnceLock::new(),
        }
    }

    /// The number, or what the environment sets it to.
    #[must_use]
    pub fn get(&self) -> T {
        *self.varied.get_or_init(|| {
            let mut read = READ
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            read.push(self.name);
            let text = std::env::var(VARIABLE).unwrap_or_default();
            let value = text
                .split_once('=')
                .filter(|(name, _)| *name == self.name)
                .and_then(|(_, value)| value.parse().ok());
            value.unwrap_or(self.chosen)
        })
    }
}

/// The cores on which the numbers were measured.
const MEASURED_CORES: usize = 2;

/// The cores of this machine beyond those on which the numbers were measured, up to `most`.
#[must_use]
pub fn further_cores(most: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(MEASURED_CORES, usize::from);
    cores.saturating_sub(MEASURED_CORES).min(most)
}

/// Whether a number of this name was asked for: a sweep of one that wasn't measures nothing.
#[cfg(feature = "bench")]
#[must_use]
pub fn was_read(name: &str) -> bool {
    let read = READ
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    read.contains(&name)
}
