import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { readSendAt } from './send_at';

const ROME = 'Europe/Rome';
const NOW = Temporal.Instant.from('2026-11-27T20:00:00Z');

const read = (day: string, time: string, zone = ROME) => readSendAt(day, time, zone, NOW);

test('a time is of the account’s zone, in summer and in winter', () => {
  expect(read('2026-12-04', '09:30')).toEqual({
    instant: '2026-12-04T08:30:00Z',
    repeated: false,
  });
  expect(read('2027-07-01', '09:30')).toEqual({ instant: '2027-07-01T07:30:00Z', repeated: false });
  expect(read('2026-11-28', '09:30', 'Asia/Kolkata')).toHaveProperty(
    'instant',
    '2026-11-28T04:00:00Z',
  );
});

test.each([
  ['2026-11-27', '21:00', 'past'],
  ['2026-11-27', '21:01', undefined],
  ['2028-11-27', '21:00', undefined],
  ['2028-11-27', '21:01', 'tooFar'],
  ['', '21:00', 'incomplete'],
  ['2026-12-04', '', 'incomplete'],
  ['2027-02-29', '09:00', 'incomplete'],
])('%s %s: %s', (day, time, kind) => {
  const at = read(day, time);
  expect('problem' in at ? at.problem.kind : undefined).toBe(kind);
});

test('a time over which the clocks are put forward is refused', () => {
  const problem = { kind: 'skipped', from: '02:00', to: '03:00' };
  expect(read('2027-03-28', '02:30')).toEqual({ problem });
  expect(read('2027-03-28', '02:00')).toEqual({ problem });
  expect(read('2027-03-28', '03:00')).toHaveProperty('instant', '2027-03-28T01:00:00Z');
  // Lord Howe Island puts its clocks forward by half an hour.
  expect(read('2027-10-03', '02:15', 'Australia/Lord_Howe')).toEqual({
    problem: { kind: 'skipped', from: '02:00', to: '02:30' },
  });
});

test('a time that comes twice is the first of the two', () => {
  expect(read('2027-10-31', '02:30')).toEqual({ instant: '2027-10-31T00:30:00Z', repeated: true });
});
