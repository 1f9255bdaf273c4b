//! Channels: how a message is carried, SMS or MMS.
//!
//! Here: the one table of what each channel brings. Not here: how an SMS is cut
//! ([`crate::segmentation`]), and what a segment costs on a channel in a country ([`crate::rate`]).

/// The UTF-16 code units that one billed segment of an MMS holds (law S3).
pub const MMS_UNITS: usize = 1_600;

/// The segments that a channel cuts a text into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentSize {
    /// The text takes an encoding, and what a segment holds depends on it and on the segment's
    /// header (3GPP TS 23.040).
    ByEncoding,
    /// The text takes no encoding, and every segment holds this many UTF-16 code units.
    Utf16Units(usize),
}

/// What a channel brings: a row of the table.
struct Facts {
    name: &'static str,
    segment_size: SegmentSize,
    starting_rate: i32,
}

/// Declares [`Channel`] from the table, so that no channel is without a row, and [`Channel::ALL`]
/// lacks none.
macro_rules! channels {
    ($($(#[$doc:meta])+ $channel:ident: $facts:expr,)+) => {
        /// How a message is carried.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Channel {
            $($(#[$doc])+ $channel,)+
        }

        impl Channel {
            /// Every channel, in the order of the table.
            pub const ALL: [Self; [$(Self::$channel),+].len()] = [$(Self::$channel),+];

            const fn facts(self) -> Facts {
                match self {
                    $(Self::$channel => $facts,)+
                }
            }
        }
    };
}

channels! {
    /// Text only.
    Sms: Facts {
        name: "SMS",
        segment_size: SegmentSize::ByEncoding,
        starting_rate: 1,
    },
    /// Text and media, or media only.
    Mms: Facts {
        name: "MMS",
        segment_size: SegmentSize::Utf16Units(MMS_UNITS),
        starting_rate: 3,
    },
}

impl Channel {
    /// The name, in capitals: in the API, in files and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The channel of that name; `None` if no channel has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// The segments that a text is cut into.
    #[must_use]
    pub const fn segment_size(self) -> SegmentSize {
        self.facts().segment_size
    }

    /// Whole credits for a segment by the card that a platform starts with. Every other rate is a
    /// row of a rate card, found by country and channel ([`crate::rate::RateCard::rate`]).
    #[must_use]
    pub const fn starting_rate(self) -> i32 {
        self.facts().starting_rate
    }
}

#[cfg(test)]
mod tests {
    use super::Channel;

    #[test]
    fn names_are_unique_and_in_capitals() {
        for channel in Channel::ALL {
            let name = channel.name();
            assert_eq!(Channel::from_name(name), Some(channel));
            assert_eq!(name, name.to_uppercase());
        }
        assert_eq!(Channel::from_name("sms"), None);
    }
}
