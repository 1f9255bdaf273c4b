//! Shortens a failing history: leaves parts of it out as long as the rest still fails.
//!
//! Here: which parts to try (delta debugging: halves first, single steps last). Not here: what
//! fails.

/// A failing history, and the part of it that is being left out.
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

    /// The history without one part; `None` if every single step is needed.
    pub fn candidate(&self) -> Option<Vec<T>> {
        if self.size == 0 || self.steps.is_empty() {
            return None;
        }
        let kept = self.steps.iter().enumerate();
        let end = self.at + self.size;
        let kept = kept.filter(|(place, _)| *place < self.at || *place >= end);
        Some(kept.map(|(_, step)| step.clone()).collect())
    }

    /// Records whether the candidate fails too.
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
        // Single steps are tried until none of them can be left out.
        self.size = match self.size {
            1 if !self.has_shrunk => 0,
            1 => 1,
            size => size.div_ceil(2),
        };
        self.has_shrunk = false;
    }

    /// The shortest failing history that was found.
    pub fn steps(self) -> Vec<T> {
        self.steps
    }
}
