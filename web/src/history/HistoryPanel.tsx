import { NativeSelect } from '@mantine/core';
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
 * first. The address has the kind to which it is restricted.
 */
export function HistoryPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const { t } = useTranslation();
  const { kind: word } = useRoute();
  const kind = readKind(word);
  return (
    <Panel
      title={t('history.title')}
      aside={
        <NativeSelect
          size="xs"
          aria-label={t('history.kind')}
          value={kind ?? ''}
          data={[
            { value: '', label: t('history.everything') },
            ...KINDS.map((value) => ({ value, label: t(`history.kinds.${value}`) })),
          ]}
          onChange={({ currentTarget: { value } }) =>
            goTo({ account: props.accountId, tab: 'history', kind: kindWord(value) })
          }
        />
      }
    >
      {/* Another kind has pages of its own. */}
      <Entries key={kind} {...props} kind={kind} />
    </Panel>
  );
}

function Entries(props: {
  accountId: string;
  timeZone: string;
  changes: number;
  kind?: TransactionKind;
}) {
  const { t } = useTranslation();
  const { accountId, kind } = props;
  const paging = usePaging(20);
  const filter = useMemo(() => (kind ? { kinds: [kind] } : null), [kind]);
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
        <Nothing>{kind ? t('history.noneOfKind') : t('history.none')}</Nothing>
      )}
      {entries && entries.nodes.length > 0 && (
        <>
          <HistoryTable entries={entries.nodes} timeZone={props.timeZone} />
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
