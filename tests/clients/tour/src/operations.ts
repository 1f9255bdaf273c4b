import { graphql } from './generated/index.js';

export const PUBLISH_RATE_CARD = graphql(`
  mutation PublishRateCard($input: PublishRateCardInput!) {
    publishRateCard(input: $input) {
      rateCard {
        id
        version
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const CREATE_ACCOUNT = graphql(`
  mutation CreateAccount($input: CreateAccountInput!) {
    createAccount(input: $input) {
      account {
        id
        timeZone
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const CREATE_API_KEY = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      id
      secret
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const CREATE_PACKAGE = graphql(`
  mutation CreateCreditPackage($input: CreateCreditPackageInput!) {
    createCreditPackage(input: $input) {
      package {
        id
        credits
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const ARCHIVE_PACKAGE = graphql(`
  mutation ArchiveCreditPackage($input: ArchiveCreditPackageInput!) {
    archiveCreditPackage(input: $input) {
      package {
        archived
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const CREATE_LIST = graphql(`
  mutation CreateContactList($input: CreateContactListInput!) {
    createContactList(input: $input) {
      list {
        id
        recipientCount
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const VIEWER = graphql(`
  query Viewer {
    viewer {
      role
      accounts(first: 2) {
        nodes {
          id
        }
      }
    }
  }
`);

export const ACCOUNT = graphql(`
  query Account($id: ID!) {
    account(id: $id) {
      id
      balance {
        total
        held
        available
        assigned
        unassigned
        value {
          amount
          currencyCode
        }
        nextExpiry {
          credits
          expiresOn
        }
      }
      lots(first: 10) {
        nodes {
          source
          granted
          remaining
          expiresOn
          state
        }
      }
      purchases(first: 10) {
        nodes {
          id
          status
          confirmationUrl
        }
      }
    }
  }
`);

export const QUOTE = graphql(`
  query Quote($input: QuoteInput!) {
    quote(input: $input) {
      segmentation {
        channel
        encoding
        segmentCount
      }
      recipientCount
      unsupportedRecipientCount
      credits
      cost {
        amount
        currencyCode
      }
      available
      sufficient
      shortfall
      suggestedPackage {
        id
      }
    }
  }
`);

export const PURCHASE = graphql(`
  mutation PurchaseCredits($input: PurchaseCreditsInput!) {
    purchaseCredits(input: $input) {
      purchase {
        id
        status
        credits
        confirmationUrl
        createdAt
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const ALLOCATE = graphql(`
  mutation AllocateCredits($input: AllocateCreditsInput!) {
    allocateCredits(input: $input) {
      lists {
        id
        allocation {
          mode
          assigned
          available
          held
        }
      }
      balance {
        available
        assigned
        unassigned
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const SCHEDULE = graphql(`
  mutation ScheduleMessage($input: ScheduleMessageInput!) {
    scheduleMessage(input: $input) {
      message {
        id
        status
        credits
      }
      balance {
        total
        held
        available
        assigned
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const SEND = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      message {
        id
        status
        credits
        recipientCount
        segmentCount
        sentAt
      }
      balance {
        total
        held
        available
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const USAGE = graphql(`
  query UsageReport($input: UsageReportInput!) {
    usageReport(input: $input) {
      totals {
        messageCount
        recipientCount
        segmentCount
        credits
        cost {
          amount
          currencyCode
        }
      }
      buckets {
        usage {
          credits
        }
      }
      lists(first: 10) {
        list {
          id
        }
        usage {
          credits
        }
      }
      countries {
        countryCode
        usage {
          credits
        }
      }
    }
    usageReportDownload(input: $input, format: XLSX) {
      url
      fileName
    }
  }
`);
