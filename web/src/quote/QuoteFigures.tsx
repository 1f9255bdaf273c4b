import { Alert, Group, Stack, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { countryName } from '../country/countries';
import { graphql } from '../generated';
import type { QuoteQuery } from '../generated/graphql';
import { formatCount, formatDecimal, formatMoney, isZero } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { type Draft, mediaOf } from './draft';

const QUOTE = graphql(`
  query Quote($input: QuoteInput!) {
    quote(input: $input) {
      recipients
      unsupportedRecipients
      credits
      cost {
        amount
        currencyCode
      }
      available
      sufficient
      shortfall
      smartEncodingSaves
      warnings {
        offset
        tag
        message
      }
      suggestedPackage {
        id
        name
      }
      lines {
        countryCode
        recipients
        segmentCount
        creditsPerSegment
        credits
      }
    }
  }
`);

type Quote = QuoteQuery['quote'];

interface Props {
  accountId: string;
  listId: string;
  draft: Draft;
  changes: number;
}

/** What the draft would cost if it were sent to the list now. */
export function QuoteFigures({ accountId, listId, draft, changes }: Props) {
  const input = {
    accountId,
    audience: { listId },
    text: draft.text,
    media: mediaOf(draft),
    smartEncoding: draft.smartEncoding,
  };
  const [{ data, error, fetching }, ask] = useQuery({
    query: QUOTE,
    variables: { input },
    // The credits available to the list change with every message.
    requestPolicy: 'cache-and-network',
  });
  useRefreshOn(changes, ask);

  if (error) return <Failure error={error} onRetry={ask} />;
  if (!data) return <Pending what="the cost" />;
  const quote = data.quote;
  return (
    <Stack gap="sm" aria-busy={fetching}>
      <Group gap="xs" align="baseline" role="status">
        <Text fw={700} size="lg" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {formatDecimal(quote.credits)} credits
        </Text>
        <Text c="dimmed" size="sm">
          {formatMoney(quote.cost)} · {formatCount(quote.recipients)} recipients
        </Text>
      </Group>
      <Sufficiency quote={quote} />
      {quote.unsupportedRecipients > 0 && (
        <Alert color="yellow">
          {formatCount(quote.unsupportedRecipients)} recipients are in countries that are not
          served. They are not charged.
        </Alert>
      )}
      {quote.warnings.map((warning) => (
        <Alert key={warning.offset} color="yellow">
          <b>{warning.tag}</b>: {warning.message}
        </Alert>
      ))}
      {!draft.smartEncoding && !isZero(quote.smartEncodingSaves) && (
        <Text size="sm">
          Smart encoding would save {formatDecimal(quote.smartEncodingSaves)} credits.
        </Text>
      )}
      <DataTable
        caption="Cost by destination"
        columns={COLUMNS}
        rows={quote.lines}
        rowKey={(line) => line.countryCode}
      />
    </Stack>
  );
}

function Sufficiency({ quote }: { quote: Quote }) {
  const available = `${formatDecimal(quote.available)} credits are available to this list.`;
  if (quote.sufficient) return <Text size="sm">{available}</Text>;
  return (
    <Alert color="red" role="alert">
      {available} {formatDecimal(quote.shortfall)} are missing.
      {quote.suggestedPackage && ` The package ${quote.suggestedPackage.name} would cover it.`}
    </Alert>
  );
}

const COLUMNS: Column<Quote['lines'][number]>[] = [
  { title: 'Destination', heading: true, cell: (line) => countryName(line.countryCode) },
  { title: 'Recipients', numeric: true, cell: (line) => formatCount(line.recipients) },
  { title: 'Segments', numeric: true, cell: (line) => formatCount(line.segmentCount) },
  {
    title: 'Rate',
    numeric: true,
    cell: (line) => (line.creditsPerSegment ? formatDecimal(line.creditsPerSegment) : 'not served'),
  },
  { title: 'Credits', decimal: (line) => line.credits },
];
