import { Temporal } from 'temporal-polyfill';
import type { Interval } from '../generated/graphql';
import {
  fitsInterval,
  NAMED_PERIODS,
  type NamedPeriod,
  namedPeriod,
  type Period,
  periodProblem,
  suggestedInterval,
} from '../time/period';

/*
 * The period and the interval of the usage page as words of its address: "last-month", or
 * "2026-11-01..2026-11-30". Words that mean nothing are ignored.
 */

/** A period by its name, or by its days. */
export type PeriodChoice = NamedPeriod | Period;

const DEFAULT: NamedPeriod = 'THIS_MONTH';

/** Reads a period's word; the usual period if there is none, or it means nothing. */
export function readPeriod(word: string | undefined): PeriodChoice {
  const name = NAMED_PERIODS.find((one) => wordOf(one) === word);
  if (name) return name;
  const [first = '', last = '', ...rest] = (word ?? '').split('..');
  const period = { first, last };
  const fits = rest.length === 0 && isDay(first) && isDay(last) && !periodProblem(period);
  return fits ? period : DEFAULT;
}

/** The word of a period; none for the usual one. */
export function periodWord(choice: PeriodChoice): string | undefined {
  if (typeof choice !== 'string') return `${choice.first}..${choice.last}`;
  return choice === DEFAULT ? undefined : wordOf(choice);
}

/** The days of a choice on the day `today`. */
export function daysOf(choice: PeriodChoice, today: string): Period {
  return typeof choice === 'string' ? namedPeriod(choice, today) : choice;
}

/** Reads an interval's word: days if there is none, or what suits the period if it doesn't fit. */
export function readInterval(word: string | undefined, period: Period): Interval {
  const asked = (['HOUR', 'DAY', 'WEEK', 'MONTH'] as const).find((one) => wordOf(one) === word);
  const interval = asked ?? 'DAY';
  return fitsInterval(interval, period) ? interval : suggestedInterval(period);
}

/** The word of an interval; none for days. */
export function intervalWord(interval: Interval): string | undefined {
  return interval === 'DAY' ? undefined : wordOf(interval);
}

function wordOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function isDay(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text;
  } catch {
    return false;
  }
}
