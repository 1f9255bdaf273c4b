/** A row of a rate card: the credits for a segment; null if the channel is not served. */
export interface RateRow {
  /** ISO 3166-1 alpha-2; null for all countries without a row of their own. */
  countryCode: string | null;
  sms: string | null;
  mms: string | null;
}

/** A row of a file, with the line at which it stands. */
export interface ReadRow extends RateRow {
  line: number;
}

/** What is wrong with a line; `value` is what stands there. */
export interface LineError {
  line: number;
  problem: LineProblem;
  value: string;
}

export type LineProblem =
  | 'empty'
  | 'header'
  | 'cells'
  | 'country'
  | 'repeated'
  | 'number'
  | 'tooPrecise'
  | 'tooLarge'
  | 'tooMany';

export type ReadFile = { rows: ReadRow[] } | { errors: LineError[] };

/** The name of the row for all other countries in a file. */
export const OTHERS = '*';

const HEADER = ['country', 'sms', 'mms'] as const;
/** The most rows and credits, and the most digits after the point, that the server takes. */
const MOST_ROWS = 300;
const MOST_CREDITS = 1_000_000;
const MOST_DIGITS = 4;

/**
 * Reads a file of `country,sms,mms` rows, or reports every line that can't be read. Cells may be
 * separated by commas, semicolons or tabs. A comma before a fraction is read unless it separates
 * cells.
 */
export function readRates(text: string): ReadFile {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => line.trim() !== '');
  const first = lines[start];
  if (first === undefined) return { errors: [{ line: 1, problem: 'empty', value: '' }] };
  const separator = [';', '\t', ','].find((one) => first.includes(one)) ?? ',';
  const names = cellsOf(first, separator).map((name) => name.toLowerCase());
  const places = HEADER.map((name) => names.indexOf(name));
  if (places.some((place) => place < 0) || names.length !== HEADER.length) {
    return { errors: [{ line: start + 1, problem: 'header', value: first.trim() }] };
  }

  const rows: ReadRow[] = [];
  const errors: LineError[] = [];
  const seen = new Set<string>();
  for (const [index, source] of lines.entries()) {
    if (index <= start || source.trim() === '') continue;
    const line = index + 1;
    const cells = cellsOf(source, separator);
    if (cells.length !== HEADER.length) {
      errors.push({ line, problem: 'cells', value: source.trim() });
      continue;
    }
    const [country = '', sms = '', mms = ''] = places.map((place) => cells[place]);
    const code = country.toUpperCase();
    if (code !== OTHERS && !/^[A-Z]{2}$/.test(code)) {
      errors.push({ line, problem: 'country', value: country });
    } else if (seen.has(code)) {
      errors.push({ line, problem: 'repeated', value: country });
    }
    seen.add(code);
    const read = [sms, mms].map((cell) => readCredits(cell, separator));
    for (const [place, cell] of [sms, mms].entries()) {
      const problem = read[place]?.problem;
      if (problem) errors.push({ line, problem, value: cell });
    }
    rows.push({
      line,
      countryCode: code === OTHERS ? null : code,
      sms: read[0]?.value ?? null,
      mms: read[1]?.value ?? null,
    });
  }
  if (rows.length === 0 && errors.length === 0) {
    errors.push({ line: start + 1, problem: 'empty', value: '' });
  }
  const tooMany = rows[MOST_ROWS];
  if (tooMany) {
    errors.push({ line: tooMany.line, problem: 'tooMany', value: String(rows.length) });
  }
  return errors.length > 0 ? { errors } : { rows };
}

/** The card as a file that `readRates` reads again. */
export function writeRates(rows: readonly RateRow[]): string {
  const lines = rows.map(({ countryCode, sms, mms }) =>
    [countryCode ?? OTHERS, sms ?? '', mms ?? ''].join(),
  );
  return `${[HEADER.join(), ...lines].join('\r\n')}\r\n`;
}

/** The cells of a line, without quotes and spaces around them. None holds a line break. */
function cellsOf(line: string, separator: string): string[] {
  const cells = [''];
  let isQuoted = false;
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) cells.push('');
    else cells[cells.length - 1] += character;
  }
  return cells.map((cell) => cell.trim());
}

function readCredits(
  cell: string,
  separator: string,
): { value: string | null; problem?: LineProblem } {
  if (cell === '') return { value: null };
  const text = separator === ',' ? cell : cell.replace(',', '.');
  const match = /^(\d{1,9})(?:\.(\d+))?$/.exec(text);
  if (!match) return { value: null, problem: 'number' };
  const integer = String(Number(match[1]));
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > MOST_DIGITS) return { value: null, problem: 'tooPrecise' };
  const value = fraction ? `${integer}.${fraction}` : integer;
  // A float compares such short numbers exactly enough.
  return Number(value) > MOST_CREDITS ? { value: null, problem: 'tooLarge' } : { value };
}
