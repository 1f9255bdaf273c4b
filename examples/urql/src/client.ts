import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient, type RequestParams } from 'graphql-sse';
import type { SendMutation } from './generated/graphql.js';
import { HOME } from './operations.js';
import { required } from './typing.js';

const url = `${required('MESSAGE_CREDITS_URL')}/graphql`;
const headers = { authorization: `Bearer ${required('API_KEY')}` };

const events = createClient({ url, headers });

/** Types without an id are parts of the object that they are selected of. */
const PARTS = ['Quote', 'Segmentation', 'Usage', 'Download', 'UserError'];

export const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers },
  exchanges: [
    cacheExchange({
      // Balances and allocations have ids like all nodes.
      keys: Object.fromEntries(PARTS.map((name) => [name, () => null])),
      updates: {
        Mutation: {
          // The message is the first of those that the page shows.
          sendMessage: ({ sendMessage }, _, cache) => {
            const edge = (sendMessage as SendMutation['sendMessage']).messageEdge;
            cache.updateQuery({ query: HOME }, (shown) => {
              if (edge) shown?.account?.messages.edges.unshift(edge);
              return shown;
            });
          },
        },
      },
    }),
    fetchExchange,
    // Subscriptions arrive as server-sent events.
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => {
          const request = { query: query ?? '', variables } as RequestParams;
          return { unsubscribe: events.subscribe(request, sink as never) };
        },
      }),
    }),
  ],
});
