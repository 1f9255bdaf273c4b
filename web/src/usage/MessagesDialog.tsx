import { Anchor, Button, Stack } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { ListMessagesQuery } from '../generated/graphql';
import { costColumns } from '../message/cost_columns';
import { Explanation } from '../message/Explanation';
import { titleOf } from '../message/title';
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
            recipientCount
            credits
            cost {
              amount
              currencyCode
            }
            ...ExplainedMessage
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
        <Stack gap="sm">
          <Button
            variant="default"
            size="compact-sm"
            style={{ alignSelf: 'start' }}
            onClick={() => open(undefined)}
          >
            {t('messages.back')}
          </Button>
          <Explanation message={opened} timeZone={timeZone} />
        </Stack>
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
    ...costColumns<Message>(t),
  ];
}
