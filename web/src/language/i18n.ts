import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { formatDecimal } from '../number/decimal';
import { type Language, setLanguage, startLanguage } from './languages';

/** The chosen language, kept in the browser. */
const NAME = 'message-credits-language';

/** Loads the texts of the reader's language. Nothing is rendered before. */
export async function startTexts(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: {},
    // React escapes.
    interpolation: { escapeValue: false },
  });
  const { formatter } = i18next.services;
  formatter?.add('number', (value) => formatDecimal(String(value)));
  formatter?.add('name', (value) => isolated(String(value)));
  await show(startLanguage(localStorage.getItem(NAME), navigator.languages));
}

/** Shows the page in this language, now and on the next visit. */
export async function chooseLanguage(next: Language): Promise<void> {
  localStorage.setItem(NAME, next);
  await show(next);
}

async function show(next: Language): Promise<void> {
  if (!i18next.hasResourceBundle(next, 'translation')) {
    const { default: texts } = await load(next);
    i18next.addResourceBundle(next, 'translation', texts);
  }
  setLanguage(next);
  document.documentElement.lang = next;
  await i18next.changeLanguage(next);
}

/** A reader loads the texts of one language only. */
function load(language: Language): Promise<{ default: object }> {
  switch (language) {
    case 'en':
      return import('./en.json');
    case 'it':
      return import('./it.json');
  }
}

/** Letters of the scripts that are written from right to left. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name within a sentence: its direction doesn't turn the words around it. */
function isolated(name: string): string {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}
