import type { TFunction } from 'i18next';
import type { RateInput } from '../generated/graphql';
import type { UserError } from '../screen/user_errors';
import type { ReadRow } from './csv';

/** What a file doesn't hold of a country's rates. */
type Kept = Pick<RateInput, 'countryCode' | 'nationalLanguages' | 'concatenationReference'>;

/**
 * The rows of a file as the API takes them. Languages and how segments are joined stay as they
 * were in the version before.
 */
export function rateInputs(rows: readonly ReadRow[], before: readonly Kept[]): RateInput[] {
  const kept = new Map(before.map((rate) => [rate.countryCode ?? null, rate]));
  return rows.map(({ countryCode, sms, mms }) => {
    const old = kept.get(countryCode);
    return {
      countryCode,
      sms,
      mms,
      ...(old && {
        nationalLanguages: old.nationalLanguages,
        concatenationReference: old.concatenationReference,
      }),
    };
  });
}

/** The server's errors about rows, with the lines of the file instead of positions. */
export function errorsByLine(
  t: TFunction,
  errors: readonly UserError[],
  rows: readonly ReadRow[],
): UserError[] {
  return errors.map((error) => {
    const at = error.field?.indexOf('rates') ?? -1;
    const row = at < 0 ? undefined : rows[Number(error.field?.[at + 1])];
    if (!row) return error;
    const message = t('rates.atLine', { line: row.line, problem: error.message });
    return { ...error, message };
  });
}
