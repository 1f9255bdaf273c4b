// relay-compiler reads these and writes an artefact of each. With babel-plugin-relay, as pages are
// built, the tags become imports of them; this program imports them itself.
import { graphql } from 'relay-runtime';

/** What the page shows at first, and what its other operations keep right. */
export const HOME = graphql`
  query operationsHomeQuery {
    account {
      id
      name
      balance {
        id
        available
        held
      }
      lists(first: 10) {
        nodes {
          id
          name
          recipientCount
          allocation {
            id
            available
          }
        }
      }
      messages(first: 5) @connection(key: "operations_messages") {
        edges {
          node {
            id
            status
            credits
          }
        }
      }
    }
  }
`;

export const QUOTE = graphql`
  query operationsQuoteQuery($input: QuoteInput!) {
    quote(input: $input) {
      segmentation {
        segmentCount
      }
      credits
      sufficient
      shortfall
    }
  }
`;

/**
 * Its answer has all that the page shows of the account and its lists, and the directive puts the
 * message at the head of those that the page shows.
 */
export const SEND = graphql`
  mutation operationsSendMutation($input: SendMessageInput!, $connections: [ID!]!) {
    sendMessage(input: $input) {
      messageEdge @prependEdge(connections: $connections) {
        node {
          id
          status
          credits
          list {
            id
            allocation {
              id
              available
            }
          }
        }
      }
      balance {
        id
        available
        held
        sharedLists(first: 10) {
          nodes {
            id
            allocation {
              id
              available
            }
          }
        }
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`;

export const BALANCE_CHANGED = graphql`
  subscription operationsBalanceChangedSubscription {
    balanceChanged {
      id
      available
      held
    }
  }
`;

export const USAGE = graphql`
  query operationsUsageQuery($input: UsageReportInput!) {
    usageReport(input: $input) {
      id
      totals {
        messageCount
        recipientCount
        credits
      }
    }
  }
`;

/** Links work for 15 minutes: ask for one when it is needed, and don't cache it. */
export const DOWNLOAD = graphql`
  query operationsDownloadQuery($input: UsageReportInput!) {
    usageReportDownload(input: $input, format: XLSX) {
      url
      fileName
    }
  }
`;
