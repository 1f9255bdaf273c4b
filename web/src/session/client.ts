import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSocket } from 'graphql-ws';

/** A GraphQL client for this server with the given key, whose texts are in this language. */
export function createClient(apiKey: string, language: string): Client {
  const authorization = `Bearer ${apiKey}`;
  // The server accepts forms with files only with this header, which another site's page can't set.
  const headers = {
    Authorization: authorization,
    'GraphQL-Require-Preflight': '1',
    // The page's language may differ from the browser's.
    'Accept-Language': language,
  };
  const socket = createSocket({
    url: new URL('/graphql', location.href.replace(/^http/, 'ws')).href,
    connectionParams: { Authorization: authorization },
    // A restarting server is back within seconds; after that a reload is the honest way.
    retryAttempts: 8,
  });
  return new Client({
    url: '/graphql',
    // Message texts and search terms don't belong in URLs, which proxies log.
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
