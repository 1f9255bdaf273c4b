//! The national language single shift tables, 3GPP TS 23.038 §A.2, by code.
//!
//! Here: the tables as printed, for every language. Not here: what they are used for.
//! Each stands in for the default extension table; its characters are sent as 0x1B and their code.

use super::{NONE, Table};

/// Turkish, §A.2.1.
pub(super) const TURKISH: Table = [
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '\u{C}', NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, NONE, '^', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '{', '}', NONE, NONE, NONE, NONE, NONE,
    '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '[', '~', ']',
    NONE, //
    '|', NONE, NONE, NONE, NONE, NONE, NONE, 'Ğ', NONE, 'İ', NONE, NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, 'Ş', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, 'ç', NONE, '€', NONE, 'ğ', NONE, 'ı', NONE, NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, 'ş', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, //
];

/// Spanish, §A.2.2.
pub(super) const SPANISH: Table = [
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 'ç', '\u{C}', NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, NONE, '^', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '{', '}', NONE, NONE, NONE, NONE, NONE,
    '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '[', '~', ']',
    NONE, //
    '|', 'Á', NONE, NONE, NONE, NONE, NONE, NONE, NONE, 'Í', NONE, NONE, NONE, NONE, NONE,
    'Ó', //
    NONE, NONE, NONE, NONE, NONE, 'Ú', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, //
    NONE, 'á', NONE, NONE, NONE, '€', NONE, NONE, NONE, 'í', NONE, NONE, NONE, NONE, NONE,
    'ó', //
    NONE, NONE, NONE, NONE, NONE, 'ú', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, //
];

/// Portuguese, §A.2.3.
pub(super) const PORTUGUESE: Table = [
    NONE, NONE, NONE, NONE, NONE, 'ê', NONE, NONE, NONE, 'ç', '\u{C}', 'Ô', 'ô', NONE, 'Á',
    'á', //
    NONE, NONE, 'Φ', 'Γ', '^', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', NONE, NONE, NONE, NONE, NONE, 'Ê', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '{', '}', NONE, NONE, NONE, NONE, NONE,
    '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '[', '~', ']',
    NONE, //
    '|', 'À', NONE, NONE, NONE, NONE, NONE, NONE, NONE, 'Í', NONE, NONE, NONE, NONE, NONE,
    'Ó', //
    NONE, NONE, NONE, NONE, NONE, 'Ú', NONE, NONE, NONE, NONE, NONE, 'Ã', 'Õ', NONE, NONE,
    NONE, //
    NONE, 'Â', NONE, NONE, NONE, '€', NONE, NONE, NONE, 'í', NONE, NONE, NONE, NONE, NONE,
    'ó', //
    NONE, NONE, NONE, NONE, NONE, 'ú', NONE, NONE, NONE, NONE, NONE, 'ã', 'õ', NONE, NONE,
    'â', //
];

/// Bengali, §A.2.4.
pub(super) const BENGALI: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{9E6}', '\u{9E7}', NONE, '\u{9E8}', '\u{9E9}', '\u{9EA}', '\u{9EB}', //
    '\u{9EC}', '\u{9ED}', '\u{9EE}', '\u{9EF}', '\u{9DF}', '\u{9E0}', '\u{9E1}', '\u{9E2}', //
    '{', '}', '\u{9E3}', '\u{9F2}', '\u{9F3}', '\u{9F4}', '\u{9F5}', '\\', //
    '\u{9F6}', '\u{9F7}', '\u{9F8}', '\u{9F9}', '\u{9FA}', NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Gujarati, §A.2.5.
pub(super) const GUJARATI: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{AE6}', '\u{AE7}', '\u{AE8}', '\u{AE9}', //
    '\u{AEA}', '\u{AEB}', '\u{AEC}', '\u{AED}', '\u{AEE}', '\u{AEF}', NONE, NONE, //
    '{', '}', NONE, NONE, NONE, NONE, NONE, '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Hindi, §A.2.6.
pub(super) const HINDI: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{966}', '\u{967}', '\u{968}', '\u{969}', //
    '\u{96A}', '\u{96B}', '\u{96C}', '\u{96D}', '\u{96E}', '\u{96F}', '\u{951}', '\u{952}', //
    '{', '}', '\u{953}', '\u{954}', '\u{958}', '\u{959}', '\u{95A}', '\\', //
    '\u{95B}', '\u{95C}', '\u{95D}', '\u{95E}', '\u{95F}', '\u{960}', '\u{961}', '\u{962}', //
    '\u{963}', '\u{970}', '\u{971}', NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Kannada, §A.2.7.
pub(super) const KANNADA: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{CE6}', '\u{CE7}', '\u{CE8}', '\u{CE9}', //
    '\u{CEA}', '\u{CEB}', '\u{CEC}', '\u{CED}', '\u{CEE}', '\u{CEF}', '\u{CDE}', '\u{CF1}', //
    '{', '}', '\u{CF2}', NONE, NONE, NONE, NONE, '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Malayalam, §A.2.8.
pub(super) const MALAYALAM: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{D66}', '\u{D67}', '\u{D68}', '\u{D69}', //
    '\u{D6A}', '\u{D6B}', '\u{D6C}', '\u{D6D}', '\u{D6E}', '\u{D6F}', '\u{D70}', '\u{D71}', //
    '{', '}', '\u{D72}', '\u{D73}', '\u{D74}', '\u{D75}', '\u{D7A}', '\\', //
    '\u{D7B}', '\u{D7C}', '\u{D7D}', '\u{D7E}', '\u{D7F}', NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Oriya, §A.2.9.
pub(super) const ORIYA: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{B66}', '\u{B67}', '\u{B68}', '\u{B69}', //
    '\u{B6A}', '\u{B6B}', '\u{B6C}', '\u{B6D}', '\u{B6E}', '\u{B6F}', '\u{B5C}', '\u{B5D}', //
    '{', '}', '\u{B5F}', '\u{B70}', '\u{B71}', NONE, NONE, '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Punjabi, §A.2.10.
pub(super) const PUNJABI: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{A66}', '\u{A67}', '\u{A68}', '\u{A69}', //
    '\u{A6A}', '\u{A6B}', '\u{A6C}', '\u{A6D}', '\u{A6E}', '\u{A6F}', '\u{A59}', '\u{A5A}', //
    '{', '}', '\u{A5B}', '\u{A5C}', '\u{A5E}', '\u{A75}', NONE, '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Tamil, §A.2.11.
pub(super) const TAMIL: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{964}', '\u{965}', NONE, '\u{BE6}', '\u{BE7}', '\u{BE8}', '\u{BE9}', //
    '\u{BEA}', '\u{BEB}', '\u{BEC}', '\u{BED}', '\u{BEE}', '\u{BEF}', '\u{BF3}', '\u{BF4}', //
    '{', '}', '\u{BF5}', '\u{BF6}', '\u{BF7}', '\u{BF8}', '\u{BFA}', '\\', //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Telugu, §A.2.12.
pub(super) const TELUGU: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', NONE, NONE, NONE, '\u{C66}', '\u{C67}', '\u{C68}', '\u{C69}', //
    '\u{C6A}', '\u{C6B}', '\u{C6C}', '\u{C6D}', '\u{C6E}', '\u{C6F}', '\u{C58}', '\u{C59}', //
    '{', '}', '\u{C78}', '\u{C79}', '\u{C7A}', '\u{C7B}', '\u{C7C}', '\\', //
    '\u{C7D}', '\u{C7E}', '\u{C7F}', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, '[', '~', ']', NONE, //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];

/// Urdu, §A.2.13.
pub(super) const URDU: Table = [
    '@', '£', '$', '¥', '¿', '"', '¤', '%', //
    '&', '\'', '\u{C}', '*', '+', NONE, '-', '/', //
    '<', '=', '>', '¡', '^', '¡', '_', '#', //
    '*', '\u{600}', '\u{601}', NONE, '\u{6F0}', '\u{6F1}', '\u{6F2}', '\u{6F3}', //
    '\u{6F4}', '\u{6F5}', '\u{6F6}', '\u{6F7}', '\u{6F8}', '\u{6F9}', '\u{60C}', '\u{60D}', //
    '{', '}', '\u{60E}', '\u{60F}', '\u{610}', '\u{611}', '\u{612}', '\\', //
    '\u{613}', '\u{614}', '\u{61B}', '\u{61F}', '\u{640}', '\u{652}', '\u{658}', '\u{66B}', //
    '\u{66C}', '\u{672}', '\u{673}', '\u{6CD}', '[', '~', ']', '\u{6D4}', //
    '|', 'A', 'B', 'C', 'D', 'E', 'F', 'G', //
    'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', //
    'X', 'Y', 'Z', NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, '€', NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
];
