// What every test needs: the server, and an account of its own.
// Here: plain requests. Not here: the clients under test.
import assert from 'node:assert/strict';

export const base = process.env.MESSAGE_CREDITS_URL;
export const url = `${base}/graphql`;
const adminKey = process.env.ADMIN_KEY;

export const bearer = (key) => (key ? { authorization: `Bearer ${key}` } : {});

export const post = (body, key, headers = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key), ...headers },
    body: JSON.stringify(body),
  });

/** The data of an operation that has no errors. */
export const ask = async (query, variables, key = adminKey) => {
  const answer = await (await post({ query, variables }, key)).json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data;
};

const done = async (field, input, selection, key) => {
  const type = field[0].toUpperCase() + field.slice(1);
  const text = `mutation($input: ${type}Input!) {
    ${field}(input: $input) { ${selection} userErrors { message } } }`;
  const { [field]: payload } = await ask(text, { input }, key);
  assert.deepEqual(payload.userErrors, []);
  return payload;
};

export const newAccount = async (name) => {
  const { account } = await done('createAccount', { name }, 'account { id }');
  const newKey = async (role) => {
    const input = { accountId: account.id, role, name: role };
    const made = await done('createApiKey', input, 'secret id');
    return { key: made.secret, id: made.id };
  };
  return { id: account.id, key: (await newKey('OWNER')).key, newKey };
};

export const grant = (account, credits) =>
  done('grantCredits', { accountId: account.id, credits, note: 'A gift', idempotencyKey: crypto.randomUUID() }, '__typename');

export const revoke = (keyId) => done('revokeApiKey', { id: keyId }, '__typename');
