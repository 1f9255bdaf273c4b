import { type Language, language } from '../language/languages';

/**
 * Exact decimals in the API's notation ("3306", "21.489", "-0.5"). They are handled as text
 * throughout: a float would lose digits. Only a chart, which needs no exact figures, may call
 * `toPlottable`.
 */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** How a language groups thousands and separates the fraction. */
export const SEPARATORS: Record<Language, { group: string; point: string }> = {
  en: { group: ',', point: '.' },
  it: { group: '.', point: ',' },
};

/**
 * Groups the integer digits by thousands: "1234567.5" becomes "1,234,567.5" in English. Other texts
 * are returned unchanged. With `digits`, the fraction is padded with zeros to this length, so that
 * decimal points align.
 */
export function formatDecimal(value: string, digits = 0, tongue = language()): string {
  const match = DECIMAL.exec(value);
  if (!match) return value;
  const { group, point } = SEPARATORS[tongue];
  const [, sign = '', integer = '', given = ''] = match;
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, group);
  const fraction = given.padEnd(digits, '0');
  return `${sign}${grouped}${fraction && `${point}${fraction}`}`;
}

/** A count, which JSON carries as an integer. */
export function formatCount(value: number): string {
  return formatDecimal(String(value));
}

const SYMBOLS: Record<string, string> = { EUR: '€', GBP: '£', USD: '$' };

/**
 * "€1,234.50" in English, "1.234,50 €" in Italian. A currency without a symbol here is shown by its
 * code: "CHF 1,234.50".
 */
export function formatMoney(
  money: { amount: string; currencyCode: string },
  tongue = language(),
): string {
  const negative = money.amount.startsWith('-');
  const amount = formatDecimal(negative ? money.amount.slice(1) : money.amount, 0, tongue);
  const sign = negative ? '-' : '';
  const symbol = SYMBOLS[money.currencyCode];
  switch (tongue) {
    case 'en':
      return `${sign}${symbol ?? `${money.currencyCode}\u00a0`}${amount}`;
    case 'it':
      return `${sign}${amount}\u00a0${symbol ?? money.currencyCode}`;
  }
}

/** The price of one credit, rounded half up to 4 digits, or to 8 if those are all zero. */
export function pricePerCredit(price: string, credits: string): string {
  const short = quotient(price, credits, 4);
  return isZero(short) ? quotient(price, credits, 8) : short;
}

/** part / whole, rounded up to a whole number. */
export function quotientUp(part: string, whole: string): string {
  const scale = Math.max(fractionDigits(part), fractionDigits(whole));
  const divisor = toUnits(whole, scale);
  if (divisor <= 0n) return '0';
  return String((toUnits(part, scale) + divisor - 1n) / divisor);
}

function quotient(part: string, whole: string, digits: number): string {
  const scale = Math.max(fractionDigits(part), fractionDigits(whole));
  const divisor = toUnits(whole, scale);
  if (divisor <= 0n) return '0';
  const scaled = toUnits(part, scale) * 10n ** BigInt(digits);
  return fromUnits((2n * scaled + divisor) / (2n * divisor), digits);
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

/** The exact sum, without zeros at the fraction's end. */
export function sum(values: readonly string[]): string {
  const scale = Math.max(0, ...values.map(fractionDigits));
  const units = values.reduce((total, value) => total + toUnits(value, scale), 0n);
  return trimmed(units, scale);
}

/** The exact product with a whole number, without zeros at the fraction's end. */
export function times(value: string, count: number): string {
  const scale = fractionDigits(value);
  return trimmed(toUnits(value, scale) * BigInt(count), scale);
}

/** The value with the other sign. */
export function negated(value: string): string {
  return value.startsWith('-') ? value.slice(1) : `-${value}`;
}

export function isNegative(value: string): boolean {
  return value.startsWith('-') && !isZero(value);
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

function trimmed(units: bigint, scale: number): string {
  const text = fromUnits(units, scale);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function fromUnits(units: bigint, scale: number): string {
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const fraction = digits.slice(digits.length - scale);
  return `${sign}${digits.slice(0, digits.length - scale)}${scale > 0 ? `.${fraction}` : ''}`;
}
