import { Button, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { MessageFilter, ScheduledMessagesQuery } from '../generated/graphql';
import { formatCount } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import type { Permissions } from '../session/permissions';
import { goTo, useRoute } from '../session/route';
import { formatDate, formatInstant } from '../time/format';
import { instantsOf, today } from '../time/period';
import { CancelDialog } from './CancelDialog';
import { EditDialog } from './EditDialog';
import { MessageLink } from './MessageLink';
import { MonthCalendar } from './MonthCalendar';
import { readDay, readMonth } from './month';
import { openMessage } from './OpenMessage';
import { OF_MESSAGES } from './of_messages';
import { titleOf } from './title';

const SCHEDULED = graphql(`
  query ScheduledMessages($accountId: ID!, $last: Int!, $before: String, $filter: MessageFilter) {
    account(id: $accountId) {
      id
      messages(last: $last, before: $before, filter: $filter) {
        nodes {
          id
          name
          text
          sendAt
          recipientCount
          credits
          channel
          list {
            id
            name
          }
          actor {
            name
            onBehalfOf
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
        totalCount
      }
    }
  }
`);

type Message = NonNullable<ScheduledMessagesQuery['account']>['messages']['nodes'][number];

interface Props {
  accountId: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}

/**
 * The account's scheduled messages, soonest first, with a calendar of them. The address has the
 * month, and the day to which the table is restricted.
 */
export function ScheduledPanel(props: Props) {
  const { t } = useTranslation();
  const { accountId, timeZone, changes } = props;
  const { month: monthWord, day: dayWord } = useRoute();
  const day = readDay(dayWord);
  const month = readMonth(monthWord, day ?? today(timeZone));
  return (
    <Panel
      title={t('scheduled.title')}
      aside={
        <Text size="xs" c="dimmed">
          {t('scheduled.zone', { timeZone })}
        </Text>
      }
    >
      <Stack gap="md">
        {day && (
          <Group gap="sm" role="status">
            <Text size="sm">{t('scheduled.onDay', { day: formatDate(day) })}</Text>
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => goTo({ account: accountId, tab: 'messages', month: monthWord })}
            >
              {t('scheduled.allDays')}
            </Button>
          </Group>
        )}
        {/* Another day has pages of its own. */}
        <Messages key={day} {...props} day={day} />
        <MonthCalendar
          accountId={accountId}
          timeZone={timeZone}
          changes={changes}
          month={month}
          day={day}
        />
      </Stack>
    </Panel>
  );
}

function Messages({ accountId, timeZone, can, changes, day }: Props & { day?: string }) {
  const { t } = useTranslation();
  const route = useRoute();
  const open = (message: Message) => openMessage({ ...route, account: accountId }, message);
  const [cancelling, cancel] = useState<Message>();
  const [edited, edit] = useState<Message>();
  const paging = usePaging(10);
  const filter = useMemo<MessageFilter>(
    () => ({
      statuses: ['SCHEDULED'],
      ...(day && instantsOf({ first: day, last: day }, timeZone)),
    }),
    [day, timeZone],
  );
  // The API lists the latest first: the end of its list comes soonest.
  const [{ data, error }, ask] = useQuery({
    query: SCHEDULED,
    variables: { accountId, last: paging.size, before: paging.after, filter },
    requestPolicy: 'cache-and-network',
    context: OF_MESSAGES,
  });
  useRefreshOn(changes, ask);
  const messages = data?.account?.messages;
  const rows = messages?.nodes.toReversed() ?? [];

  return (
    <>
      {error && <Failure error={error} onRetry={ask} />}
      {!messages && !error && <Pending rows={4} />}
      {messages && rows.length === 0 && (
        <Nothing>{day ? t('scheduled.noneOnDay') : t('scheduled.none')}</Nothing>
      )}
      {messages && rows.length > 0 && (
        <div>
          <DataTable
            caption={t('scheduled.caption')}
            columns={columns(t, timeZone, open, can.send ? { edit, cancel } : undefined)}
            rows={rows}
            rowKey={(message) => message.id}
          />
          <Pager
            label={t('pager.scheduled')}
            paging={paging}
            pageInfo={{
              hasNextPage: messages.pageInfo.hasPreviousPage,
              endCursor: messages.pageInfo.startCursor,
            }}
            totalCount={messages.totalCount}
          />
        </div>
      )}
      {edited && (
        <EditDialog
          accountId={accountId}
          message={edited}
          timeZone={timeZone}
          can={can}
          onClose={() => edit(undefined)}
        />
      )}
      {cancelling && (
        <CancelDialog message={cancelling} timeZone={timeZone} onClose={() => cancel(undefined)} />
      )}
    </>
  );
}

type Act = (message: Message) => void;

function columns(
  t: TFunction,
  timeZone: string,
  open: Act,
  acts: { edit: Act; cancel: Act } | undefined,
): Column<Message>[] {
  const shown: Column<Message>[] = [
    {
      title: t('column.message'),
      heading: true,
      cell: (message) => <MessageLink message={message} onOpen={() => open(message)} />,
    },
    { title: t('column.when'), cell: ({ sendAt }) => formatInstant(sendAt, timeZone) },
    {
      title: t('column.list'),
      cell: ({ list }) => <bdi>{list?.name ?? t('usage.noList')}</bdi>,
    },
    {
      title: t('column.recipients'),
      numeric: true,
      cell: ({ recipientCount }) => formatCount(recipientCount),
    },
    { title: t('column.creditsHeld'), decimal: ({ credits }) => credits },
    { title: t('column.scheduledBy'), cell: ({ actor }) => scheduledBy(t, actor) },
  ];
  if (!acts) return shown;
  return [
    ...shown,
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (message) =>
        // From then on it may have been sent.
        isAhead(message.sendAt) && (
          <Group gap={6} wrap="nowrap" justify="flex-end">
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('scheduled.editNamed', { name: titleOf(t, message) })}
              onClick={() => acts.edit(message)}
            >
              {t('scheduled.edit')}
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('scheduled.cancelNamed', { name: titleOf(t, message) })}
              onClick={() => acts.cancel(message)}
            >
              {t('scheduled.cancel')}
            </Button>
          </Group>
        ),
    },
  ];
}

function isAhead(sendAt: string): boolean {
  return Date.parse(sendAt) > Date.now();
}

function scheduledBy(t: TFunction, actor: Message['actor']) {
  if (!actor) return '—';
  const key = actor.name ?? t('history.platform');
  return <bdi>{actor.onBehalfOf ? `${actor.onBehalfOf} (${key})` : key}</bdi>;
}
