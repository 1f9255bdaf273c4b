//! Measures how fast texts are counted and split into segments: calls per second on one thread.

use divan::{Bencher, black_box, counter::ItemsCount};
use domain::{
    channel::Channel,
    segmentation::{Languages, Options, count, segment},
};

fn main() {
    divan::main();
}

/// One text a line of the table.
const TEXTS: [&str; 6] = [
    "gsm7_160",
    "early_emoji_300",
    "last_non_gsm_300",
    "accented_160",
    "extension_400",
    "cyrillic_300",
];

fn text(name: &str) -> String {
    let words = "Saldi di fine stagione, fino al 50% su tutto il negozio: solo oggi. ";
    let latin = |length| words.chars().cycle().take(length).collect::<String>();
    let cycle = |words: &str, length| words.chars().cycle().take(length).collect::<String>();
    match name {
        "gsm7_160" => latin(160),
        "early_emoji_300" => format!("Ciao 😀 {}", latin(293)),
        "last_non_gsm_300" => format!("{}ç", latin(299)),
        "accented_160" => cycle("Perché no? È già più caldò così, ", 160),
        "extension_400" => cycle("{nome}: 10 € [qui] ", 400),
        "cyrillic_300" => cycle("Распродажа: скидка до 50 % ", 300),
        _ => String::new(),
    }
}

fn bench(bencher: Bencher, name: &str, options: Options, run: impl Fn(&str, &Options)) {
    let text = text(name);
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| run(black_box(&text), black_box(&options)));
}

fn smart() -> Options {
    Options {
        smart_encoding: true,
        ..Options::default()
    }
}

fn national() -> Options {
    Options {
        languages: Languages::ALL,
        ..smart()
    }
}

fn counts(text: &str, options: &Options) {
    let _ = black_box(count(text, Channel::Sms, options));
}

fn cuts(text: &str, options: &Options) {
    let _ = black_box(segment(text, Channel::Sms, options));
}

#[divan::bench(args = TEXTS)]
fn counting(bencher: Bencher, name: &str) {
    bench(bencher, name, Options::default(), counts);
}

#[divan::bench(args = TEXTS)]
fn cutting(bencher: Bencher, name: &str) {
    bench(bencher, name, Options::default(), cuts);
}

#[divan::bench(args = TEXTS)]
fn counting_with_smart_encoding(bencher: Bencher, name: &str) {
    bench(bencher, name, smart(), counts);
}

#[divan::bench(args = TEXTS)]
fn counting_with_all_languages(bencher: Bencher, name: &str) {
    bench(bencher, name, national(), counts);
}
