import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { dayBefore, instantsOf, monthsBack, namedPeriod, today } from '../time/period';
import { AllocationTable, type Row } from './AllocationTable';
import { type Draft, monthlyAverage } from './changes';
import { Review } from './Review';

const LISTS = graphql(`
  query AllocationLists($accountId: ID!, $first: Int!, $after: String, $search: String) {
    account(id: $accountId) {
      id
      balance {
        unassigned
      }
      lists(first: $first, after: $after, search: $search) {
        nodes {
          id
          name
          allocation {
            mode
            assigned
            held
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

const USED = graphql(`
  query AllocationUsage($month: UsageReportInput!, $before: UsageReportInput!) {
    month: usageReport(input: $month) {
      lists(first: 1000) {
        list {
          id
        }
        usage {
          credits
        }
      }
    }
    before: usageReport(input: $before) {
      lists(first: 1000) {
        list {
          id
        }
        usage {
          credits
        }
      }
    }
  }
`);

/** The months before this one that a suggestion is made from. */
const MONTHS = 3;

/**
 * All lists with their limits on one screen: each is edited in its row beside what the list used,
 * and everything that changes is shown before it is saved at once.
 */
export function AllocationPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [drafts, setDrafts] = useState<ReadonlyMap<string, Draft>>(new Map());
  const paging = usePaging(50);
  const [{ data, error, fetching }, ask] = useQuery({
    query: LISTS,
    variables: { accountId, first: paging.size, after: paging.after, search: search || null },
  });
  const periods = useMemo(() => reportPeriods(accountId, timeZone), [accountId, timeZone]);
  const [{ data: used }, askUsed] = useQuery({ query: USED, variables: periods });
  useRefreshOn(props.changes, ask);
  useRefreshOn(props.changes, askUsed);
  const account = data?.account;
  // What was read before saving: until the lists are read again, the drafts are what they are now.
  const [outdated, setOutdated] = useState<typeof data>();
  if (outdated && (data !== outdated || error)) {
    setOutdated(undefined);
    setDrafts(new Map());
  }

  function edit(draft: Draft) {
    setDrafts(new Map(drafts).set(draft.list.id, draft));
  }

  return (
    <Panel
      title={t('allocation.title')}
      aside={
        <TextInput
          size="xs"
          type="search"
          aria-label={t('lists.search')}
          placeholder={t('action.searchByName')}
          attributes={{ input: { dir: 'auto' } }}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            paging.restart();
          }}
        />
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!account && fetching && <Pending rows={6} />}
      {account && (
        <>
          {account.lists.nodes.length === 0 ? (
            <Nothing>{search ? t('lists.noneNamed', { search }) : t('lists.none')}</Nothing>
          ) : (
            <AllocationTable
              lists={account.lists.nodes}
              drafts={drafts}
              used={byList(used?.month.lists)}
              average={byList(used?.before.lists, (credits) => monthlyAverage(credits, MONTHS))}
              onEdit={edit}
            />
          )}
          <Pager
            label={t('pager.lists')}
            paging={paging}
            pageInfo={account.lists.pageInfo}
            totalCount={account.lists.totalCount}
          />
          <Review
            accountId={accountId}
            unassigned={account.balance.unassigned}
            drafts={latest(drafts, account.lists.nodes)}
            isRefreshing={outdated !== undefined}
            onSaved={() => setOutdated(data)}
            onDiscard={() => setDrafts(new Map())}
          />
        </>
      )}
    </Panel>
  );
}

/** The drafts against what the lists have now: a message may have been sent meanwhile. */
function latest(drafts: ReadonlyMap<string, Draft>, lists: readonly Row[]): Draft[] {
  return [...drafts.values()].map((draft) => ({
    ...draft,
    list: lists.find((one) => one.id === draft.list.id) ?? draft.list,
  }));
}

/** This month until now, and the whole months before it. */
function reportPeriods(accountId: string, timeZone: string) {
  const day = today(timeZone);
  const months = monthsBack(day, MONTHS + 1);
  const before = { first: months.at(-1) ?? day, last: dayBefore(months[0] ?? day) };
  const input = { accountId, interval: 'MONTH' as const };
  return {
    month: { ...input, ...instantsOf(namedPeriod('THIS_MONTH', day), timeZone) },
    before: { ...input, ...instantsOf(before, timeZone) },
  };
}

interface Used {
  list?: { id: string } | null;
  usage: { credits: string };
}

/** The credits of each list; undefined until they are known. */
function byList(
  rows: readonly Used[] | undefined,
  figure = (credits: string) => credits,
): ReadonlyMap<string, string> | undefined {
  return rows && new Map(rows.map(({ list, usage }) => [list?.id ?? '', figure(usage.credits)]));
}
