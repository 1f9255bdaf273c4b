import { formatDecimal } from '../number/decimal';

/**
 * A number in the server's English: "11731", "1,000" or "21.489". Not one that is part of a date,
 * a telephone number or a code.
 */
const NUMBER =
  /(?<![\p{L}\p{N}+\-_/:.,#])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\p{L}\p{N}\-_/:]|[.,]\d)/gu;

/** What stands before a year, which has no thousands. */
const MONTH = /(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? $/;

/** A message of the server, with its numbers written as the page writes them. */
export function serverText(message: string): string {
  return message.replace(NUMBER, (number, at: number) =>
    MONTH.test(message.slice(0, at)) ? number : formatDecimal(number.replaceAll(',', '')),
  );
}
