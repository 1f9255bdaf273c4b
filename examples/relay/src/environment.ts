import { createClient, type RequestParams } from 'graphql-sse';
import relay, { type GraphQLResponse } from 'relay-runtime';
import { required } from './typing.js';

const { Environment, Network, Observable, RecordSource, Store } = relay;

const url = `${required('MESSAGE_CREDITS_URL')}/graphql`;
const headers = { authorization: `Bearer ${required('API_KEY')}` };

const events = createClient({ url, headers });

export const environment = new Environment({
  // Balances and allocations have ids like all nodes.
  store: new Store(new RecordSource()),
  network: Network.create(
    // The request is aborted once nobody subscribes to it.
    ({ text, name }, variables) =>
      Observable.create<GraphQLResponse>((sink) => {
        const asking = new AbortController();
        fetch(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ query: text, operationName: name, variables }),
          signal: asking.signal,
        })
          .then((response) => response.json())
          .then((answer) => {
            sink.next(answer as GraphQLResponse);
            sink.complete();
          })
          .catch((error: Error) => asking.signal.aborted || sink.error(error));
        return () => asking.abort();
      }),
    // Subscriptions arrive as server-sent events.
    ({ text, name }, variables) =>
      Observable.create<GraphQLResponse>((sink) => {
        const request: RequestParams = { query: text ?? '', operationName: name, variables };
        return events.subscribe(request, sink as never);
      }),
  ),
});
