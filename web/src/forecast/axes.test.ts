import { expect, test } from 'vitest';
import { dayAfter, dayMarks, daysUntil, firstOfMonth, roundStep } from './axes';

test.each([
  [100, 25],
  [90, 25],
  [3306, 1000],
  [0.4, 0.1],
  [0, 1],
])('the marks up to %s are %s apart', (most, step) => {
  expect(roundStep(most)).toBeCloseTo(step);
});

test('a short time has marks of days, a long one of months', () => {
  expect(dayMarks('2026-11-22', 30, 6)).toEqual({
    days: [0, 5, 10, 15, 20, 25, 30],
    months: false,
  });
  // The first of December, of March, of June and of September.
  expect(dayMarks('2026-11-22', 365, 5)).toEqual({ days: [9, 99, 191, 283], months: true });
  expect(dayMarks('2026-11-22', 730, 0).days.length).toBe(2);
});

test('days are counted across the end of summer time', () => {
  expect(daysUntil('2026-10-24', '2026-10-26')).toBe(2);
  expect(dayAfter('2026-12-31', 60.9)).toBe('2027-03-01');
  expect(firstOfMonth('2026-11-30', 3)).toBe('2027-02-01');
});
