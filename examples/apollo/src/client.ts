import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable } from '@apollo/client';
import { OperationTypeNode, print } from 'graphql';
import { createClient, type RequestParams } from 'graphql-sse';
import { required } from './typing.js';

const url = `${required('MESSAGE_CREDITS_URL')}/graphql`;
const headers = { authorization: `Bearer ${required('API_KEY')}` };

const events = createClient({ url, headers });

/** Subscriptions arrive as server-sent events. */
const sse = new ApolloLink(
  ({ query, variables, operationName }) =>
    new Observable((observer) => {
      const request: RequestParams = { query: print(query), variables, operationName };
      return events.subscribe<Record<string, unknown>>(request, {
        next: (result) => observer.next(result as ApolloLink.Result),
        error: (error) => observer.error(error),
        complete: () => observer.complete(),
      });
    }),
);

export const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    sse,
    new HttpLink({ uri: url, headers }),
  ),
  // Balances and allocations have ids like all nodes, so it needs no setting.
  cache: new InMemoryCache(),
});
