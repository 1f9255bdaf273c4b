import { NativeSelect } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { MessageFilter, RecentMessagesQuery } from '../generated/graphql';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { useRoute } from '../session/route';
import { formatInstant } from '../time/format';
import { costColumns } from './cost_columns';
import { MessageLink } from './MessageLink';
import { MessageState } from './MessageState';
import { openMessage } from './OpenMessage';
import { OF_MESSAGES } from './of_messages';

const RECENT = graphql(`
  query RecentMessages($accountId: ID!, $first: Int!, $after: String, $filter: MessageFilter) {
    account(id: $accountId) {
      id
      messages(first: $first, after: $after, filter: $filter) {
        nodes {
          id
          name
          text
          status
          sendAt
          sentAt
          recipientCount
          credits
          cost {
            amount
            currencyCode
          }
          list {
            id
            name
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
`);

type Message = NonNullable<RecentMessagesQuery['account']>['messages']['nodes'][number];

const STATES = ['SENT', 'CANCELED'] as const;
type State = (typeof STATES)[number];

interface Props {
  accountId: string;
  timeZone: string;
  changes: number;
}

/** The messages that were sent or cancelled, latest first, with those that have no list. */
export function RecentPanel(props: Props) {
  const { t } = useTranslation();
  const [state, setState] = useState<State>();
  return (
    <Panel
      title={t('recent.title')}
      aside={
        <NativeSelect
          size="xs"
          aria-label={t('column.state')}
          value={state ?? ''}
          data={[
            { value: '', label: t('recent.all') },
            ...STATES.map((value) => ({ value, label: t(`messageState.${value}`) })),
          ]}
          onChange={({ currentTarget: { value } }) =>
            setState(STATES.find((known) => known === value))
          }
        />
      }
    >
      {/* Another state has pages of its own. */}
      <Messages key={state} {...props} state={state} />
    </Panel>
  );
}

function Messages({ accountId, timeZone, changes, state }: Props & { state?: State }) {
  const { t } = useTranslation();
  const route = useRoute();
  const open = (message: Message) => openMessage({ ...route, account: accountId }, message);
  const paging = usePaging(20);
  const filter = useMemo<MessageFilter>(
    () => ({ statuses: state ? [state] : [...STATES] }),
    [state],
  );
  const [{ data, error }, ask] = useQuery({
    query: RECENT,
    variables: { accountId, first: paging.size, after: paging.after, filter },
    requestPolicy: 'cache-and-network',
    context: OF_MESSAGES,
  });
  useRefreshOn(changes, ask);
  const messages = data?.account?.messages;

  return (
    <>
      {error && <Failure error={error} onRetry={ask} />}
      {!messages && !error && <Pending rows={6} />}
      {messages?.nodes.length === 0 && <Nothing>{t('recent.none')}</Nothing>}
      {messages && messages.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('recent.caption')}
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
    </>
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
      cell: (message) => <MessageLink message={message} onOpen={() => open(message)} />,
    },
    {
      title: t('column.when'),
      cell: ({ sentAt, sendAt }) => formatInstant(sentAt ?? sendAt, timeZone),
    },
    {
      title: t('column.list'),
      cell: ({ list }) => <bdi>{list?.name ?? t('usage.noList')}</bdi>,
    },
    ...costColumns<Message>(t),
    { title: t('column.state'), cell: ({ status }) => <MessageState status={status} /> },
  ];
}
