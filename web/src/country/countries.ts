import { type Language, LOCALES, language } from '../language/languages';

/** A country's name in the page's language, from the browser's own data. */
export function countryName(code: string): string {
  try {
    return names(language()).of(code) ?? code;
  } catch {
    return code;
  }
}

const NAMES = new Map<Language, Intl.DisplayNames>();

function names(tongue: Language): Intl.DisplayNames {
  const known = NAMES.get(tongue);
  if (known) return known;
  const made = new Intl.DisplayNames([LOCALES[tongue]], { type: 'region' });
  NAMES.set(tongue, made);
  return made;
}

/**
 * ISO 3166-1 alpha-2 codes offered as destinations; the response says which ones the account's rate
 * card doesn't serve.
 */
const CODES =
  `AD AE AL AM AR AT AU AZ BA BD BE BG BH BO BR BY CA CH CI CL CM CN CO CR CY CZ DE DK DO DZ EC EE EG ES
FI FR GB GE GH GI GR GT HK HN HR HU ID IE IL IN IQ IS IT JM JO JP KE KR KW KZ LB LI LK LT LU LV MA MC MD ME MK MT MX
MY NG NI NL NO NP NZ OM PA PE PH PK PL PT PY QA RO RS SA SE SG SI SK SM SN SV TH TN TR TT TW TZ UA UG US UY UZ VA VE
VN ZA`.split(/\s+/);

/** The countries to choose from, by name. */
export function destinations(): { value: string; label: string }[] {
  return CODES.map((value) => ({ value, label: countryName(value) })).sort((one, other) =>
    one.label.localeCompare(other.label, LOCALES[language()]),
  );
}
