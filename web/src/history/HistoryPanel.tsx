import { Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { TransactionKind } from '../generated/graphql';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { goTo, useRoute } from '../session/route';
import { formatDate } from '../time/format';
import { instantsOf, periodProblem, today } from '../time/period';
import { anyPeriodWord, daysOf, readAnyPeriod } from '../usage/choice';
import { useDraft } from '../usage/draft';
import { PeriodPicker } from '../usage/PeriodPicker';
import { HistoryTable } from './HistoryTable';
import { KINDS, kindWord, readKind } from './kinds';

const HISTORY = graphql(`
  query History($accountId: ID!, $first: Int!, $after: String, $filter: TransactionFilter) {
    account(id: $accountId) {
      id
      transactions(first: $first, after: $after, filter: $filter) {
        nodes {
          ...HistoryRow
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

/**
 * Where an account's credits went: each entry of its ledger with what was left after it, newest
 * first. The address has the kind and the period to which it is restricted.
 */
export function HistoryPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const { kind: kindInAddress, period: word } = useRoute();
  const kind = readKind(kindInAddress);
  const [draft, setDraft] = useDraft(word);
  const choice = draft ?? readAnyPeriod(word);
  const day = today(timeZone);
  const days = daysOf(choice ?? 'THIS_MONTH', day);
  const problem = choice && periodProblem(days);

  function show(next: { kind?: string; period?: string }) {
    setDraft(undefined);
    goTo({ account: accountId, tab: 'history', ...next });
  }

  return (
    <Panel title={t('history.title')}>
      <Stack gap="sm">
        <Group align="end" gap="md">
          <PeriodPicker
            choice={choice}
            days={days}
            onWhole={() => show({ kind: kindInAddress })}
            onChange={(next) => {
              if (typeof next !== 'string' && periodProblem(next)) setDraft(next);
              else show({ kind: kindInAddress, period: anyPeriodWord(next) });
            }}
          />
          <NativeSelect
            label={t('history.kind')}
            value={kind ?? ''}
            data={[
              { value: '', label: t('history.everything') },
              ...KINDS.map((value) => ({ value, label: t(`history.kinds.${value}`) })),
            ]}
            onChange={({ currentTarget: { value } }) =>
              show({ kind: kindWord(value), period: word })
            }
          />
        </Group>
        {problem && (
          <Text c="red" size="sm" role="alert">
            {t(`usage.${problem}`)}
          </Text>
        )}
        {choice && !problem && (
          <Text size="xs" c="dimmed" role="status">
            {t('usage.days', {
              first: formatDate(days.first),
              last: formatDate(days.last),
              timeZone,
            })}
          </Text>
        )}
        {!problem && (
          <Entries
            // Another kind and another period have pages of their own.
            key={`${kind} ${choice && anyPeriodWord(choice)}`}
            {...props}
            kind={kind}
            first={choice && days.first}
            last={choice && days.last}
          />
        )}
      </Stack>
    </Panel>
  );
}

function Entries(props: {
  accountId: string;
  timeZone: string;
  changes: number;
  kind?: TransactionKind;
  first?: string;
  last?: string;
}) {
  const { t } = useTranslation();
  const { accountId, timeZone, kind, first, last } = props;
  const paging = usePaging(20);
  const filter = useMemo(
    () => ({
      ...(kind && { kinds: [kind] }),
      ...(first && last && instantsOf({ first, last }, timeZone)),
    }),
    [kind, first, last, timeZone],
  );
  const [{ data, error, fetching }, ask] = useQuery({
    query: HISTORY,
    variables: { accountId, first: paging.size, after: paging.after, filter },
  });
  useRefreshOn(props.changes, ask);
  const entries = data?.account?.transactions;
  return (
    <>
      {error && <Failure error={error} onRetry={ask} />}
      {!entries && fetching && <Pending rows={10} />}
      {entries?.nodes.length === 0 && (
        <Nothing>
          {first ? t('history.noneThen') : kind ? t('history.noneOfKind') : t('history.none')}
        </Nothing>
      )}
      {entries && entries.nodes.length > 0 && (
        <>
          <HistoryTable entries={entries.nodes} timeZone={timeZone} />
          <Pager
            label={t('pager.history')}
            paging={paging}
            pageInfo={entries.pageInfo}
            totalCount={entries.totalCount}
          />
        </>
      )}
    </>
  );
}
