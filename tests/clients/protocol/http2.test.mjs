// HTTP/2 without TLS, as a proxy speaks it: many requests and event streams on one connection.
import assert from 'node:assert/strict';
import { connect, constants } from 'node:http2';
import { test } from 'node:test';
import { base, bearer, grant, newAccount } from './api.mjs';

const ask = (session, key, query, accept = 'application/json') => {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/graphql',
    'content-type': 'application/json',
    accept,
    ...bearer(key),
  });
  stream.end(JSON.stringify({ query }));
  stream.setEncoding('utf8');
  return stream;
};

const answer = async (stream) => {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return JSON.parse(text);
};

const until = async (stream, expected) => {
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    if (text.includes(expected)) return;
  }
  throw new Error(`the stream ended with ${text}`);
};

test('many requests and streams share one connection', async () => {
  const account = await newAccount('Streams');
  const session = connect(base);
  const streams = Array.from({ length: 20 }, () =>
    ask(session, account.key, 'subscription { balanceChanged { available } }', 'text/event-stream'),
  );
  const opened = streams.map((stream) => stream.iterator({ destroyOnReturn: false }));
  await Promise.all(opened.map((events) => until(events, '"available":"0"')));
  const queries = Array.from({ length: 50 }, () => answer(ask(session, account.key, '{ viewer { role } }')));
  for (const { data } of await Promise.all(queries)) assert.deepEqual(data, { viewer: { role: 'OWNER' } });
  await grant(account, '7');
  const changed = streams.map((stream) => stream.iterator({ destroyOnReturn: false }));
  await Promise.all(changed.map((events) => until(events, '"available":"7"')));
  for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
  session.close();
});

test('a request that is cancelled leaves the connection as it was', async () => {
  const account = await newAccount('Cancelled');
  const session = connect(base);
  for (let round = 0; round < 10; round += 1) {
    const stream = ask(session, account.key, '{ viewer { role } }');
    stream.on('error', () => {});
    stream.close(constants.NGHTTP2_CANCEL);
  }
  const { data } = await answer(ask(session, account.key, '{ viewer { role } }'));
  assert.deepEqual(data, { viewer: { role: 'OWNER' } });
  session.close();
});
