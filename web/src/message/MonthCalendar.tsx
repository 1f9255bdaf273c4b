import { Anchor, Button, Group, Table, Text, VisuallyHidden } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { MessageFilter, ScheduledMonthQuery } from '../generated/graphql';
import { Failure } from '../screen/Failure';
import { routeHash } from '../session/route';
import { formatDate, formatMonth, formatWeekday } from '../time/format';
import { dayAt, instantsOf, today } from '../time/period';
import { daysOfMonth, type Month, monthLater, weeksOf } from './month';
import { OF_MESSAGES } from './of_messages';
import { titleOf } from './title';
import './calendar.css';

const MONTH = graphql(`
  query ScheduledMonth($accountId: ID!, $filter: MessageFilter) {
    account(id: $accountId) {
      id
      messages(last: 500, filter: $filter) {
        nodes {
          id
          name
          text
          sendAt
        }
        pageInfo {
          hasPreviousPage
        }
      }
    }
  }
`);

type Message = NonNullable<ScheduledMonthQuery['account']>['messages']['nodes'][number];

/** Names shown in a day. The day's own page has all of them. */
const SHOWN = 2;

/**
 * A month's scheduled messages as a table of weeks. Days with messages are links that restrict the
 * panel to them.
 */
export function MonthCalendar(props: {
  accountId: string;
  timeZone: string;
  changes: number;
  month: Month;
  day?: string;
}) {
  const { t } = useTranslation();
  const { accountId, timeZone, month } = props;
  const filter = useMemo<MessageFilter>(
    () => ({ statuses: ['SCHEDULED'], ...instantsOf(daysOfMonth(month), timeZone) }),
    [month, timeZone],
  );
  const [{ data, error }, ask] = useQuery({
    query: MONTH,
    variables: { accountId, filter },
    requestPolicy: 'cache-and-network',
    context: OF_MESSAGES,
  });
  useRefreshOn(props.changes, ask);
  const messages = data?.account?.messages;
  const soonest = messages?.nodes.toReversed().map((message) => ({
    ...message,
    day: dayAt(message.sendAt, timeZone),
  }));
  const weeks = weeksOf(month);
  const now = today(timeZone);
  const to = (route: { month?: string; day?: string }) =>
    routeHash({ account: accountId, tab: 'messages', ...route });
  const name = formatMonth(`${month}-01`);

  return (
    <div>
      <Group component="nav" aria-label={t('calendar.months')} justify="space-between" gap="xs">
        <Text fw={600} size="sm" tt="capitalize" role="status">
          {name}
        </Text>
        <Group gap="xs">
          <Button
            component="a"
            size="compact-sm"
            variant="default"
            href={to({ month: monthLater(month, -1) })}
          >
            {t('pager.previous')}
          </Button>
          <Button component="a" size="compact-sm" variant="default" href={to({})}>
            {t('calendar.today')}
          </Button>
          <Button
            component="a"
            size="compact-sm"
            variant="default"
            href={to({ month: monthLater(month, 1) })}
          >
            {t('pager.next')}
          </Button>
        </Group>
      </Group>
      {error && <Failure error={error} onRetry={ask} />}
      <Table withTableBorder withColumnBorders className="calendar" mt="xs">
        <VisuallyHidden component="caption">
          {t('calendar.caption', { month: name })}
        </VisuallyHidden>
        <Table.Thead>
          <Table.Tr>
            {/* 2 November 2026 is a Monday. */}
            {Array.from({ length: 7 }, (_, at) => `2026-11-0${at + 2}`).map((weekday) => (
              <Table.Th key={weekday} scope="col">
                {formatWeekday(weekday)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {weeks.map((week) => (
            <Table.Tr key={week.find((day) => day !== undefined)}>
              {week.map((day, at) => (
                <Table.Td key={day ?? at} aria-current={day === now ? 'date' : undefined}>
                  {day && (
                    <Day
                      day={day}
                      messages={soonest?.filter((message) => message.day === day) ?? []}
                      href={to({ month, day })}
                      chosen={day === props.day}
                    />
                  )}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {messages?.pageInfo.hasPreviousPage && (
        <Text size="xs" c="dimmed" mt="xs">
          {t('calendar.tooMany')}
        </Text>
      )}
    </div>
  );
}

function Day(props: { day: string; messages: readonly Message[]; href: string; chosen: boolean }) {
  const { t } = useTranslation();
  const { messages } = props;
  const number = Number(props.day.slice(8));
  if (messages.length === 0) {
    return (
      <Text span size="sm" c="dimmed">
        {number}
      </Text>
    );
  }
  const more = messages.length - SHOWN;
  return (
    <>
      <Anchor
        size="sm"
        fw={600}
        href={props.href}
        aria-current={props.chosen ? 'true' : undefined}
        title={formatDate(props.day)}
      >
        {number}
        <VisuallyHidden>
          {': '}
          {t('calendar.messages', { count: messages.length })}
        </VisuallyHidden>
      </Anchor>
      <span className="count" aria-hidden="true">
        {messages.length}
      </span>
      <div className="names">
        {messages.slice(0, SHOWN).map((message) => (
          <Text key={message.id} size="xs" truncate dir="auto">
            {titleOf(t, message)}
          </Text>
        ))}
        {more > 0 && (
          <Text size="xs" c="dimmed">
            {t('segments.more', { count: more })}
          </Text>
        )}
      </div>
    </>
  );
}
