// Apollo Client: what it makes of refusals, and persisted documents.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { bearer, newAccount, post, url } from './api.mjs';

const VIEWER = gql`query Viewer { viewer { role } }`;

const client = (key, links = [], options = {}) => {
  const http = new HttpLink({ uri: url, headers: bearer(key), ...options });
  return new ApolloClient({ link: ApolloLink.from([...links, http]), cache: new InMemoryCache() });
};

const code = async (asked) => {
  try {
    await asked;
  } catch (error) {
    assert.ok(CombinedGraphQLErrors.is(error), `${error.name}: ${error.message}`);
    return error.errors[0].extensions;
  }
  throw new Error('nothing was refused');
};

test('a key that does not work is a GraphQL error', async () => {
  assert.equal((await code(client('mc_wrong').query({ query: VIEWER }))).code, 'UNAUTHENTICATED');
  assert.equal((await code(client().query({ query: VIEWER }))).code, 'UNAUTHENTICATED');
});

test('a role that may not do something is told which may', async () => {
  const account = await newAccount('Roles');
  const sender = await account.newKey('SENDER');
  const mutation = gql`mutation { updateAccount(input: { name: "Mine" }) { account { name } } }`;
  const refused = await code(client(sender.key).mutate({ mutation }));
  assert.deepEqual(refused, { code: 'FORBIDDEN', roles: ['PLATFORM_ADMIN', 'OWNER'] });
});

test('401 has the media type that was asked for', async () => {
  for (const type of ['application/graphql-response+json', 'application/json']) {
    const answer = await post({ query: '{ viewer { role } }' }, 'mc_wrong', { accept: type });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('content-type'), `${type}; charset=utf-8`);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    const body = await answer.json();
    assert.equal(body.errors[0].extensions.code, 'UNAUTHENTICATED');
    assert.equal('data' in body, false);
  }
});

test('a document is registered once and then named by its hash', async () => {
  const account = await newAccount('Hashes');
  const sent = [];
  const watched = (input, init) => {
    sent.push(JSON.parse(init.body));
    return fetch(input, init);
  };
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const own = () => client(account.key, [new PersistedQueryLink({ sha256 })], { fetch: watched });
  // Other tests must not have registered it.
  const query = gql(`query Registered { viewer { role ${'x'.repeat(8)}: __typename } }`);
  const asked = async () => (await own().query({ query })).data.viewer.role;
  assert.equal(await asked(), 'OWNER');
  assert.deepEqual(sent.map((body) => 'query' in body), [false, true]);
  sent.length = 0;
  assert.equal(await asked(), 'OWNER');
  assert.deepEqual(sent.map((body) => 'query' in body), [false]);
});
