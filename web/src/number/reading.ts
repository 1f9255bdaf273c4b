import { type Language, language } from '../language/languages';
import { formatDecimal, SEPARATORS } from './decimal';

/** What a number field is for, which bounds its digits. */
export type Unit =
  | { kind: 'credits' }
  | { kind: 'money'; currencyCode: string }
  /** The value of one credit, which is exact to more digits than a price. */
  | { kind: 'value'; currencyCode: string };

/** The most digits that the API takes before and after the point. */
const DIGITS: Record<Unit['kind'], { integer: number; fraction: number }> = {
  credits: { integer: 15, fraction: 4 },
  money: { integer: 12, fraction: 2 },
  value: { integer: 6, fraction: 9 },
};

/** Why a typed text is not read as a number. */
export type Problem =
  | { kind: 'empty' }
  | { kind: 'notANumber' }
  /** The point may separate thousands or a fraction. */
  | { kind: 'ambiguous'; thousands: string; fraction: string }
  /** It is a number in another language's notation. */
  | { kind: 'otherNotation'; meant: string }
  | { kind: 'tooPrecise'; digits: number }
  | { kind: 'tooLarge'; digits: number };

export type Reading = { value: string } | { problem: Problem };

/**
 * Reads a typed number as the language writes it, and converts it to the API's notation. Thousands
 * may be grouped by the language's separator, spaces or apostrophes. A text that another language
 * reads as another number is refused: "1.500" in English, as it is 1,500 in Italian.
 */
export function readNumber(typed: string, unit: Unit, tongue = language()): Reading {
  const text = typed.trim().replace(/(?<=\d)[ \u00a0\u2009\u202f'’](?=\d{3}(?!\d))/g, '');
  if (text === '') return { problem: { kind: 'empty' } };
  const { point } = SEPARATORS[tongue];
  if (new RegExp(`^[1-9]\\d{0,2}[${point}]\\d{3}$`).test(text)) {
    const [integer = '', fraction = ''] = text.split(point);
    const shortest = fraction.replace(/0+$/, '');
    return {
      problem: {
        kind: 'ambiguous',
        thousands: formatDecimal(`${integer}${fraction}`, 0, tongue),
        fraction: editable(shortest ? `${integer}.${shortest}` : integer, tongue),
      },
    };
  }
  const value = parse(text, tongue);
  if (value === undefined) {
    const other = parse(text, tongue === 'en' ? 'it' : 'en');
    if (other === undefined) return { problem: { kind: 'notANumber' } };
    return { problem: { kind: 'otherNotation', meant: formatDecimal(other, 0, tongue) } };
  }
  const most = DIGITS[unit.kind];
  const [integer = '', fraction = ''] = value.split('.');
  if (integer.length > most.integer) {
    return { problem: { kind: 'tooLarge', digits: most.integer } };
  }
  if (fraction.length > most.fraction) {
    return { problem: { kind: 'tooPrecise', digits: most.fraction } };
  }
  return { value };
}

/** The value as a field shows it for editing: `readNumber` reads the same value from it. */
export function editable(value: string, tongue = language()): string {
  const [integer = '', fraction = ''] = value.split('.');
  if (!fraction) return integer;
  // Three digits could be read as thousands.
  const shown = fraction.length === 3 ? `${fraction}0` : fraction;
  return `${integer}${SEPARATORS[tongue].point}${shown}`;
}

function parse(text: string, tongue: Language): string | undefined {
  const { group, point } = SEPARATORS[tongue];
  const grouped = `[1-9]\\d{0,2}(?:[${group}]\\d{3})+`;
  const match = new RegExp(`^(${grouped}|\\d+)(?:[${point}](\\d+))?$`).exec(text);
  if (!match) return undefined;
  const integer = (match[1] ?? '').replaceAll(group, '').replace(/^0+(?=\d)/, '');
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  return fraction ? `${integer}.${fraction}` : integer;
}
