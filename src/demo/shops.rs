//! The demo's accounts, lists and packages. Names are invented.

/// An account of the demo.
pub(super) struct Shop {
    pub name: &'static str,
    pub time_zone: &'static str,
    pub currency: &'static str,
    /// The code of the package that it buys.
    pub package: &'static str,
    pub lists: &'static [List],
    pub texts: &'static [&'static str],
}

/// A contact list of the demo.
pub(super) struct List {
    pub name: &'static str,
    pub destinations: &'static [(&'static str, i64)],
    /// Messages in an ordinary week.
    pub weekly: u32,
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
    package("growth-inr", "Growth", 50_000, 4_500_000, "INR", Some(180)),
];

pub(super) const SHOPS: &[Shop] = &[
    Shop {
        name: "Bottega Lume",
        time_zone: "Europe/Rome",
        currency: "EUR",
        package: "growth-eur",
        lists: &[
            List {
                name: "Newsletter clienti",
                destinations: &[("IT", 1_653), ("SM", 12), ("CH", 88)],
                weekly: 2,
            },
            List {
                name: "Clienti VIP",
                destinations: &[("IT", 214), ("FR", 31), ("DE", 27)],
                weekly: 1,
            },
            List {
                name: "Carrelli abbandonati",
                destinations: &[("IT", 340)],
                weekly: 5,
            },
            List {
                name: "Negozio di Milano",
                destinations: &[("IT", 512)],
                weekly: 1,
            },
            List {
                name: "Turisti",
                destinations: &[("DE", 96), ("US", 74), ("GB", 61), ("FR", 58), ("JP", 22)],
                weekly: 1,
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
    },
    Shop {
        name: "Harbor & Pine",
        time_zone: "America/New_York",
        currency: "USD",
        package: "growth-usd",
        lists: &[
            List {
                name: "All subscribers",
                destinations: &[("US", 2_380), ("CA", 145)],
                weekly: 2,
            },
            List {
                name: "Loyalty club",
                destinations: &[("US", 620), ("CA", 41)],
                weekly: 1,
            },
            List {
                name: "Back in stock",
                destinations: &[("US", 188)],
                weekly: 4,
            },
            List {
                name: "Wholesale buyers",
                destinations: &[("US", 57), ("MX", 9), ("GB", 14)],
                weekly: 1,
            },
        ],
        texts: &[
            "Harbor & Pine: free shipping this weekend only. No code needed.",
            "It's back! The item you were watching is in stock again. Tap to see it before it sells out.",
            "Your points are about to turn into rewards: you’re 40 points away from $10 off 🎉",
            "Reminder: the fall warehouse sale starts Saturday at 9am. Doors open for club members at 8am. \
             Bring this message for an extra 10% off one item of your choice.",
        ],
    },
    Shop {
        name: "Chandni Threads",
        time_zone: "Asia/Kolkata",
        currency: "INR",
        package: "growth-inr",
        lists: &[
            List {
                name: "Festive shoppers",
                destinations: &[("IN", 1_940), ("AE", 120), ("SG", 64)],
                weekly: 2,
            },
            List {
                name: "Store pick-up",
                destinations: &[("IN", 415)],
                weekly: 4,
            },
            List {
                name: "Overseas orders",
                destinations: &[("US", 133), ("GB", 118), ("AU", 47)],
                weekly: 1,
            },
        ],
        texts: &[
            "Chandni Threads: your order is ready for pick-up. Open till 9 pm today.",
            "Festive edit is live! Flat 20% off handloom sarees till Sunday.",
            "नमस्ते! नई साड़ियाँ आ गई हैं। आज ही देखें।",
        ],
    },
];
