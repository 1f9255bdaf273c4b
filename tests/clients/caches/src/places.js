// Connections that a page shows, and the mutations whose answers say what enters them and what
// leaves them.
// Here: the documents, with Relay's directives, which do all of it there. Not here: what the other
// clients do with the same answers.

/** relay-compiler reads the texts after this tag; the other clients get them without directives. */
const graphql = String.raw;

/** A document without what only relay-compiler and relay-runtime understand. */
export const bare = (text) =>
  text.replace(', $connections: [ID!]!', '').replace(/ @(connection|prependNode|appendNode|deleteEdge)\([^)]*\)/g, '');

export const page = graphql`
  query placesPageQuery($accountId: ID!, $listId: ID!) {
    account(id: $accountId) {
      id
      messages(first: 20) @connection(key: "places_messages") { edges { node { id status credits } } }
      lists(first: 20) @connection(key: "places_lists") { edges { node { id name } } }
    }
    list: node(id: $listId) {
      id
      ... on ContactList {
        contacts(first: 20) @connection(key: "places_contacts") { edges { node { id phoneNumber } } }
      }
    }
    creditPackages(first: 500) @connection(key: "places_creditPackages") { edges { node { id name } } }
  }
`;

export const mutations = {
  sendMessage: graphql`
    mutation placesSendMessageMutation($input: SendMessageInput!, $connections: [ID!]!) {
      sendMessage(input: $input) {
        message @prependNode(connections: $connections, edgeTypeName: "MessageEdge") { id status credits }
        userErrors { message }
      }
    }
  `,
  createContactList: graphql`
    mutation placesCreateContactListMutation($input: CreateContactListInput!, $connections: [ID!]!) {
      createContactList(input: $input) {
        list @appendNode(connections: $connections, edgeTypeName: "ContactListEdge") { id name }
        userErrors { message }
      }
    }
  `,
  archiveContactList: graphql`
    mutation placesArchiveContactListMutation($input: ArchiveContactListInput!, $connections: [ID!]!) {
      archiveContactList(input: $input) {
        archivedListId @deleteEdge(connections: $connections)
        userErrors { message }
      }
    }
  `,
  createCreditPackage: graphql`
    mutation placesCreateCreditPackageMutation($input: CreateCreditPackageInput!, $connections: [ID!]!) {
      createCreditPackage(input: $input) {
        package @appendNode(connections: $connections, edgeTypeName: "CreditPackageEdge") { id name }
        userErrors { message }
      }
    }
  `,
  archiveCreditPackage: graphql`
    mutation placesArchiveCreditPackageMutation($input: ArchiveCreditPackageInput!, $connections: [ID!]!) {
      archiveCreditPackage(input: $input) {
        package { id @deleteEdge(connections: $connections) archived }
        userErrors { message }
      }
    }
  `,
  addContacts: graphql`
    mutation placesAddContactsMutation($input: AddContactsInput!, $connections: [ID!]!) {
      addContacts(input: $input) {
        contacts @prependNode(connections: $connections, edgeTypeName: "ContactEdge") { id phoneNumber }
        userErrors { message }
      }
    }
  `,
  removeContacts: graphql`
    mutation placesRemoveContactsMutation($input: RemoveContactsInput!, $connections: [ID!]!) {
      removeContacts(input: $input) {
        removedContactIds @deleteEdge(connections: $connections)
        userErrors { message }
      }
    }
  `,
};

/**
 * What each answer says: the connection and what it is of, the type of its edges, and what enters it
 * or leaves it. The newest messages and contacts are the first of theirs, the newest lists the last,
 * like the package with the most credits.
 */
export const MOVES = {
  sendMessage: { of: 'account', field: 'messages', edge: 'MessageEdge', first: true, enter: ({ message }) => [message] },
  createContactList: { of: 'account', field: 'lists', edge: 'ContactListEdge', enter: ({ list }) => [list] },
  archiveContactList: { of: 'account', field: 'lists', leave: ({ archivedListId }) => [archivedListId] },
  createCreditPackage: { of: 'query', field: 'creditPackages', edge: 'CreditPackageEdge', enter: (payload) => [payload.package] },
  archiveCreditPackage: { of: 'query', field: 'creditPackages', leave: (payload) => [payload.package.id] },
  addContacts: { of: 'list', field: 'contacts', edge: 'ContactEdge', first: true, enter: ({ contacts }) => contacts },
  removeContacts: { of: 'list', field: 'contacts', leave: ({ removedContactIds }) => removedContactIds },
};

/** The edges after a mutation: `id` is of the node that an edge shows, `edge` makes one of a node. */
export const moved = (shown, { first, enter, leave }, payload, { id, edge }) => {
  const left = new Set(leave?.(payload));
  const rest = shown.filter((one) => !left.has(id(one)));
  const entered = (enter?.(payload) ?? []).map(edge);
  return first ? [...entered.reverse(), ...rest] : [...rest, ...entered];
};
