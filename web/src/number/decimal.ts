/**
 * Exact decimals in the API's notation ("3306", "21.489", "-0.5"). They are handled as text
 * throughout: a float would lose digits. Only a chart, which needs no exact figures, may call
 * `toPlottable`.
 */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * Groups the integer digits by thousands: "1234567.5" becomes "1,234,567.5". Other texts are
 * returned unchanged. With `digits`, the fraction is padded with zeros to this length, so that
 * decimal points align.
 */
export function formatDecimal(value: string, digits = 0): string {
  const match = DECIMAL.exec(value);
  if (!match) return value;
  const [, sign = '', integer = '', given = ''] = match;
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = given.padEnd(digits, '0');
  return `${sign}${grouped}${fraction && `.${fraction}`}`;
}

/** A count, which JSON carries as an integer. */
export function formatCount(value: number): string {
  return formatDecimal(String(value));
}

const SYMBOLS: Record<string, string> = { EUR: '€', GBP: '£', USD: '$' };

/** "€1,234.50"; a currency without a symbol here is shown by its code: "CHF 1,234.50". */
export function formatMoney(money: { amount: string; currencyCode: string }): string {
  const negative = money.amount.startsWith('-');
  const amount = formatDecimal(negative ? money.amount.slice(1) : money.amount);
  const unit = SYMBOLS[money.currencyCode] ?? `${money.currencyCode} `;
  return `${negative ? '-' : ''}${unit}${amount}`;
}

/**
 * Converts typed credits to the API's notation; undefined if they are not a valid number: at most 4
 * fraction digits, thousands may be grouped by commas or spaces.
 */
export function parseCredits(typed: string): string | undefined {
  const text = typed.trim().replace(/(?<=\d)[, \u00a0](?=\d{3}(?:\D|$))/g, '');
  const match = /^(\d{1,15})(?:\.(\d{1,4}))?$/.exec(text);
  if (!match) return undefined;
  const integer = (match[1] ?? '').replace(/^0+(?=\d)/, '');
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  return fraction ? `${integer}.${fraction}` : integer;
}

/**
 * Converts a typed amount of money to the API's notation; undefined if it isn't one. Its last
 * point or comma separates at most 2 digits, so that "1.500" is refused and not read as 1.5 or
 * 1,500 by chance.
 */
export function parseMoney(typed: string): string | undefined {
  const match = /^(\d{1,12})(?:[.,](\d{1,2}))?$/.exec(typed.trim());
  if (!match) return undefined;
  const integer = (match[1] ?? '').replace(/^0+(?=\d)/, '');
  return match[2] ? `${integer}.${match[2]}` : integer;
}

export function isZero(value: string): boolean {
  return /^-?0+(\.0+)?$/.test(value);
}

/** The share of `whole` that `part` is, in whole percents rounded down; exact for any size. */
export function percent(part: string, whole: string): number {
  const scale = Math.max(fractionDigits(part), fractionDigits(whole));
  const divisor = toUnits(whole, scale);
  return divisor <= 0n ? 0 : Number((toUnits(part, scale) * 100n) / divisor);
}

/** For the height of a bar in a chart only. */
export function toPlottable(value: string): number {
  return Number.parseFloat(value);
}

/** The number of digits after a decimal's point. */
export function fractionDigits(value: string): number {
  return DECIMAL.exec(value)?.[3]?.length ?? 0;
}

function toUnits(value: string, scale: number): bigint {
  const match = DECIMAL.exec(value);
  if (!match) return 0n;
  const units = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(scale, '0'));
  return match[1] === '-' ? -units : units;
}
