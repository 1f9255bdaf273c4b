import { afterEach, expect, test } from 'vitest';
import { setLanguage } from '../language/languages';
import { formatDays, formatInstant, formatLastDay, formatMonth, formatShortDay } from './format';

afterEach(() => setLanguage('en'));

test.each([
  ['2026-12-31', '30 Dec 2026'],
  ['2027-01-01', '31 Dec 2026'],
  ['2028-03-01', '29 Feb 2028'],
])('credits that expire on %s can be used through %s', (expiresOn, last) => {
  expect(formatLastDay(expiresOn)).toBe(last);
});

test('a short day has its year if that is not today’s', () => {
  expect(formatShortDay('2026-12-09', '2026-11-28')).toBe('9 Dec');
  expect(formatShortDay('2027-10-23', '2026-11-28')).toBe('23 Oct 27');
  setLanguage('it');
  expect(formatShortDay('2027-10-23', '2026-11-28')).toBe('23 ott 27');
});

/** Whether there are spaces around the dash depends on the version of the locale's data. */
const shown = (first: string, last: string) => formatDays(first, last).replace(/\s*–\s*/, '–');

test('days are formatted together', () => {
  expect(shown('2026-10-01', '2026-10-27')).toBe('1–27 October 2026');
  expect(shown('2026-07-01', '2026-08-27')).toBe('1 July–27 August 2026');
  expect(shown('2026-10-01', '2026-10-01')).toBe('1 October 2026');
  setLanguage('it');
  expect(shown('2026-10-01', '2026-10-27')).toBe('1–27 ottobre 2026');
});

test('an Italian page has Italian dates', () => {
  setLanguage('it');
  expect(formatLastDay('2027-01-01')).toBe('31 dic 2026');
  expect(formatMonth('2026-11-01')).toBe('novembre 2026');
  expect(formatInstant('2026-11-22T13:05:00Z', 'Europe/Rome')).toBe('22 nov 2026, 14:05');
});
