//! Values about people: what is known of a contact, in a type that shows itself only to a reader who may
//! see it.
//!
//! Here: the type and the question that it asks. Not here: who may read contacts, which the server's
//! policy decides.
//!
//! A value of [`Private`] can't become a field of an answer, a line of a log or a cell of a file by
//! accident: it has no `Display` and no serialization, its `Debug` hides it, and [`Private::shown_to`] asks
//! the reader first. The server's own work (counting, storing, looking up) takes [`Private::unguarded`],
//! which the architecture test forbids on the floors that answer clients.

use std::fmt;

/// Whoever asks to see private values.
pub trait Reader {
    /// Why it may not.
    type Refusal;

    /// Whether it may see what is known of contacts.
    ///
    /// # Errors
    /// Why it may not.
    fn may_read_contacts(&self) -> Result<(), Self::Refusal>;
}

/// A value about a person.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Keeps a value private.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a reader who may see it.
    ///
    /// # Errors
    /// Why the reader may not.
    pub fn shown_to<R: Reader>(&self, reader: &R) -> Result<&T, R::Refusal> {
        reader.may_read_contacts()?;
        Ok(&self.0)
    }

    /// The value, for work whose result says nothing about the person.
    #[must_use]
    pub fn unguarded(&self) -> &T {
        &self.0
    }

    /// The same, to write into.
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
    fn only_a_reader_who_may_sees_the_value() {
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
