//! Code page 850, the encoding of "CSV (MS-DOS)" in Western editions of Excel; encoding_rs has only
//! the encodings of the web.

/// The characters from 0x80 on, by the Unicode Consortium's mapping:
/// <https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/PC/CP850.TXT>.
const UPPER: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}";

/// Appends the text of some bytes.
pub(super) fn decode(bytes: &[u8], text: &mut Vec<u8>) {
    let upper: Vec<char> = UPPER.chars().collect();
    let mut character = [0; 4];
    for byte in bytes {
        match byte.checked_sub(0x80) {
            None => text.push(*byte),
            Some(index) => {
                let found = upper.get(usize::from(index)).copied();
                let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(found.encode_utf8(&mut character).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{UPPER, decode};

    #[test]
    fn every_byte_maps_to_a_distinct_character() {
        assert_eq!(UPPER.chars().count(), 128);
        let bytes: Vec<u8> = (0..=255).collect();
        let mut text = Vec::new();
        decode(&bytes, &mut text);
        let text = String::from_utf8(text).unwrap();
        let mut characters: Vec<char> = text.chars().collect();
        assert_eq!(
            (characters.get(0x95), characters.get(0xE1)),
            (Some(&'ò'), Some(&'ß'))
        );
        characters.sort_unstable();
        characters.dedup();
        assert_eq!(characters.len(), 256);
    }
}
