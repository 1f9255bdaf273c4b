// Breaking changes of the API are in the changelog, by their coordinates.
// Here: the comparison of schema.graphql with the last release's schema, released.graphql, and tests
// of the comparison itself. Not here: whether the code prints schema.graphql.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildSchema, findBreakingChanges, parse, print, visit } from 'graphql';

/** The forms of graphql-js's descriptions, and the coordinate of what each is about. */
const FORMS = [
  [/^A required field (\w+) on input type (\w+) was added/, '$2.$1'],
  [/^A required arg (\w+) on directive (\w+) was added/, '@$2($1:)'],
  [/^A required arg (\w+) on (\w+\.\w+) was added/, '$2($1:)'],
  [/^(\w+\.\w+) arg (\w+) (?:was removed|has changed type)/, '$1($2:)'],
  [/^(\w+\.\w+) (?:was removed|changed type)/, '$1'],
  [/^(\w+) was removed from enum type (\w+)/, '$2.$1'],
  [/^(\w+) was removed from union type (\w+)/, '$2'],
  [/^(\w+) no longer implements interface (\w+)/, '$1'],
  [/^(?:Standard scalar )?(\w+) (?:was removed(?:\.| because)|changed from)/, '$1'],
];

const coordinate = ({ type, description }) => {
  const form = FORMS.find(([pattern]) => pattern.test(description));
  // Changes of directives, of which the API has none of its own, are listed in full.
  if (!form || type.startsWith('DIRECTIVE')) return description;
  const [pattern, replacement] = form;
  return description.match(pattern)[0].replace(pattern, replacement);
};

/** What is listed under "Breaking changes" of the changelog's "Unreleased", between backticks. */
const listed = (changelog) => {
  const unreleased = changelog.split(/^## /m).find((section) => section.startsWith('Unreleased')) ?? '';
  const [, section = ''] = unreleased.split(/^### Breaking changes$/m);
  const [breaking] = section.split(/^### /m);
  return new Set([...breaking.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
};

/** The breaking changes between two schemas that a changelog doesn't list. */
const unlisted = (released, present, changelog) => {
  const names = listed(changelog);
  return findBreakingChanges(buildSchema(released), buildSchema(present))
    .map((change) => ({ name: coordinate(change), description: change.description }))
    .filter(({ name }) => !names.has(name));
};

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const RELEASED = read('released.graphql');
const PRESENT = read('../../../schema.graphql');
const CHANGELOG = read('../../../CHANGELOG.md');

test('every breaking change since the last release is listed in CHANGELOG.md', () => {
  const missing = unlisted(RELEASED, PRESENT, CHANGELOG).map(
    ({ name, description }) => `- \`${name}\`: ${description}`,
  );
  const remedy = 'Keep what clients use, or list under "Breaking changes" in CHANGELOG.md:';
  assert.equal(missing.length, 0, [remedy, ...missing].join('\n'));
});

const BREAKING = (lines) => `# Changelog\n\n## Unreleased\n\n### Breaking changes\n\n${lines}\n\n`;

/** A schema without one of its fields. */
const without = (schema, type, field) =>
  print(
    visit(parse(schema), {
      ObjectTypeDefinition: ({ name }) => (name.value === type ? undefined : false),
      FieldDefinition: ({ name }) => (name.value === field ? null : undefined),
    }),
  );

test('a removed field of the real schema is reported by its coordinate', () => {
  const present = without(PRESENT, 'Message', 'text');
  const names = (changelog) => unlisted(PRESENT, present, changelog).map(({ name }) => name);
  assert.deepEqual(names(BREAKING('None.')), ['Message.text']);
  assert.deepEqual(names(BREAKING('- `Message.text`: ask `Message.summary`.')), []);
  // The list of an earlier version doesn't count, nor does another list of this one.
  const earlier = `# Changelog\n\n## Unreleased\n\n### Added\n\n- \`Message.text\`\n\n`;
  const changelog = `${earlier}## 0.1.0\n\n### Breaking changes\n\n- \`Message.text\`\n`;
  assert.deepEqual(names(changelog), ['Message.text']);
});

test('every kind of breaking change has a coordinate', () => {
  const before = `
    interface Node { id: ID! }
    interface Named { name: String }
    type Query { list(first: Int, after: String): Thing, price: String!, found: Found, mode: Mode }
    type Thing implements Node & Named { id: ID!, name: String }
    type Other { id: ID! }
    type Gone { id: ID! }
    union Found = Thing | Other
    enum Mode { ON OFF }
    input Change { name: String }
    scalar Odd
    type Uses { gone: Gone, odd: Odd, change(input: Change): Int }
  `;
  const after = `
    interface Node { id: ID! }
    interface Named { name: String }
    type Query { list(first: String, size: Int!): Thing, price: String, found: Found, mode: Mode }
    type Thing implements Node { id: ID!, name: String }
    type Other { id: ID! }
    union Found = Thing
    enum Mode { ON }
    input Change { name: String, why: String! }
    type Odd { id: ID }
    type Uses { odd: Odd, change(input: Change): Int }
  `;
  const names = unlisted(before, after, BREAKING('None.')).map(({ name }) => name);
  assert.deepEqual(names.sort(), [
    'Change.why',
    'Found',
    'Gone',
    'Mode.OFF',
    'Odd',
    'Query.list(after:)',
    'Query.list(first:)',
    'Query.list(size:)',
    'Query.price',
    'Thing',
    'Uses.gone',
  ]);
});
