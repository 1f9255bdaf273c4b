import { expect, test } from 'vitest';
import { today } from './today';

test.each([
  ['Europe/Rome', '2026-12-31T22:59:59Z', '2026-12-31'],
  ['Europe/Rome', '2026-12-31T23:00:00Z', '2027-01-01'],
  ['America/New_York', '2026-03-01T04:59:59Z', '2026-02-28'],
  ['Asia/Kolkata', '2026-03-08T18:30:00Z', '2026-03-09'],
])('in %s it is at %s the day %s', (timeZone, now, day) => {
  expect(today(timeZone, new Date(now))).toBe(day);
});
