//! Personal data of contacts, in a type that reveals it only to a reader with permission.
//!
//! Here: the type, and the check that it makes. Not here: who may read contacts, which the server's
//! policy decides.
//!
//! A value of [`Private`] can't become a field of a response, a log line or a cell of a file by
//! accident: it has no `Display` and no serialization, its `Debug` hides it, and
//! [`Private::shown_to`] checks the reader's permission. The server's own work (counting, storing,
//! looking up) uses [`Private::unguarded`], which the architecture test forbids in the modules that
//! answer clients.

use std::fmt;

/// A reader of private values.
pub trait Reader {
    /// The error if the reader lacks permission.
    type Refusal;

    /// Checks that the reader may read personal data of contacts.
    ///
    /// # Errors
    /// If it may not.
    fn may_read_contacts(&self) -> Result<(), Self::Refusal>;
}

/// A value about a person.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value to a reader with permission.
    ///
    /// # Errors
    /// If the reader may not read it.
    pub fn shown_to<R: Reader>(&self, reader: &R) -> Result<&T, R::Refusal> {
        reader.may_read_contacts()?;
        Ok(&self.0)
    }

    /// Returns the value without a check, for work whose result reveals nothing about the person.
    #[must_use]
    pub fn unguarded(&self) -> &T {
        &self.0
    }

    /// Like [`Self::unguarded`], to write into.
    pub fn unguarded_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

#[cfg(test)]
mod tests {
    use super::{Private, Reader};

    struct Asking(bool);

    impl Reader for Asking {
        type Refusal = &'static str;

        fn may_read_contacts(&self) -> Result<(), &'static str> {
            if self.0 { Ok(()) } else { Err("may not") }
        }
    }

    #[test]
    fn only_a_reader_with_permission_sees_the_value() {
        let name = Private::new("Ada".to_owned());
        assert_eq!(name.shown_to(&Asking(true)), Ok(&"Ada".to_owned()));
        assert_eq!(name.shown_to(&Asking(false)), Err("may not"));
    }

    #[test]
    fn debug_output_hides_the_value() {
        let row = Some(vec![Private::new("Ada"), Private::new("Bea")]);
        assert_eq!(format!("{row:?}"), "Some([[private], [private]])");
    }
}
