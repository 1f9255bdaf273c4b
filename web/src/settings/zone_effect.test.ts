import { expect, test } from 'vitest';
import { zoneEffect } from './zone_effect';

const LOTS = [
  { remaining: '5000', expiresOn: '2026-12-31', expiresAt: '2026-12-30T23:00:00Z' },
  { remaining: '20.5', expiresOn: '2026-11-28', expiresAt: '2026-11-27T23:00:00Z' },
  { remaining: '9', expiresOn: null, expiresAt: null },
];

test('a zone further west leaves more time', () => {
  const effect = zoneEffect(LOTS, 'America/New_York', '2026-11-27T17:00:00Z');
  expect(effect.lost).toBeUndefined();
  expect(effect.next).toEqual({
    credits: '20.5',
    expiresOn: '2026-11-28',
    before: '2026-11-27T23:00:00Z',
    after: '2026-11-28T05:00:00Z',
  });
});

test('what expires at once in a zone further east is counted', () => {
  const effect = zoneEffect(LOTS, 'Asia/Tokyo', '2026-11-27T17:00:00Z');
  expect(effect.lost).toEqual({ lots: 1, credits: '20.5' });
  expect(effect.next?.after).toBe('2026-12-30T15:00:00Z');
});

test('credits that never expire are not affected', () => {
  expect(zoneEffect(LOTS.slice(2), 'Asia/Tokyo', '2026-11-27T17:00:00Z')).toEqual({
    lost: undefined,
    next: undefined,
  });
});
