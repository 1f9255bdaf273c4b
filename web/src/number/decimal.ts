/**
 * Exact decimals as the API writes them ("3306", "21.489", "-0.5"). They are handled as text from end to end:
 * a float would lose digits. Only a chart, which is read by eye, may call `toPlottable`.
 */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * Groups the integer digits by thousands: "1234567.5" is "1,234,567.5". Anything else comes back as it is. With
 * `digits`, zeros fill the fraction up to so many, so that points stand under points.
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

/** "€1,234.50"; a currency without a sign of its own here stands as its code: "CHF 1,234.50". */
export function formatMoney(money: { amount: string; currencyCode: string }): string {
  const negative = money.amount.startsWith('-');
  const amount = formatDecimal(negative ? money.amount.slice(1) : money.amount);
  const unit = SYMBOLS[money.currencyCode] ?? `${money.currencyCode} `;
  return `${negative ? '-' : ''}${unit}${amount}`;
}

/**
 * What a person typed as credits, in the form that the API takes, or undefined where it is no such number:
 * at most 4 fraction digits, thousands may be grouped by commas or spaces.
 */
export function parseCredits(typed: string): string | undefined {
  const text = typed.trim().replace(/(?<=\d)[, \u00a0](?=\d{3}(?:\D|$))/g, '');
  const match = /^(\d{1,15})(?:\.(\d{1,4}))?$/.exec(text);
  if (!match) return undefined;
  const integer = (match[1] ?? '').replace(/^0+(?=\d)/, '');
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  return fraction ? `${integer}.${fraction}` : integer;
}

export function isZero(value: string): boolean {
  return /^-?0+(\.0+)?$/.test(value);
}

/** What share of `whole` a `part` is, in whole percents rounded down; exact for any size. */
export function percent(part: string, whole: string): number {
  const scale = Math.max(fractionDigits(part), fractionDigits(whole));
  const divisor = toUnits(whole, scale);
  return divisor <= 0n ? 0 : Number((toUnits(part, scale) * 100n) / divisor);
}

/** For the height of a bar in a chart and nothing else. */
export function toPlottable(value: string): number {
  return Number.parseFloat(value);
}

/** How many digits a decimal has after its point. */
export function fractionDigits(value: string): number {
  return DECIMAL.exec(value)?.[3]?.length ?? 0;
}

function toUnits(value: string, scale: number): bigint {
  const match = DECIMAL.exec(value);
  if (!match) return 0n;
  const units = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(scale, '0'));
  return match[1] === '-' ? -units : units;
}
