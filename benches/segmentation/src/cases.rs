//! The texts: hard cases with segments known from the specification, and texts that are timed.
//!
//! Here: the texts. Not here: the libraries, and how fast they are.

/// A text with known segments.
pub struct Case {
    pub name: &'static str,
    pub pieces: Vec<String>,
    /// Whether a library must get it right to count as right. The other cases show where libraries
    /// deviate from the specification on purpose.
    pub counts: bool,
}

impl Case {
    pub fn text(&self) -> String {
        self.pieces.concat()
    }
}

/// The hard cases. Each segment is as long as 3GPP TS 23.038 and TS 23.040 allow.
pub fn cases() -> Vec<Case> {
    let a = |times| "a".repeat(times);
    let ja = |times| "я".repeat(times);
    let case = |name, pieces: Vec<String>| Case {
        name,
        pieces,
        counts: true,
    };
    let emoji = "👨\u{200D}👩\u{200D}";
    vec![
        case("160 of GSM-7", vec![a(160)]),
        case("161 of GSM-7", vec![a(153), a(8)]),
        case("71 of UCS-2", vec![ja(67), ja(4)]),
        case(
            "pair at the boundary",
            vec![a(152), format!("[{}", a(151)), a(1)],
        ),
        case("pair fills a segment", vec![format!("{}€", a(158))]),
        case(
            "surrogates at the boundary",
            vec![ja(66), format!("😀{}", ja(65)), ja(1)],
        ),
        case("35 emoji", vec!["😀".repeat(35)]),
        case("36 emoji", vec!["😀".repeat(33), "😀".repeat(3)]),
        case("form feeds", vec!["\u{C}".repeat(80)]),
        case("backtick", vec![format!("`{}", a(66)), a(4)]),
        case("extension in UCS-2", vec![format!("я{}", "€".repeat(69))]),
        case("ç is not GSM-7", vec![format!("ç{}", a(66)), a(4)]),
        case(
            "Greek and accents",
            vec!["ΔΦΓΛΩΠΨΣΘΞàèéìòùÄÖÑÜäöñüßÉÆæÅåØøÇ".repeat(4)],
        ),
        Case {
            name: "whole emoji (not counted)",
            pieces: vec![
                format!("{}{emoji}", ja(61)),
                format!("👧\u{200D}👦{}", ja(62)),
            ],
            counts: false,
        },
    ]
}

/// A text that is timed.
pub struct Timed {
    pub name: &'static str,
    pub text: String,
}

/// The texts that are timed.
pub fn timed() -> Vec<Timed> {
    let words = "Saldi di fine stagione, fino al 50% su tutto il negozio: solo oggi. ";
    let latin = |length| words.chars().cycle().take(length).collect::<String>();
    let accents = "Perché no? È già più caldo così: saldi fino a 50 € in meno. ";
    let with_accents: String = accents
        .chars()
        .filter(|&each| each != 'È')
        .cycle()
        .take(150)
        .collect();
    vec![
        Timed {
            name: "GSM-7, 160 characters",
            text: latin(160),
        },
        Timed {
            name: "GSM-7, 150 characters with accents and the euro sign",
            text: with_accents,
        },
        Timed {
            name: "an early emoji, 300 characters",
            text: format!("Ciao 😀 {}", latin(293)),
        },
        Timed {
            name: "the last character only is not GSM-7, 300 characters",
            text: format!("{}ç", latin(299)),
        },
    ]
}
