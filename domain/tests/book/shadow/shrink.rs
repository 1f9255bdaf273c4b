//! Makes a history that fails shorter: parts of it are left out, as long as what is left still fails.
//!
//! Here: which parts to try (delta debugging: halves first, single steps last). Not here: what fails.

/// A history that fails, and the part of it that is tried without.
#[derive(Debug)]
pub struct Shrink<T> {
    steps: Vec<T>,
    size: usize,
    at: usize,
    has_shrunk: bool,
}

impl<T: Clone> Shrink<T> {
    pub fn new(steps: Vec<T>) -> Self {
        Self {
            size: steps.len().div_ceil(2),
            steps,
            at: 0,
            has_shrunk: false,
        }
    }

    /// The history with a part left out; `None` where every single step is needed.
    pub fn candidate(&self) -> Option<Vec<T>> {
        if self.size == 0 || self.steps.is_empty() {
            return None;
        }
        let kept = self.steps.iter().enumerate();
        let end = self.at + self.size;
        let kept = kept.filter(|(place, _)| *place < self.at || *place >= end);
        Some(kept.map(|(_, step)| step.clone()).collect())
    }

    /// Takes in whether the candidate fails too.
    pub fn judge(&mut self, fails: bool) {
        if fails {
            let end = (self.at + self.size).min(self.steps.len());
            self.steps.drain(self.at..end);
            self.has_shrunk = true;
        } else {
            self.at += self.size;
        }
        if self.at < self.steps.len() {
            return;
        }
        self.at = 0;
        // Single steps are tried until none of them can go.
        self.size = match self.size {
            1 if !self.has_shrunk => 0,
            1 => 1,
            size => size.div_ceil(2),
        };
        self.has_shrunk = false;
    }

    /// The shortest history that was found to fail.
    pub fn steps(self) -> Vec<T> {
        self.steps
    }
}
