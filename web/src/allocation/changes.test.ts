import { expect, test } from 'vitest';
import { changeOf, monthlyAverage, taken, unassignedAfter, untouched } from './changes';

function list(assigned: string | null) {
  const mode = assigned === null ? 'SHARED' : 'LIMITED';
  return { id: 'list_1', name: 'One', allocation: { mode, assigned } } as const;
}

test.each([
  [null, false, '', 'none'],
  ['705', true, '705', 'none'],
  ['705', true, '1,500', ['705', '1500', '795']],
  ['705', true, '0', ['705', '0', '-705']],
  ['705', false, 'ignored', ['705', null, '-705']],
  [null, true, '300', [null, '300', '300']],
  // A limit of nothing isn't the same as none.
  [null, true, '0', [null, '0', '0']],
  [null, true, '1.500', 'unreadable'],
  [null, true, '', 'unreadable'],
] as const)('from %j, limited %j with "%s": %j', (assigned, limited, typed, expected) => {
  const change = changeOf({ list: list(assigned), limited, typed });
  if (typeof change === 'string') expect(change).toBe(expected);
  else expect([change.before, change.after, taken(change)]).toEqual(expected);
});

test('an untouched draft changes nothing', () => {
  for (const assigned of [null, '0', '705', '1.125']) {
    expect(changeOf(untouched(list(assigned)))).toBe('none');
  }
});

test('changes add up to what stays unassigned', () => {
  const changes = [
    { list: list('705'), before: '705', after: '1500' },
    { list: list(null), before: null, after: '0.5' },
    { list: list('20'), before: '20', after: null },
  ];
  expect(unassignedAfter('1000', changes)).toBe('224.5');
  expect(unassignedAfter('10', changes)).toBe('-765.5');
  expect(unassignedAfter('1000', [])).toBe('1000');
});

test.each([
  ['0', '0'],
  ['3', '1'],
  ['3.0001', '2'],
  ['9007199254740993', '3002399751580331'],
])('%s in three months are %s a month', (used, expected) => {
  expect(monthlyAverage(used, 3)).toBe(expected);
});
