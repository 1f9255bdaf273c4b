import { expect, test } from 'vitest';
import { signed } from './signed';

test.each([
  ['20', 0, '+20'],
  ['-1640', 1, '−1,640.0'],
  ['-260.6', 1, '−260.6'],
  ['0', 0, '0'],
  ['0', 2, '0.00'],
])('the change %s with %d digits is read as %s', (credits, digits, text) => {
  expect(signed(credits, digits)).toBe(text);
});
