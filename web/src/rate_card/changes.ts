import type { RateRow } from './csv';

/** What becomes of a country between two versions; undefined on the side where it has no row. */
export interface Change {
  countryCode: string | null;
  before?: RateRow;
  after?: RateRow;
}

/** The countries whose rates differ between two versions, in the order of their codes. */
export function changesBetween(before: readonly RateRow[], after: readonly RateRow[]): Change[] {
  const old = byCountry(before);
  const now = byCountry(after);
  const codes = [...new Set([...old.keys(), ...now.keys()])].sort();
  return codes.flatMap((code) => {
    const [was, is] = [old.get(code), now.get(code)];
    if (was && is && same(was.sms, is.sms) && same(was.mms, is.mms)) return [];
    return [{ countryCode: (is ?? was)?.countryCode ?? null, before: was, after: is }];
  });
}

/** All other countries come last. */
function byCountry(rows: readonly RateRow[]): Map<string, RateRow> {
  return new Map(rows.map((row) => [row.countryCode ?? '~', row]));
}

/** "1" and "1.0" are the same number of credits; null is none. */
function same(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one === other;
  return shortest(one) === shortest(other);
}

function shortest(value: string): string {
  return value.includes('.') ? value.replace(/\.?0+$/, '') : value;
}
