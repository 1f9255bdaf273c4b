// Requests without a cache, and what the clients send through.
import assert from 'node:assert/strict';

export const url = `${process.env.MESSAGE_CREDITS_URL}/graphql`;
export const authorization = `Bearer ${process.env.ADMIN_KEY}`;

/** What the clients under test have sent, since it was last emptied. */
export const sent = [];

/** What they send with. */
export const send = (input, options) => {
  sent.push(options.body);
  return fetch(input, options);
};

/** The data of an operation that has no errors. */
export const ask = async (query, variables = {}) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
};

/** Runs a mutation that nothing refuses, and returns the field that is selected of its payload. */
export const done = async (field, input, selection) => {
  const type = field[0].toUpperCase() + field.slice(1);
  const text = `mutation($input: ${type}Input!) {
    ${field}(input: $input) { ${selection} userErrors { field message } } }`;
  const { [field]: payload } = await ask(text, { input });
  assert.deepEqual(payload.userErrors, []);
  return payload;
};
