import { expect, test } from 'vitest';
import { parseRoute, routeHash } from './route';

test.each([
  ['', { account: undefined, tab: 'credits' }],
  ['#account=acct_01&tab=usage', { account: 'acct_01', tab: 'usage' }],
  ['#tab=nowhere', { account: undefined, tab: 'credits' }],
  ['#account=a%26b', { account: 'a&b', tab: 'credits' }],
])('parseRoute(%s)', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test('parseRoute reads the result of routeHash', () => {
  const route = { account: 'a&b=c', tab: 'packages' } as const;
  expect(parseRoute(routeHash(route))).toEqual(route);
});
