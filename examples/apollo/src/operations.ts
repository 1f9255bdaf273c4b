import { graphql } from './generated/index.js';

/** What the page shows at first, and what its other operations keep right. */
export const HOME = graphql(`
  query Home {
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
      messages(first: 5) {
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
`);

export const QUOTE = graphql(`
  query Quote($input: QuoteInput!) {
    quote(input: $input) {
      segmentation {
        segmentCount
      }
      credits
      sufficient
      shortfall
    }
  }
`);

/**
 * Its answer has all that the page shows of the account and its lists, and the edge of the message
 * for those that it shows.
 */
export const SEND = graphql(`
  mutation Send($input: SendMessageInput!) {
    sendMessage(input: $input) {
      messageEdge {
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
`);

export const BALANCE_CHANGED = graphql(`
  subscription BalanceChanged {
    balanceChanged {
      id
      available
      held
    }
  }
`);

export const USAGE = graphql(`
  query Usage($input: UsageReportInput!) {
    usageReport(input: $input) {
      id
      totals {
        messageCount
        recipientCount
        credits
      }
    }
  }
`);

/** Links work for 15 minutes: ask for one when it is needed, and don't cache it. */
export const DOWNLOAD = graphql(`
  query Download($input: UsageReportInput!) {
    usageReportDownload(input: $input, format: XLSX) {
      url
      fileName
    }
  }
`);
