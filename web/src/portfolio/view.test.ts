import { expect, test } from 'vitest';
import { readView, type View, viewHash } from './view';

const USUAL: View = { filter: 'all', order: 'runway', reversed: false, search: '' };

test.each<[string, Partial<View>]>([
  ['#/platform', {}],
  ['#/platform?show=runsOut', { filter: 'runsOut' }],
  ['#/platform?sort=name&direction=reverse', { order: 'name', reversed: true }],
  ['#/platform?search=caff%C3%A8+%26+co', { search: 'caffè & co' }],
  ['#/platform?show=nothing&sort=%3Cb%3E&direction=up&search=+', {}],
  [`#/platform?search=${'a'.repeat(300)}`, { search: 'a'.repeat(200) }],
])('the view of %s', (hash, view) => {
  expect(readView(hash)).toEqual({ ...USUAL, ...view });
});

test('readView reads the result of viewHash', () => {
  const view: View = { filter: 'expiring', order: 'activity', reversed: true, search: 'a?b#c=d' };
  expect(readView(viewHash(view))).toEqual(view);
  expect(viewHash(USUAL)).toBe('#/platform');
});
