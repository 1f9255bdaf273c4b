// Server-sent events with the client graphql-sse, in its mode of distinct connections.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { bearer, grant, newAccount, post, revoke, url } from './api.mjs';

const BALANCE = 'subscription { balanceChanged { available } }';

const client = (key, counts = {}) =>
  createClient({
    url,
    headers: bearer(key),
    on: { connecting: () => (counts.connecting = (counts.connecting ?? 0) + 1) },
  });

const all = async (events) => {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
};

test('a subscription receives what changes, until its client leaves', async () => {
  const account = await newAccount('Events');
  const events = client(account.key).iterate({ query: BALANCE });
  const next = async () => (await events.next()).value;
  assert.deepEqual(await next(), { data: { balanceChanged: { available: '0' } } });
  await grant(account, '12.5');
  assert.deepEqual(await next(), { data: { balanceChanged: { available: '12.5' } } });
  await events.return();
});

test('a query and a mutation are answered with one result', async () => {
  const account = await newAccount('Results');
  const counts = {};
  const own = client(account.key, counts);
  const query = { query: 'query R($id: ID!) { account(id: $id) { name } }', variables: { id: account.id } };
  assert.deepEqual(await all(own.iterate(query)), [{ data: { account: { name: 'Results' } } }]);
  const mutation = 'mutation { updateAccount(input: { name: "Renamed" }) { account { name } } }';
  const renamed = { data: { updateAccount: { account: { name: 'Renamed' } } } };
  assert.deepEqual(await all(own.iterate({ query: mutation })), [renamed]);
  assert.equal(counts.connecting, 2);
});

test('an error is a result, and is not retried', async () => {
  const account = await newAccount('Errors');
  const sender = await account.newKey('SENDER');
  for (const [key, query, code] of [
    [account.key, '{', 'GRAPHQL_PARSE_FAILED'],
    [account.key, '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    [account.key, 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    [account.key, '', 'BAD_REQUEST'],
    [sender.key, 'subscription($id: ID!) { contactImportProgress(listId: $id) { __typename } }', 'FORBIDDEN'],
    ['mc_wrong', BALANCE, 'UNAUTHENTICATED'],
    [undefined, BALANCE, 'UNAUTHENTICATED'],
  ]) {
    const counts = {};
    const events = client(key, counts).iterate({ query, variables: { id: account.id } });
    const [answer, ...rest] = await all(events);
    assert.equal(answer.errors[0].extensions.code, code, JSON.stringify(answer));
    assert.deepEqual(rest, []);
    assert.equal(counts.connecting, 1, query);
  }
});

test('a revoked key is the last result', async () => {
  const account = await newAccount('Revoked');
  const member = await account.newKey('MEMBER');
  const counts = {};
  const events = client(member.key, counts).iterate({ query: BALANCE });
  await events.next();
  await revoke(member.id);
  const { value } = await events.next();
  assert.equal(value.errors[0].extensions.code, 'UNAUTHENTICATED');
  assert.equal((await events.next()).done, true);
  assert.equal(counts.connecting, 1);
});

test('a key has as many streams as it may have, and the rest are told to wait', async () => {
  const account = await newAccount('Many');
  const member = await account.newKey('MEMBER');
  const open = () => post({ query: BALANCE }, member.key, { accept: 'text/event-stream' });
  const held = [];
  let refused;
  while (!refused && held.length < 200) {
    const answer = await open();
    if (answer.status === 200) held.push(answer);
    else refused = answer;
  }
  assert.equal(held.length, 128);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal((await refused.json()).errors[0].extensions.code, 'RATE_LIMITED');
  await held.pop().body.cancel();
  // The server notices that a client has left when it writes to it, or is told by the connection.
  for (let tries = 0; ; tries += 1) {
    const again = await open();
    held.push(again);
    if (again.status === 200) break;
    assert.ok(tries < 200, 'no place becomes free');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await Promise.all(held.map((answer) => answer.body.cancel()));
});

test('a stream is neither compressed nor stored, and begins at once', async () => {
  const account = await newAccount('Plain');
  const headers = { accept: 'text/event-stream', 'accept-encoding': 'gzip' };
  const answer = await post({ query: BALANCE }, account.key, headers);
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(answer.headers.get('content-encoding'), null);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const reader = answer.body.getReader();
  let text = '';
  while (!text.includes('event: next')) text += new TextDecoder().decode((await reader.read()).value);
  assert.ok(text.startsWith(':\n\n'), text);
  await reader.cancel();
});

test('without its media type, a subscription is refused with a hint', async () => {
  const account = await newAccount('Hint');
  const answer = await post({ query: BALANCE }, account.key);
  assert.equal(answer.status, 400);
  const [error] = (await answer.json()).errors;
  assert.equal(error.extensions.code, 'SUBSCRIPTION_NOT_SUPPORTED');
  assert.match(error.message, /text\/event-stream/);
});
