import { formatDecimal, isNegative, isZero } from './decimal';

/** A change with its sign: "+20", "−3". With `digits`, its fraction is padded with zeros. */
export function signed(credits: string, digits = 0): string {
  if (isZero(credits)) return formatDecimal(credits, digits);
  return isNegative(credits)
    ? `−${formatDecimal(credits.slice(1), digits)}`
    : `+${formatDecimal(credits, digits)}`;
}
