import { expect, test } from 'vitest';
import { PLATFORM_PARTS, parsePlatform, parseRoute, platformHash, routeHash } from './route';

test.each([
  ['', { account: undefined, tab: 'credits' }],
  ['#account=acct_01&tab=usage', { account: 'acct_01', tab: 'usage' }],
  [
    '#tab=usage&period=last-month&by=week',
    { account: undefined, tab: 'usage', period: 'last-month', by: 'week' },
  ],
  [
    '#tab=usage&list=list_01&country=IT&channel=sms',
    { account: undefined, tab: 'usage', list: 'list_01', country: 'IT', channel: 'sms' },
  ],
  [
    '#tab=messages&month=2026-12&day=2026-12-04&message=msg_01',
    {
      account: undefined,
      tab: 'messages',
      month: '2026-12',
      day: '2026-12-04',
      message: 'msg_01',
    },
  ],
  ['#tab=history&kind=grant', { account: undefined, tab: 'history', kind: 'grant' }],
  [
    '#tab=history&kind=grant&period=last-month',
    { account: undefined, tab: 'history', kind: 'grant', period: 'last-month' },
  ],
  ['#period=last-month&by=week', { account: undefined, tab: 'credits' }],
  ['#tab=nowhere', { account: undefined, tab: 'credits' }],
  ['#account=a%26b', { account: 'a&b', tab: 'credits' }],
])('parseRoute(%s)', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test('parseRoute reads the result of routeHash', () => {
  for (const route of [
    { account: 'a&b=c', tab: 'packages' },
    { account: 'a', tab: 'usage', period: '2026-11-01..2026-11-30', by: 'hour' },
    { account: 'a', tab: 'usage', list: 'list_01', country: 'IT', channel: 'mms' },
  ] as const) {
    expect(parseRoute(routeHash(route))).toEqual(route);
  }
});

test.each([
  ['#/platform', 'accounts'],
  ['#/platform/', 'accounts'],
  ['#/platform/nowhere', 'accounts'],
  ['#/platform?sort=name', 'accounts'],
  ['#/platform/packages?sort=name', 'packages'],
  ['#/platforms', undefined],
  ['#account=acct_01', undefined],
  ['', undefined],
])('parsePlatform(%s)', (hash, part) => {
  expect(parsePlatform(hash)).toBe(part);
});

test('parsePlatform reads the result of platformHash', () => {
  for (const part of PLATFORM_PARTS) expect(parsePlatform(platformHash(part))).toBe(part);
});
