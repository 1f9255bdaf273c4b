//! The plan: how a text will be sent, decided once for counting and for cutting.
//!
//! Here: encodings, tables and swaps compared by the segments that they take, and cutting by the
//! plan. Not here: how characters are packed, and what a segment holds.
//!
//! A plan that changes the message more is chosen only if it takes fewer segments. The order is:
//! the text as typed, composed, with national language tables, with typographic characters
//! replaced, and with accents taken off. Characters that the tables of a language have are replaced
//! only if that takes fewer segments still.

use super::{
    Encoding, MAX_SEGMENTS, Options, Reference, Segment, SegmentCount, Segmentation, Tables,
    TooManySegments,
    capacity::Capacity,
    packing::{self, Packer, Septets, Tally, Utf16},
    tables,
};
use crate::{
    channel::{Channel, SegmentSize},
    gsm7::{self, national::Languages},
    smart_encoding::{Swaps, composed},
};
use std::borrow::Cow;

/// How a text will be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    encoding: Option<Encoding>,
    tables: Tables,
    capacity: Capacity,
    segments: usize,
    /// The prefix of the text that is GSM-7; the next character is not.
    gsm: gsm7::Prefix,
    /// The number of bytes at the end of the text that are known to be ASCII and GSM-7.
    ascii_end: usize,
    /// The tally of the text as typed, in the plan's encoding; `None` if characters are replaced or
    /// tables are used.
    tally: Option<Tally>,
    /// The characters to replace, if the text is not sent as typed.
    swaps: Option<Swaps>,
    /// Whether the plan is for the composed text.
    is_composed: bool,
}

impl Plan {
    pub fn of(text: &str, channel: Channel, options: &Options) -> Self {
        match channel.segment_size() {
            SegmentSize::ByEncoding => Self::by_encoding(text, options),
            SegmentSize::Utf16Units(units) => Self::utf16_units(text, units),
        }
    }

    fn by_encoding(text: &str, options: &Options) -> Self {
        // A text of so few bytes is one segment in either encoding.
        if options.smart_encoding
            && text.len() > Capacity::ucs2(options.reference).alone
            && let Some(composed) = composed(text)
        {
            return Self::of_uncomposed(text, &composed, options);
        }
        Self::of_text(text, options)
    }

    /// Composes the text if that saves segments, or saves as many as replacing would: composing
    /// changes less, since nobody sees it.
    fn of_uncomposed(text: &str, composed: &str, options: &Options) -> Self {
        let typed = Self::of_text(text, options);
        let plan = Self::of_text(composed, options);
        if plan.segments < typed.segments
            || (plan.segments == typed.segments && typed.swaps.is_some())
        {
            Self {
                is_composed: true,
                ..plan
            }
        } else {
            typed
        }
    }

    fn of_text(text: &str, options: &Options) -> Self {
        let gsm = gsm7::prefix(text);
        if gsm.bytes < text.len() {
            let plan = Self::ucs2(text, gsm, options.reference);
            if plan.segments == 1 {
                return plan;
            }
            return plan.or_tables(text, options).or_swapped(text, options);
        }
        let plan = Self::gsm7(text, gsm, options.reference);
        // If no character takes two septets, one more header element can't save any.
        if gsm.septets == gsm.characters {
            return plan;
        }
        plan.or_tables(text, options)
    }

    fn utf16_units(text: &str, units: usize) -> Self {
        let tally = Tally::of::<Utf16>(text.as_bytes());
        let capacity = Capacity::without_headers(units);
        Self {
            encoding: None,
            tables: Tables::default(),
            capacity,
            segments: count_utf16(text, tally, capacity),
            gsm: gsm7::Prefix::default(),
            ascii_end: 0,
            tally: Some(tally),
            swaps: None,
            is_composed: false,
        }
    }

    fn ucs2(text: &str, gsm: gsm7::Prefix, reference: Reference) -> Self {
        let capacity = Capacity::ucs2(reference);
        let rest = text.as_bytes().get(gsm.bytes..).unwrap_or_default();
        let ascii_end = gsm7::ascii_end(rest);
        // Every character before and after takes one unit.
        let between = rest.len() - ascii_end;
        let mut tally = Tally::of::<Utf16>(rest.get(..between).unwrap_or_default());
        tally.characters += gsm.characters + ascii_end;
        Self {
            encoding: Some(Encoding::Ucs2),
            tables: Tables::default(),
            capacity,
            segments: count_utf16(text, tally, capacity),
            gsm,
            ascii_end,
            tally: Some(tally),
            swaps: None,
            is_composed: false,
        }
    }

    fn gsm7(text: &str, gsm: gsm7::Prefix, reference: Reference) -> Self {
        let capacity = Capacity::gsm7(Tables::default(), reference);
        let tally = Tally {
            characters: gsm.characters,
            doubles: gsm.septets - gsm.characters,
        };
        let segments = if gsm.septets <= capacity.alone {
            1
        } else if tally.doubles == 0 {
            gsm.septets.div_ceil(capacity.joined)
        } else {
            packing::count::<Septets>(text.as_bytes(), tally, capacity.joined)
        };
        Self {
            encoding: Some(Encoding::Gsm7),
            tables: Tables::default(),
            capacity,
            segments,
            gsm,
            ascii_end: 0,
            tally: Some(tally),
            swaps: None,
            is_composed: false,
        }
    }

    /// The text as typed with national language tables, if that takes fewer segments.
    fn or_tables(self, text: &str, options: &Options) -> Self {
        if self.segments == 1 || options.languages.is_empty() {
            return self;
        }
        let choice = tables::choose(text.chars(), options.languages, options.reference);
        self.or_choice(choice, None)
    }

    /// The text with characters replaced, if that takes fewer segments. The result must be GSM-7:
    /// in a text that stays UCS-2, replacing would change its looks and save nothing.
    fn or_swapped(mut self, text: &str, options: &Options) -> Self {
        if !options.smart_encoding {
            return self;
        }
        for accents in [false, true] {
            for languages in [options.languages, Languages::NONE] {
                let asked = options.strip_accents || !accents;
                if asked && self.segments > 1 {
                    let swaps = Swaps { accents, languages };
                    let choice = self.choose_swapped(text, swaps, options.reference);
                    self = self.or_choice(choice, Some(swaps));
                }
                // The second round would be the same.
                if options.languages.is_empty() {
                    break;
                }
            }
        }
        self
    }

    /// The best tables for the text after replacing; `None` if some character has no lookalike.
    fn choose_swapped(
        &self,
        text: &str,
        swaps: Swaps,
        reference: Reference,
    ) -> Option<tables::Choice> {
        // The GSM-7 prefix needs no replacements.
        let rest = text.get(self.gsm.bytes..).unwrap_or_default();
        if swaps.of(rest).any(|each| each.is_none()) {
            return None;
        }
        tables::choose(swapped(text, swaps), swaps.languages, reference)
    }

    fn or_choice(self, choice: Option<tables::Choice>, swaps: Option<Swaps>) -> Self {
        match choice {
            Some(choice) if choice.segments < self.segments => Self {
                encoding: Some(Encoding::Gsm7),
                tables: choice.tables,
                capacity: choice.capacity,
                segments: choice.segments,
                tally: None,
                swaps,
                ..self
            },
            Some(_) | None => self,
        }
    }

    pub fn count(&self, channel: Channel) -> Result<SegmentCount, TooManySegments> {
        if self.segments > MAX_SEGMENTS {
            return Err(TooManySegments {
                needed: self.segments,
            });
        }
        Ok(SegmentCount {
            channel,
            encoding: self.encoding,
            segment_count: self.segments,
        })
    }

    /// Cuts the text by the plan.
    pub fn cut(self, typed: &str, channel: Channel) -> Segmentation<'_> {
        let text = match self.is_composed.then(|| composed(typed)).flatten() {
            Some(composed) => Cow::Owned(composed),
            None => Cow::Borrowed(typed),
        };
        let text = match self.swaps {
            Some(swaps) => Cow::Owned(swapped(&text, swaps).collect()),
            None => text,
        };
        let tally = self.tally.unwrap_or_else(|| self.tally_with_tables(&text));
        let units_per_segment = self.capacity.of(self.segments);
        let mut segments = Vec::with_capacity(self.segments);
        let mut begin = 0;
        let mut push = |end, units| {
            segments.push(Segment {
                index: segments.len(),
                range: begin..end,
                units,
            });
            begin = end;
        };
        let used = if self.segments == 1 {
            tally.units()
        } else {
            self.cut_at(&text, tally, &mut push)
        };
        push(text.len(), used);
        Segmentation {
            channel,
            encoding: self.encoding,
            tables: self.tables,
            characters: tally.characters,
            units: tally.units(),
            units_per_segment,
            units_remaining: units_per_segment - used,
            segments,
            text,
            gsm: self.gsm,
            ascii_end: self.ascii_end,
        }
    }

    fn tally_with_tables(&self, text: &str) -> Tally {
        let mut tally = Tally::default();
        for character in text.chars() {
            tally.characters += 1;
            tally.doubles += usize::from(self.tables.septets(character) == Some(2));
        }
        tally
    }

    /// Reports the end and the units of each segment but the last; returns the units of the last.
    fn cut_at(&self, text: &str, tally: Tally, mut segment: impl FnMut(usize, usize)) -> usize {
        let capacity = self.capacity.of(self.segments);
        match self.encoding {
            Some(Encoding::Gsm7) if self.tables == Tables::default() => {
                packing::cut::<Septets>(text.as_bytes(), tally, capacity, segment)
            }
            Some(Encoding::Gsm7) => {
                let mut packer = Packer::new(capacity);
                for (at, character) in text.char_indices() {
                    let used = packer.used;
                    // The tables were chosen because they have every character.
                    if packer.take_units(self.tables.septets(character).unwrap_or_default()) {
                        segment(at, used);
                    }
                }
                packer.used
            }
            Some(Encoding::Ucs2) | None => {
                packing::cut::<Utf16>(text.as_bytes(), tally, capacity, segment)
            }
        }
    }
}

fn count_utf16(text: &str, tally: Tally, capacity: Capacity) -> usize {
    let units = tally.units();
    if units <= capacity.alone {
        1
    } else if tally.doubles == 0 {
        units.div_ceil(capacity.joined)
    } else {
        packing::count::<Utf16>(text.as_bytes(), tally, capacity.joined)
    }
}

/// The text after replacing, if every character has a replacement.
fn swapped(text: &str, swaps: Swaps) -> impl Iterator<Item = char> + Clone {
    swaps.of(text).flatten().flat_map(|each| each.chars())
}
