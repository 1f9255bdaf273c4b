// relay-runtime with the artefacts of relay-compiler, without React.
import { createRequire } from 'node:module';
import { MOVES, reordered } from './places.js';
import { authorization, send, url } from './server.js';

const {
  ConnectionHandler,
  Environment,
  Network,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getRequest,
} = createRequire(import.meta.url)('relay-runtime');

const artefact = async (name) => (await import(`./generated/${name}.graphql.js`)).default;

const connect = () =>
  new Environment({
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

/** A page that shows a query, whose mutations are of the same module. */
const opened = async (module, name, variables, { connections, updater } = {}) => {
  const environment = connect();
  const query = await artefact(`${module}${name}Query`);
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
      const mutation = await artefact(`${module}${name[0].toUpperCase()}${name.slice(1)}Mutation`);
      const data = await new Promise((resolve, reject) => {
        commitMutation(environment, {
          mutation,
          variables: connections ? { input, connections: [connections(name)] } : { input },
          updater: updater?.(name),
          onCompleted: (answer, errors) => (errors ? reject(errors) : resolve(answer)),
          onError: reject,
        });
      });
      return data[name];
    },
  };
};

export const relay = (variables) => opened('operations', 'Home', variables);

/**
 * The page of connections: the directives of its mutations place what an answer names, and an
 * updater brings it into another order, for which there is no directive.
 */
export const relayPlaces = ({ accountId, listId }) => {
  const owners = { account: accountId, list: listId, query: 'client:root' };
  const connections = (name) => {
    const { of, field } = MOVES[name];
    return ConnectionHandler.getConnectionID(owners[of], `places_${field}`);
  };
  const updater = (name) => {
    const { order } = MOVES[name];
    if (!order) return undefined;
    return (store, data) => {
      const connection = store.get(connections(name));
      const id = (edge) => edge.getLinkedRecord('node').getDataID();
      connection.setLinkedRecords(reordered(connection.getLinkedRecords('edges'), order(data[name]), id), 'edges');
    };
  };
  return opened('places', 'Page', { accountId, listId }, { connections, updater });
};
