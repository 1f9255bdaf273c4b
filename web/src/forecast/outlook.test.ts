import { expect, test } from 'vitest';
import { type Given, outlookOf } from './outlook';
import { creditsOn } from './walk';

const GIVEN: Given = {
  today: '2026-11-22',
  order: 'NON_EXPIRING_FIRST',
  lots: [{ remaining: '300', expiresOn: null }],
  usedInThirtyDays: '150',
  usedInMonthAYearAgo: '300',
  earliestRunsOutOn: '2026-12-22',
  latestRunsOutOn: '2027-01-21',
  // Two times thirty days at 10 and at 5 a day, and thirty before the account was opened.
  used: [...Array(30).fill('0'), ...Array(30).fill('10'), ...Array(30).fill('5')],
  held: '0',
  scheduled: [],
};

test('the lines end on the days that the server found', () => {
  const { usual, band, yearAgo, until } = outlookOf(GIVEN);
  expect(usual.end).toBe(60);
  expect(band?.fastest.end).toBe(30);
  expect(band?.slowest.end).toBe(60);
  expect(yearAgo?.end).toBe(30);
  expect(until).toBe(65);
});

test('a slow pace goes on beyond the drawing, which shows the near ends', () => {
  const lots = [{ remaining: '300', expiresOn: null }];
  const used = [...Array(60).fill('0.1'), ...Array(30).fill('5')];
  const { until, band } = outlookOf({ ...GIVEN, lots, used, latestRunsOutOn: null });
  expect(until).toBe(65);
  expect(band?.slowest.end).toBeUndefined();
});

test('an account without a pace has a level line and no band', () => {
  const none = { usedInThirtyDays: '0', usedInMonthAYearAgo: '0', used: [] };
  const dates = { earliestRunsOutOn: null, latestRunsOutOn: null };
  const { usual, band, yearAgo, held } = outlookOf({ ...GIVEN, ...none, ...dates });
  expect([band, yearAgo, held]).toEqual([undefined, undefined, undefined]);
  expect(creditsOn(usual, 30)).toBe(300);
});

test('what is held goes down on the days of the scheduled messages', () => {
  const scheduled = [
    { day: '2026-11-25', credits: '20' },
    { day: '2026-12-02', credits: '30' },
  ];
  const { held } = outlookOf({ ...GIVEN, held: '50', scheduled });
  expect(held && [0, 2, 3, 9, 10].map((day) => creditsOn(held, day))).toEqual([50, 50, 30, 30, 0]);
});
