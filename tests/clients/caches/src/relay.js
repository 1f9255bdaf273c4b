// relay-runtime with the artefacts of relay-compiler, without React.
import { createRequire } from 'node:module';
import { authorization, send, url } from './server.js';

const {
  Environment,
  Network,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getRequest,
} = createRequire(import.meta.url)('relay-runtime');

const artefact = async (name) => (await import(`./generated/operations${name}.graphql.js`)).default;

export const relay = async (variables) => {
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text, name }, variables) => {
      const response = await send(url, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ query: text, operationName: name, variables }),
      });
      return response.json();
    }),
  });
  const query = await artefact('HomeQuery');
  await fetchQuery(environment, query, variables).toPromise();
  const operation = createOperationDescriptor(getRequest(query), variables);
  // A page that shows a query keeps its records.
  environment.retain(operation);
  return {
    shown: () => {
      const { data, isMissingData } = environment.lookup(operation.fragment);
      return isMissingData ? undefined : data;
    },
    mutate: async (name, input) => {
      const mutation = await artefact(`${name[0].toUpperCase()}${name.slice(1)}Mutation`);
      const data = await new Promise((resolve, reject) => {
        commitMutation(environment, {
          mutation,
          variables: { input },
          onCompleted: (answer, errors) => (errors ? reject(errors) : resolve(answer)),
          onError: reject,
        });
      });
      return data[name];
    },
  };
};
