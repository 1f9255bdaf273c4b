//! How a text is cut into segments: the words for it.

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Text alone.
    Sms,
    /// With media.
    Mms,
}

/// How the text of an SMS is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// The GSM 03.38 default alphabet and its extension table.
    Gsm7,
    /// UTF-16 code units.
    Ucs2,
}
