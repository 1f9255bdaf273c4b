import { expect, test } from 'vitest';
import { keyState } from './state';

const NOW = Date.parse('2026-11-27T17:00:00Z');

test.each([
  [{}, 'WORKING'],
  [{ expiresAt: '2026-11-27T17:00:01Z' }, 'WORKING'],
  [{ expiresAt: '2026-11-27T17:00:00Z' }, 'EXPIRED'],
  [{ expiresAt: '2026-11-26T17:00:00Z', revokedAt: '2026-11-25T17:00:00Z' }, 'REVOKED'],
])('the state of %j', (key, state) => {
  expect(keyState(key, NOW)).toBe(state);
});
