//! The demo's accounts, lists and packages. Names are invented.

use entity::sql_enums::ReportFormat;

/// An account of the demo.
pub(super) struct Shop {
    pub name: &'static str,
    pub time_zone: &'static str,
    pub currency: &'static str,
    /// The code of the rate card that it is charged by.
    pub card: &'static str,
    /// The code of the package that it buys.
    pub package: &'static str,
    /// Its automatic recharge: the threshold in credits, and the monthly maximum in the currency's
    /// minor unit.
    pub recharge: Option<(i32, i64)>,
    /// The file of its monthly reports.
    pub report: ReportFormat,
    pub lists: &'static [List],
    pub texts: &'static [&'static str],
    /// The name and the text of next week's campaign, to the first list.
    pub campaign: (&'static str, &'static str),
    /// The notes of two grants whose credits expire soon, and of one whose credits never do.
    pub grants: [&'static str; 3],
}

/// A contact list of the demo.
pub(super) struct List {
    pub name: &'static str,
    pub destinations: &'static [(&'static str, i64)],
    /// Messages in an ordinary week.
    pub weekly: u32,
    /// The file that its contacts were imported from; without one, only their number is known.
    pub file: Option<&'static str>,
    /// Its own texts; without any, it gets those of the shop.
    pub texts: &'static [&'static str],
}

/// A list of which only the number of its recipients is known.
const fn list(
    name: &'static str,
    destinations: &'static [(&'static str, i64)],
    weekly: u32,
) -> List {
    List {
        name,
        destinations,
        weekly,
        file: None,
        texts: &[],
    }
}

/// A package of the demo.
pub(super) struct Package {
    pub code: &'static str,
    pub name: &'static str,
    pub credits: i64,
    pub price_minor: i64,
    pub currency: &'static str,
    pub validity_days: Option<i32>,
}

const fn package(
    code: &'static str,
    name: &'static str,
    credits: i64,
    price_minor: i64,
    currency: &'static str,
    validity_days: Option<i32>,
) -> Package {
    Package {
        code,
        name,
        credits,
        price_minor,
        currency,
        validity_days,
    }
}

pub(super) const PACKAGES: &[Package] = &[
    package("starter-eur", "Starter", 5_000, 6_000, "EUR", Some(365)),
    package("growth-eur", "Growth", 50_000, 50_000, "EUR", Some(365)),
    package(
        "business-eur",
        "Business",
        250_000,
        225_000,
        "EUR",
        Some(365),
    ),
    package("forever-eur", "Forever", 10_000, 15_000, "EUR", None),
    package("starter-usd", "Starter", 5_000, 6_500, "USD", Some(365)),
    package("growth-usd", "Growth", 50_000, 55_000, "USD", Some(365)),
    package(
        "business-usd",
        "Business",
        250_000,
        245_000,
        "USD",
        Some(365),
    ),
    package("growth-inr", "Growth", 50_000, 1_250_000, "INR", Some(180)),
];

pub(super) const SHOPS: &[Shop] = &[
    Shop {
        name: "Bottega Lume",
        time_zone: "Europe/Rome",
        currency: "EUR",
        card: "europe",
        package: "growth-eur",
        recharge: Some((5_000, 150_000)),
        report: ReportFormat::Xlsx,
        lists: &[
            list(
                "Newsletter clienti",
                &[("IT", 1_653), ("SM", 12), ("CH", 88)],
                2,
            ),
            List {
                file: Some("clienti-vip.csv"),
                ..list("Clienti VIP", &[("IT", 214), ("FR", 31), ("DE", 27)], 1)
            },
            list("Carrelli abbandonati", &[("IT", 340)], 5),
            list("Negozio di Milano", &[("IT", 512)], 1),
            List {
                file: Some("turisti estate.xlsx"),
                texts: &[
                    "Bottega Lume: 10% off for our guests with the code CIAO10. We ship worldwide.",
                    "Grazie mille! Your lamp is on its way from Milano. Follow it on our page.",
                ],
                ..list(
                    "Turisti",
                    &[("DE", 96), ("US", 74), ("GB", 61), ("FR", 58), ("JP", 22)],
                    1,
                )
            },
        ],
        texts: &[
            "Bottega Lume: da oggi saldi fino al 40% su tutte le lampade. Solo online, fino a domenica.",
            "Hai dimenticato qualcosa? Il tuo carrello ti aspetta con la spedizione gratuita.",
            "Ciao! La nuova collezione è arrivata in negozio. Ti aspettiamo per un caffè ☕",
            "Solo per te: 15 € di sconto sul prossimo ordine sopra 90 €. Codice LUME15, valido fino al 31. \
             Mostra questo messaggio alla cassa oppure usa il codice online.",
            "Aperti anche questa domenica dalle 10 alle 19.",
        ],
        campaign: (
            "Anteprima della nuova collezione",
            "Bottega Lume: la nuova collezione arriva sabato. Per te l’anteprima in negozio, venerdì dalle 18.",
        ),
        grants: [
            "Grazie per la bella stagione",
            "Le nostre scuse per un invio doppio",
            "Crediti di benvenuto",
        ],
    },
    Shop {
        name: "Harbor & Pine",
        time_zone: "America/New_York",
        currency: "USD",
        card: "default-usd",
        package: "growth-usd",
        recharge: Some((4_000, 110_000)),
        report: ReportFormat::Csv,
        lists: &[
            list("All subscribers", &[("US", 2_380), ("CA", 145)], 2),
            list("Loyalty club", &[("US", 620), ("CA", 41)], 1),
            list("Back in stock", &[("US", 188)], 4),
            list("Wholesale buyers", &[("US", 57), ("MX", 9), ("GB", 14)], 1),
        ],
        texts: &[
            "Harbor & Pine: free shipping this weekend only. No code needed.",
            "It's back! The item you were watching is in stock again. Tap to see it before it sells out.",
            "Your points are about to turn into rewards: you’re 40 points away from $10 off 🎉",
            "Reminder: the fall warehouse sale starts Saturday at 9am. Doors open for club members at 8am. \
             Bring this message for an extra 10% off one item of your choice.",
        ],
        campaign: (
            "Members’ preview evening",
            "Harbor & Pine: club members shop the new season first. Join us next Thursday from 6 pm.",
        ),
        grants: [
            "A thank-you for a good season",
            "Goodwill for the delayed campaign",
            "Welcome credits",
        ],
    },
    Shop {
        name: "Chandni Threads",
        time_zone: "Asia/Kolkata",
        currency: "INR",
        card: "default-inr",
        package: "growth-inr",
        recharge: None,
        report: ReportFormat::Xlsx,
        lists: &[
            list(
                "Festive shoppers",
                &[("IN", 1_940), ("AE", 120), ("SG", 64)],
                2,
            ),
            list("Store pick-up", &[("IN", 415)], 4),
            list(
                "Overseas orders",
                &[("US", 133), ("GB", 118), ("AU", 47)],
                1,
            ),
            List {
                file: Some("dubai.csv"),
                texts: &[
                    "تشاندني ثريدز: خصم 20٪ على الساري المنسوج يدويًا حتى يوم الأحد.",
                    "مرحبًا! وصلت المجموعة الجديدة. زوروا متجرنا في دبي اليوم.",
                ],
                ..list("عملاء دبي", &[("AE", 140)], 1)
            },
        ],
        texts: &[
            "Chandni Threads: your order is ready for pick-up. Open till 9 pm today.",
            "Festive edit is live! Flat 20% off handloom sarees till Sunday.",
            "नमस्ते! नई साड़ियाँ आ गई हैं। आज ही देखें।",
        ],
        campaign: (
            "त्योहार की पहली झलक",
            "Chandni Threads: see the festive edit before everyone else, in store next week.",
        ),
        grants: [
            "Festive season bonus",
            "Goodwill for the delayed campaign",
            "Welcome credits",
        ],
    },
];
