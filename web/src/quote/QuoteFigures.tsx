import { Alert, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { creditsText } from '../number/credits';
import { formatDecimal, formatMoney, isZero } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { serverText } from '../screen/server_text';
import type { Permissions } from '../session/permissions';
import type { Draft } from './draft';
import { LinesTable } from './LinesTable';
import { MergeFields } from './MergeFields';
import { QuotedSegments } from './QuotedSegments';
import { Sufficiency } from './Sufficiency';
import type { QuoteAnswer } from './useQuote';

interface Props {
  accountId: string;
  answer: QuoteAnswer;
  draft: Draft;
  can: Permissions;
}

/** What the draft would cost if it were sent now, and the segments that it pays for. */
export function QuoteFigures({ accountId, answer, draft, can }: Props) {
  const { t } = useTranslation();
  const { data, error, fetching, ask } = answer;
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
          <Sufficiency
            accountId={accountId}
            quote={quote}
            list={list}
            unassigned={data.account?.balance.unassigned ?? '0'}
            can={can}
          />
          {quote.duplicateRecipients.length > 0 && (
            <Text size="sm">
              {t('quote.duplicates', { count: quote.duplicateRecipients.length })}
            </Text>
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
        <QuotedSegments
          quote={quote}
          input={answer.input}
          listId={list?.id}
          isEmpty={draft.text === ''}
        />
      </Panel>
    </>
  );
}
