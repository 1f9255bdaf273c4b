/** The languages of the page. Texts are in a file each; numbers and dates follow `LOCALES`. */
export const LANGUAGES = ['en', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The locale whose conventions dates and sorting follow. */
export const LOCALES: Record<Language, string> = { en: 'en-GB', it: 'it-IT' };

let current: Language = 'en';

/** The language that the page is shown in. */
export function language(): Language {
  return current;
}

/** Only `i18n.ts` calls it, together with changing the texts. */
export function setLanguage(next: Language): void {
  current = next;
}

/**
 * The language to start in: the one that was chosen, or else the first of the reader's that the
 * page has.
 */
export function startLanguage(chosen: string | null, preferred: readonly string[]): Language {
  const wanted = [chosen, ...preferred].map((tag) => tag?.toLowerCase().split('-')[0]);
  for (const tag of wanted) {
    const found = LANGUAGES.find((one) => one === tag);
    if (found) return found;
  }
  return 'en';
}
