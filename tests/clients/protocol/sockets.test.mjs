// WebSockets with the client graphql-ws: what its close codes make it do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { bearer, grant, newAccount, revoke, url } from './api.mjs';

const BALANCE = 'subscription { balanceChanged { available } }';

const client = (key, counts = {}) =>
  createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: () => (key ? { Authorization: bearer(key).authorization } : {}),
    on: { connecting: () => (counts.connecting = (counts.connecting ?? 0) + 1) },
  });

test('a subscription receives what changes', async () => {
  const account = await newAccount('Sockets');
  const own = client(account.key);
  const events = own.iterate({ query: BALANCE });
  const next = async () => (await events.next()).value;
  assert.deepEqual(await next(), { data: { balanceChanged: { available: '0' } } });
  await grant(account, '3');
  assert.deepEqual(await next(), { data: { balanceChanged: { available: '3' } } });
  await events.return();
  await own.dispose();
});

test('a key that does not work closes with 4401, which is not retried', async () => {
  for (const key of ['mc_wrong', undefined]) {
    const counts = {};
    const own = client(key, counts);
    const events = own.iterate({ query: BALANCE });
    await assert.rejects(events.next(), (close) => close.code === 4401);
    assert.equal(counts.connecting, 1);
    await own.dispose();
  }
});

test('a revoked key closes with 4401, which is not retried', async () => {
  const account = await newAccount('Sockets');
  const member = await account.newKey('MEMBER');
  const counts = {};
  const own = client(member.key, counts);
  const events = own.iterate({ query: BALANCE });
  await events.next();
  await revoke(member.id);
  await assert.rejects(events.next(), (close) => close.code === 4401);
  assert.equal(counts.connecting, 1);
  await own.dispose();
});
