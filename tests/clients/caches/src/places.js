// Connections that a page shows, and the mutations whose answers say what enters them and what
// leaves them.
// Here: the documents, with Relay's directives, which do all of it there. Not here: what the other
// clients do with the same answers.

/** relay-compiler reads the texts after this tag; the other clients get them without directives. */
const graphql = String.raw;

/** A document without what only relay-compiler and relay-runtime understand. */
export const bare = (text) =>
  text.replace(', $connections: [ID!]!', '').replace(/ @(connection|prependEdge|appendEdge|deleteEdge)\([^)]*\)/g, '');

export const page = graphql`
  query placesPageQuery($accountId: ID!, $listId: ID!) {
    account(id: $accountId) {
      id
      messages(first: 20) @connection(key: "places_messages") { edges { node { id status credits } } }
      lists(first: 20) @connection(key: "places_lists") { edges { node { id name } } }
      lots(first: 20) @connection(key: "places_lots") { edges { node { id granted } } }
      purchases(first: 20) @connection(key: "places_purchases") { edges { node { id status } } }
      apiKeys(first: 20) @connection(key: "places_apiKeys") { edges { node { id name } } }
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
        messageEdge @prependEdge(connections: $connections) { node { id status credits } }
        userErrors { message }
      }
    }
  `,
  scheduleMessage: graphql`
    mutation placesScheduleMessageMutation($input: ScheduleMessageInput!, $connections: [ID!]!) {
      scheduleMessage(input: $input) {
        messageEdge @prependEdge(connections: $connections) { node { id status credits } }
        userErrors { message }
      }
    }
  `,
  createContactList: graphql`
    mutation placesCreateContactListMutation($input: CreateContactListInput!, $connections: [ID!]!) {
      createContactList(input: $input) {
        listEdge @appendEdge(connections: $connections) { node { id name } }
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
  restoreContactList: graphql`
    mutation placesRestoreContactListMutation($input: RestoreContactListInput!, $connections: [ID!]!) {
      restoreContactList(input: $input) {
        listEdge @appendEdge(connections: $connections) { node { id name } }
        userErrors { message }
      }
    }
  `,
  grantCredits: graphql`
    mutation placesGrantCreditsMutation($input: GrantCreditsInput!, $connections: [ID!]!) {
      grantCredits(input: $input) {
        lotEdge @prependEdge(connections: $connections) { node { id granted } }
        userErrors { message }
      }
    }
  `,
  purchaseCredits: graphql`
    mutation placesPurchaseCreditsMutation($input: PurchaseCreditsInput!, $connections: [ID!]!) {
      purchaseCredits(input: $input) {
        purchaseEdge @prependEdge(connections: $connections) { node { id status } }
        userErrors { message }
      }
    }
  `,
  createApiKey: graphql`
    mutation placesCreateApiKeyMutation($input: CreateApiKeyInput!, $connections: [ID!]!) {
      createApiKey(input: $input) {
        apiKeyEdge @prependEdge(connections: $connections) { node { id name } }
        userErrors { message }
      }
    }
  `,
  rotateApiKey: graphql`
    mutation placesRotateApiKeyMutation($input: RotateApiKeyInput!, $connections: [ID!]!) {
      rotateApiKey(input: $input) {
        apiKeyEdge @prependEdge(connections: $connections) { node { id name } }
        userErrors { message }
      }
    }
  `,
  createCreditPackage: graphql`
    mutation placesCreateCreditPackageMutation($input: CreateCreditPackageInput!, $connections: [ID!]!) {
      createCreditPackage(input: $input) {
        packageEdge @appendEdge(connections: $connections) { node { id name } }
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
        contactEdges @prependEdge(connections: $connections) { node { id phoneNumber } }
        userErrors { message }
      }
    }
  `,
  reorderCreditPackages: graphql`
    mutation placesReorderCreditPackagesMutation($input: ReorderCreditPackagesInput!) {
      reorderCreditPackages(input: $input) {
        packages { id }
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
 * What each answer says: the connection and what it is of, and what enters it, leaves it or moves in
 * it. The newest messages, contacts, lots, purchases and keys are the first of theirs, the newest
 * lists the last, like the package with the most credits. Packages that moved have taken each
 * other's places.
 */
export const MOVES = {
  sendMessage: { of: 'account', field: 'messages', first: true, enter: ({ messageEdge }) => [messageEdge] },
  scheduleMessage: { of: 'account', field: 'messages', first: true, enter: ({ messageEdge }) => [messageEdge] },
  createContactList: { of: 'account', field: 'lists', enter: ({ listEdge }) => [listEdge] },
  archiveContactList: { of: 'account', field: 'lists', leave: ({ archivedListId }) => [archivedListId] },
  restoreContactList: { of: 'account', field: 'lists', enter: ({ listEdge }) => [listEdge] },
  grantCredits: { of: 'account', field: 'lots', first: true, enter: ({ lotEdge }) => [lotEdge] },
  purchaseCredits: { of: 'account', field: 'purchases', first: true, enter: ({ purchaseEdge }) => [purchaseEdge] },
  createApiKey: { of: 'account', field: 'apiKeys', first: true, enter: ({ apiKeyEdge }) => [apiKeyEdge] },
  rotateApiKey: { of: 'account', field: 'apiKeys', first: true, enter: ({ apiKeyEdge }) => [apiKeyEdge] },
  createCreditPackage: { of: 'query', field: 'creditPackages', enter: ({ packageEdge }) => [packageEdge] },
  archiveCreditPackage: { of: 'query', field: 'creditPackages', leave: (payload) => [payload.package.id] },
  reorderCreditPackages: { of: 'query', field: 'creditPackages', order: ({ packages }) => packages.map(({ id }) => id) },
  addContacts: { of: 'list', field: 'contacts', first: true, enter: ({ contactEdges }) => contactEdges },
  removeContacts: { of: 'list', field: 'contacts', leave: ({ removedContactIds }) => removedContactIds },
};

/**
 * The edges after a mutation: `id` is of the node that an edge shows, `edge` makes one of an edge of
 * the answer.
 */
export const moved = (shown, { first, enter, leave, order }, payload, { id, edge }) => {
  if (order) return reordered(shown, order(payload), id);
  const left = new Set(leave?.(payload));
  const rest = shown.filter((one) => !left.has(id(one)));
  const entered = (enter?.(payload) ?? []).map(edge);
  return first ? [...entered.reverse(), ...rest] : [...rest, ...entered];
};

/** The edges after some of them have taken each other's places. */
export const reordered = (shown, ids, id) => {
  const byId = new Map(shown.map((edge) => [id(edge), edge]));
  const moving = ids.filter((one) => byId.has(one));
  const places = new Set(moving);
  return shown.map((edge) => (places.has(id(edge)) ? byId.get(moving.shift()) : edge));
};
