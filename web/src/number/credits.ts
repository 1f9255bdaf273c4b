import type { TFunction } from 'i18next';
import { formatDecimal } from './decimal';

/** "1,500 credits". */
export function creditsText(t: TFunction, value: string): string {
  // A float suffices to choose between singular and plural.
  return t('number.credits', { count: Number(value), amount: formatDecimal(value) });
}
