import type { Interval } from '../generated/graphql';
import { LOCALES, language } from '../language/languages';

/* Dates and instants for display, in the page's language. */

/** Formats a date: "22 Nov 2026". */
export function formatDate(date: string): string {
  return formatWith(`${date}T00:00:00Z`, 'UTC', DATE);
}

/** Formats the days from one date to another: "1–27 October 2026". */
export function formatDays(first: string, last: string): string {
  const parts = formatterWith('UTC', { ...DATE, month: 'long' }).formatRangeToParts(
    new Date(`${first}T00:00:00Z`),
    new Date(`${last}T00:00:00Z`),
  );
  // Italian ranges begin with "01", unlike Italian dates.
  const texts = parts.map(({ type, value }) => (type === 'day' ? value.replace(/^0/, '') : value));
  return texts.join('');
}

/** Formats a date without its year if that is today's: "22 Nov", or "22 Oct 27". */
export function formatShortDay(date: string, today: string): string {
  const isThisYear = date.slice(0, 4) === today.slice(0, 4);
  return formatWith(`${date}T00:00:00Z`, 'UTC', {
    ...BUCKET.DAY,
    ...(!isThisYear && { year: '2-digit' }),
  });
}

/**
 * The last day on which credits can be used, "30 Dec 2026" if they expire on 31 December: they
 * expire when their expiration day begins.
 */
export function formatLastDay(expiresOn: string): string {
  const day = new Date(`${expiresOn}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - 1);
  return formatDate(day.toISOString().slice(0, 10));
}

/** Formats the month of a date: "November 2026". */
export function formatMonth(date: string): string {
  return formatWith(`${date}T00:00:00Z`, 'UTC', { month: 'long', year: 'numeric' });
}

/** The weekday of a date: "Mon". */
export function formatWeekday(date: string): string {
  return formatWith(`${date}T00:00:00Z`, 'UTC', { weekday: 'short' });
}

/** Formats an instant in the given time zone: "22 Nov 2026, 14:05". */
export function formatInstant(instant: string, timeZone: string): string {
  return formatWith(instant, timeZone, { ...DATE, hour: '2-digit', minute: '2-digit' });
}

/** The name of a report's bucket: its hour, its day, the first day of its week, or its month. */
export function formatBucket(start: string, interval: Interval, timeZone: string): string {
  return formatWith(start, timeZone, BUCKET[interval]);
}

const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric' };

const BUCKET: Record<Interval, Intl.DateTimeFormatOptions> = {
  HOUR: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  DAY: { day: 'numeric', month: 'short' },
  WEEK: { day: 'numeric', month: 'short' },
  MONTH: { month: 'short', year: 'numeric' },
};

function formatWith(
  instant: string,
  timeZone: string,
  options: Intl.DateTimeFormatOptions,
): string {
  return formatterWith(timeZone, options).format(new Date(instant));
}

function formatterWith(timeZone: string, options: Intl.DateTimeFormatOptions) {
  return new Intl.DateTimeFormat(LOCALES[language()], { ...options, timeZone });
}
