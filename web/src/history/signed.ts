import { formatDecimal, isNegative, isZero } from '../number/decimal';

/** A change with its sign: "+20", "−3". */
export function signed(credits: string): string {
  if (isZero(credits)) return formatDecimal(credits);
  return isNegative(credits) ? `−${formatDecimal(credits.slice(1))}` : `+${formatDecimal(credits)}`;
}
