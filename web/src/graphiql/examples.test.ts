import { readFileSync } from 'node:fs';
import { buildSchema, getOperationAST, getVariableValues, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { examples } from './examples';

const schema = buildSchema(
  readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'),
);

const month = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' };
const subjects = [
  { idempotencyKey: 'one', month },
  { idempotencyKey: 'one', month, accountId: 'acct_1', listId: 'list_1' },
];

test.each(subjects.flatMap(examples))('the schema accepts $query', ({ query, variables }) => {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const operation = getOperationAST(document);
  const sent = JSON.parse(JSON.stringify(variables));
  const declared = operation?.variableDefinitions ?? [];
  expect(getVariableValues(schema, declared, sent).errors).toBeUndefined();
  const names = declared.map((one) => one.variable.name.value);
  expect(names).toEqual(expect.arrayContaining(Object.keys(sent)));
});
