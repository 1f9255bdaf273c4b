import { expect, test } from 'vitest';
import { creditsOn, type Lot, measuredPaces, walk } from './walk';

test('credits that never expire go down to zero at the pace', () => {
  const line = walk([{ credits: 100 }], 'NON_EXPIRING_FIRST', 4, 40);
  expect(line.end).toBe(25);
  expect(creditsOn(line, 0)).toBe(100);
  expect(creditsOn(line, 10)).toBe(60);
  expect(creditsOn(line, 30)).toBe(0);
});

test('without a pace nothing runs out, and what expires is lost at once', () => {
  const lots: Lot[] = [{ credits: 100 }, { credits: 40, expiresIn: 10 }];
  const line = walk(lots, 'NON_EXPIRING_FIRST', 0, 40);
  expect(line.end).toBeUndefined();
  expect(creditsOn(line, 9)).toBe(140);
  expect(creditsOn(line, 10)).toBe(100);
  expect(creditsOn(line, 40)).toBe(100);
});

test('the order of the lots decides what is lost', () => {
  const lots: Lot[] = [{ credits: 100 }, { credits: 40, expiresIn: 10 }];
  // Of 50 that are used in ten days, the lot that expires pays all or nothing.
  expect(walk(lots, 'NON_EXPIRING_FIRST', 5, 60).end).toBe(20);
  expect(walk(lots, 'SOONEST_EXPIRY_FIRST', 5, 60).end).toBe(28);
});

test('when the last lot expires, nothing is left', () => {
  const line = walk([{ credits: 100, expiresIn: 10 }], 'NON_EXPIRING_FIRST', 1, 60);
  expect(line.end).toBe(10);
  expect(line.points.at(-1)).toEqual({ day: 60, credits: 0 });
});

test('the paces are those of thirty days each, as far as they were measured', () => {
  const used = [...Array(30).fill(3), ...Array(30).fill(9), ...Array(30).fill(6)];
  expect(measuredPaces(used, () => true)).toEqual({ fastest: 9, slowest: 3 });
  // The server's dates say that the first thirty days don't count.
  expect(measuredPaces(used, ({ slowest }) => slowest === 6)).toEqual({ fastest: 9, slowest: 6 });
  expect(measuredPaces([], () => false)).toEqual({ fastest: 0, slowest: 0 });
});
