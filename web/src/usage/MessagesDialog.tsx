import { Anchor, Button, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { ListMessagesQuery } from '../generated/graphql';
import { creditsText } from '../number/credits';
import { formatCount, formatMoney } from '../number/decimal';
import { DraftSegments } from '../quote/DraftSegments';
import { LinesTable } from '../quote/LinesTable';
import { type Column, DataTable } from '../screen/DataTable';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { Pager } from '../screen/Pager';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant } from '../time/format';
import type { ReportInput } from './report_input';

const MESSAGES = graphql(`
  query ListMessages($input: UsageReportInput!, $first: Int!, $after: String) {
    usageReport(input: $input) {
      lists(first: 1) {
        messages(first: $first, after: $after) {
          nodes {
            id
            name
            text
            sentAt
            channel
            encoding
            recipientCount
            credits
            actor {
              name
              onBehalfOf
            }
            cost {
              amount
              currencyCode
            }
            lines {
              countryCode
              recipientCount
              segmentCount
              creditsPerSegment
              credits
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }
          totalCount
        }
      }
    }
  }
`);

type Message = ListMessagesQuery['usageReport']['lists'][number]['messages']['nodes'][number];

/** The messages that a report counted for a list, and why each of them cost what it did. */
export function MessagesDialog(props: {
  list: { id: string; name: string };
  input: ReportInput;
  timeZone: string;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { list, timeZone } = props;
  const [opened, open] = useState<Message>();
  const paging = usePaging(10);
  const [{ data, error }, ask] = useQuery({
    query: MESSAGES,
    variables: {
      input: { ...props.input, listIds: [list.id] },
      first: paging.size,
      after: paging.after,
    },
  });
  const messages = data?.usageReport.lists[0]?.messages;

  return (
    <Dialog title={t('messages.title', { list: list.name })} size="xl" onClose={props.onClose}>
      {error && <Failure error={error} onRetry={ask} />}
      {!messages && !error && <Pending rows={8} />}
      {messages && !opened && (
        <>
          <DataTable
            caption={t('messages.title', { list: list.name })}
            columns={columns(t, timeZone, open)}
            rows={messages.nodes}
            rowKey={(message) => message.id}
          />
          <Pager
            label={t('pager.messages')}
            paging={paging}
            pageInfo={messages.pageInfo}
            totalCount={messages.totalCount}
          />
        </>
      )}
      {opened && (
        <Explanation message={opened} timeZone={timeZone} onBack={() => open(undefined)} />
      )}
    </Dialog>
  );
}

function columns(
  t: TFunction,
  timeZone: string,
  open: (message: Message) => void,
): Column<Message>[] {
  return [
    {
      title: t('column.message'),
      heading: true,
      cell: (message) => (
        <Anchor
          component="button"
          type="button"
          size="sm"
          maw="18rem"
          truncate
          dir="auto"
          onClick={() => open(message)}
        >
          {titleOf(t, message)}
        </Anchor>
      ),
    },
    {
      title: t('column.sent'),
      cell: ({ sentAt }) => (sentAt ? formatInstant(sentAt, timeZone) : '—'),
    },
    {
      title: t('column.recipients'),
      numeric: true,
      cell: ({ recipientCount }) => formatCount(recipientCount),
    },
    { title: t('column.credits'), decimal: ({ credits }) => credits },
    { title: t('column.cost'), numeric: true, cell: ({ cost }) => formatMoney(cost) },
  ];
}

/** Why a message cost what it did: its text as it is cut, and recipients × segments × rate. */
function Explanation(props: { message: Message; timeZone: string; onBack(): void }) {
  const { t } = useTranslation();
  const { message } = props;
  const kind = message.channel === 'MMS' ? 'MMS' : (message.encoding ?? 'SMS');
  const text = message.text ?? '';
  return (
    <Stack gap="sm">
      <Button
        variant="default"
        size="compact-sm"
        style={{ alignSelf: 'start' }}
        onClick={props.onBack}
      >
        {t('messages.back')}
      </Button>
      <Text fw={600} dir="auto">
        {titleOf(t, message)}
      </Text>
      <Text size="sm" c="dimmed">
        {message.sentAt && `${formatInstant(message.sentAt, props.timeZone)} · `}
        {t(`segments.kind.${kind}`)} · {creditsText(t, message.credits)} ·{' '}
        {formatMoney(message.cost)}
      </Text>
      {message.actor && <Text size="sm">{senderOf(t, message.actor)}</Text>}
      {text.includes('{{') ? (
        <>
          <Text size="sm" className="pre-wrap" dir="auto">
            {text}
          </Text>
          <Text size="sm" c="dimmed">
            {t('messages.personal')}
          </Text>
        </>
      ) : (
        text !== '' && (
          <DraftSegments
            draft={{ text, withImage: message.channel === 'MMS', smartEncoding: false }}
          />
        )
      )}
      <Text size="sm">{t('messages.formula')}</Text>
      <LinesTable lines={message.lines} />
    </Stack>
  );
}

/** Who sent or scheduled a message, in words. */
function senderOf(t: TFunction, actor: NonNullable<Message['actor']>): string {
  const key = actor.name ?? t('messages.sentBy.platform');
  const person = actor.onBehalfOf;
  return person ? t('messages.sentBy.person', { person, key }) : t('messages.sentBy.key', { key });
}

function titleOf(t: TFunction, message: Message): string {
  return message.name ?? message.text ?? t('messages.erased');
}
