/** A telephone number as it was written, and the line on which it stands, from 1. */
export interface WrittenNumber {
  line: number;
  number: string;
}

/** The most numbers that a message may be sent to. */
export const MOST_NUMBERS = 10_000;

/** What comes along invisibly if a number is copied from a contact or a chat. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Minus signs and dashes that stand for the hyphen within a number. */
const DASHES = /[\u2010-\u2015\u2212]/g;

/**
 * Reads telephone numbers, one a line, or several separated by commas or semicolons. Empty lines
 * are left out, and 00 at the beginning is read as +. Whether they are numbers of their country is
 * the server's to say.
 */
export function readNumbers(text: string): WrittenNumber[] {
  return text.split(/\r\n|[\n\r\u2028]/).flatMap((line, at) =>
    line.split(/[,;]/).flatMap((part) => {
      const number = part
        .replace(INVISIBLE, '')
        .replace(DASHES, '-')
        .replace(/\s+/g, ' ')
        .trim()
        .replace(/^tel:/i, '')
        .replace(/^00(?=\d)/, '+');
      return number === '' ? [] : [{ line: at + 1, number }];
    }),
  );
}

/** Whether it can be no number with a country: it has none, or other characters than a number's. */
export function isUnreadable({ number }: WrittenNumber): boolean {
  return !/^\+[\d\s().\-/]{5,}$/.test(number);
}
