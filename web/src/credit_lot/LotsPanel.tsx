import { Badge, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { CreditLotSource, CreditLotState, LotsQuery } from '../generated/graphql';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant, formatLastDay } from '../time/format';

const LOTS = graphql(`
  query Lots($accountId: ID!, $first: Int!, $after: String, $state: CreditLotState) {
    account(id: $accountId) {
      id
      lots(first: $first, after: $after, state: $state) {
        nodes {
          id
          source
          granted
          remaining
          expiresOn
          state
          createdAt
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

type Lot = NonNullable<LotsQuery['account']>['lots']['nodes'][number];

const SOURCES: Record<CreditLotSource, string> = {
  PURCHASE: 'Purchase',
  AUTO_RECHARGE: 'Auto-recharge',
  GRANT: 'Grant',
};

const STATES: Record<CreditLotState, { title: string; color: string }> = {
  ACTIVE: { title: 'Active', color: 'teal' },
  EXHAUSTED: { title: 'Used up', color: 'gray' },
  EXPIRED: { title: 'Expired', color: 'orange' },
};

/** The account's credit lots. */
export function LotsPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const [state, setState] = useState<CreditLotState | 'ALL'>('ACTIVE');
  const paging = usePaging(10);
  const [{ data, error, fetching }, ask] = useQuery({
    query: LOTS,
    variables: {
      accountId: props.accountId,
      first: paging.size,
      after: paging.after,
      state: state === 'ALL' ? null : state,
    },
  });
  useRefreshOn(props.changes, ask);
  const lots = data?.account?.lots;

  return (
    <Panel
      title="Credit lots"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Which lots"
          value={state}
          onChange={(value) => {
            setState(value as CreditLotState | 'ALL');
            paging.restart();
          }}
          data={[
            { value: 'ACTIVE', label: 'Active' },
            { value: 'ALL', label: 'All' },
          ]}
        />
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!lots && fetching && <Pending what="credit lots" />}
      {lots?.nodes.length === 0 && <Nothing>No credit lots with this status.</Nothing>}
      {lots && lots.nodes.length > 0 && (
        <>
          <DataTable
            caption="Credit lots"
            columns={columns(props.timeZone)}
            rows={lots.nodes}
            rowKey={(lot) => lot.id}
          />
          <Pager
            what="credit lots"
            paging={paging}
            pageInfo={lots.pageInfo}
            totalCount={lots.totalCount}
          />
        </>
      )}
    </Panel>
  );
}

function columns(timeZone: string): Column<Lot>[] {
  return [
    { title: 'Source', heading: true, cell: (lot) => SOURCES[lot.source] },
    { title: 'Created', cell: (lot) => formatInstant(lot.createdAt, timeZone) },
    {
      title: 'Usable through',
      cell: (lot) => (lot.expiresOn ? formatLastDay(lot.expiresOn) : 'never expires'),
    },
    { title: 'Granted', decimal: (lot) => lot.granted },
    { title: 'Remaining', decimal: (lot) => lot.remaining },
    {
      title: 'State',
      cell: (lot) => (
        <Badge variant="light" size="sm" color={STATES[lot.state].color}>
          {STATES[lot.state].title}
        </Badge>
      ),
    },
  ];
}
