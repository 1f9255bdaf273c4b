import { useMemo } from 'react';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { QuoteQuery } from '../generated/graphql';
import type { Permissions } from '../session/permissions';
import { type Draft, mediaOf } from './draft';

const QUOTE = graphql(`
  query Quote(
    $input: QuoteInput!
    $accountId: ID!
    $listId: ID!
    $hasList: Boolean!
    $texts: Boolean!
  ) {
    quote(input: $input) {
      recipientCount
      unsupportedRecipientCount
      duplicateRecipients
      credits
      cost {
        amount
        currencyCode
      }
      smartEncodingSaves
      sufficient
      distribution {
        segmentCount
        recipientCount
      }
      warnings {
        offset
        tag
        message
      }
      lines {
        countryCode
        recipientCount
        segmentCount
        creditsPerSegment
        credits
      }
      ...Sufficiency
      ...MergeFields
      ...QuotedSegments
    }
    account(id: $accountId) {
      id
      balance {
        unassigned
      }
    }
    node(id: $listId) @include(if: $hasList) {
      __typename
      ... on ContactList {
        id
        name
        recipientCount
        allocation {
          mode
          assigned
        }
      }
    }
  }
`);

/** Who is to get a message. */
export type Audience = { listId: string } | { recipients: string[] };

/** Nothing is asked for it. */
const NOBODY: Audience = { recipients: [] };

export type Quote = QuoteQuery['quote'];

interface Asked {
  accountId: string;
  /** Nothing is quoted without one. */
  audience: Audience | undefined;
  /** Whether numbers of landlines are taken. */
  acceptLandlines?: boolean;
  draft: Draft;
  can: Permissions;
  changes: number;
}

/** What a draft would cost if it were sent now. */
export function useQuote(asked: Asked) {
  const { accountId, audience, acceptLandlines = false, draft, can, changes } = asked;
  const variables = useMemo(() => {
    const listId = audience && 'listId' in audience ? audience.listId : undefined;
    return {
      input: {
        accountId,
        audience: audience ?? NOBODY,
        acceptLandlines,
        text: draft.text,
        media: mediaOf(draft),
        smartEncoding: draft.smartEncoding,
      },
      accountId,
      listId: listId ?? '',
      hasList: listId !== undefined,
      // A sending service's key may not read its contacts' texts.
      texts: can.report,
    };
  }, [accountId, audience, acceptLandlines, draft, can.report]);
  const [{ data, error, fetching, stale }, ask] = useQuery({
    query: QUOTE,
    variables,
    pause: !audience,
    // The credits available to the list change with every message.
    requestPolicy: 'cache-and-network',
  });
  useRefreshOn(changes, ask);
  const { input } = variables;
  return {
    input,
    data: audience && data,
    error: audience && error,
    fetching: fetching || stale,
    ask,
  };
}

export type QuoteAnswer = ReturnType<typeof useQuote>;
