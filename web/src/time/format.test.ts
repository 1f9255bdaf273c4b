import { expect, test } from 'vitest';
import { formatLastDay } from './format';

test.each([
  ['2026-12-31', '30 Dec 2026'],
  ['2027-01-01', '31 Dec 2026'],
  ['2028-03-01', '29 Feb 2028'],
])('credits that expire on %s can be used through %s', (expiresOn, last) => {
  expect(formatLastDay(expiresOn)).toBe(last);
});
