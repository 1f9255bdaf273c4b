import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSocket } from 'graphql-ws';

/** A GraphQL client for this server, asking with the given key. */
export function createClient(apiKey: string): Client {
  const authorization = `Bearer ${apiKey}`;
  // Forms with files are taken with this header only: no other site's page can send it.
  const headers = { Authorization: authorization, 'GraphQL-Require-Preflight': '1' };
  const socket = createSocket({
    url: new URL('/graphql', location.href.replace(/^http/, 'ws')).href,
    connectionParams: { Authorization: authorization },
    // A server that restarts is back within seconds; beyond that a reload is the honest way.
    retryAttempts: 8,
  });
  return new Client({
    url: '/graphql',
    // Message texts and search words don't belong in addresses, which proxies log.
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (operation) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ ...operation, query: operation.query ?? '' }, sink),
          }),
        }),
      }),
    ],
  });
}
