import { Alert, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import { creditsText } from '../number/credits';
import { formatDecimal, formatMoney, isZero } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { serverText } from '../screen/server_text';
import type { Permissions } from '../session/permissions';
import { type Draft, mediaOf } from './draft';
import { LinesTable } from './LinesTable';
import { MergeFields } from './MergeFields';
import { QuotedSegments } from './QuotedSegments';
import { Sufficiency } from './Sufficiency';

const QUOTE = graphql(`
  query Quote($input: QuoteInput!, $accountId: ID!, $listId: ID!, $texts: Boolean!) {
    quote(input: $input) {
      recipientCount
      unsupportedRecipientCount
      credits
      cost {
        amount
        currencyCode
      }
      smartEncodingSaves
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
    node(id: $listId) {
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

interface Props {
  accountId: string;
  listId: string;
  draft: Draft;
  can: Permissions;
  changes: number;
}

/** What the draft would cost if it were sent to the list now, and the segments that it pays for. */
export function QuoteFigures({ accountId, listId, draft, can, changes }: Props) {
  const { t } = useTranslation();
  const input = {
    accountId,
    audience: { listId },
    text: draft.text,
    media: mediaOf(draft),
    smartEncoding: draft.smartEncoding,
  };
  const [{ data, error, fetching }, ask] = useQuery({
    query: QUOTE,
    // A sending service's key may not read its contacts' texts.
    variables: { input, accountId, listId, texts: can.report },
    // The credits available to the list change with every message.
    requestPolicy: 'cache-and-network',
  });
  useRefreshOn(changes, ask);

  if (error) return <Failure error={error} onRetry={ask} />;
  if (!data) return <Pending rows={5} />;
  const { quote } = data;
  const list = data.node?.__typename === 'ContactList' ? data.node : undefined;
  return (
    <>
      <Panel title={t('quote.cost')}>
        <Stack gap="sm" aria-busy={fetching}>
          <Group gap="xs" align="baseline" role="status">
            <Text fw={700} size="lg" style={{ fontVariantNumeric: 'tabular-nums' }}>
              {creditsText(t, quote.credits)}
            </Text>
            <Text c="dimmed" size="sm">
              {formatMoney(quote.cost)} · {t('quote.recipients', { count: quote.recipientCount })}
            </Text>
          </Group>
          {list && (
            <Sufficiency
              accountId={accountId}
              quote={quote}
              list={list}
              unassigned={data.account?.balance.unassigned ?? '0'}
              can={can}
            />
          )}
          {quote.unsupportedRecipientCount > 0 && (
            <Alert color="yellow">
              {t('quote.unsupported', { count: quote.unsupportedRecipientCount })}
            </Alert>
          )}
          <MergeFields quote={quote} contacts={list?.recipientCount ?? 0} />
          {quote.warnings.map((warning) => (
            <Alert key={warning.offset} color="yellow">
              <b>{warning.tag}</b>: {serverText(warning.message)}
            </Alert>
          ))}
          {!draft.smartEncoding && !isZero(quote.smartEncodingSaves) && (
            <Text size="sm">
              {t('quote.smartEncodingSaves', { credits: formatDecimal(quote.smartEncodingSaves) })}
            </Text>
          )}
          <LinesTable lines={quote.lines} />
        </Stack>
      </Panel>
      <Panel title={t('segments.title')}>
        <QuotedSegments quote={quote} isEmpty={draft.text === ''} />
      </Panel>
    </>
  );
}
