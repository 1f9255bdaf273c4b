import { Badge, Button } from '@mantine/core';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { PurchasesQuery } from '../generated/graphql';
import { formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant } from '../time/format';
import { openPayment } from './payment';
import { STATUSES } from './status';

const PURCHASES = graphql(`
  query Purchases($accountId: ID!, $first: Int!, $after: String) {
    account(id: $accountId) {
      id
      purchases(first: $first, after: $after) {
        nodes {
          id
          status
          credits
          price {
            amount
            currencyCode
          }
          package {
            id
            name
          }
          automatic
          confirmationUrl
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

type Purchase = NonNullable<PurchasesQuery['account']>['purchases']['nodes'][number];

/** The account's purchases, including those awaiting approval. */
export function PurchasesPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const paging = usePaging(5);
  const [{ data, error, fetching }, ask] = useQuery({
    query: PURCHASES,
    variables: { accountId: props.accountId, first: paging.size, after: paging.after },
  });
  useRefreshOn(props.changes, ask);
  const purchases = data?.account?.purchases;

  return (
    <Panel title="Purchases">
      {error && <Failure error={error} onRetry={ask} />}
      {!purchases && fetching && <Pending what="purchases" />}
      {purchases?.nodes.length === 0 && <Nothing>No purchases yet.</Nothing>}
      {purchases && purchases.nodes.length > 0 && (
        <>
          <DataTable
            caption="Purchases"
            columns={columns(props.timeZone)}
            rows={purchases.nodes}
            rowKey={(purchase) => purchase.id}
          />
          <Pager
            what="purchases"
            paging={paging}
            pageInfo={purchases.pageInfo}
            totalCount={purchases.totalCount}
          />
        </>
      )}
    </Panel>
  );
}

function columns(timeZone: string): Column<Purchase>[] {
  return [
    { title: 'Started', heading: true, cell: (one) => formatInstant(one.createdAt, timeZone) },
    {
      title: 'Package',
      cell: (one) => `${one.package?.name ?? '—'}${one.automatic ? ' (auto-recharge)' : ''}`,
    },
    { title: 'Credits', decimal: (one) => one.credits },
    { title: 'Price', numeric: true, cell: (one) => formatMoney(one.price) },
    {
      title: 'Status',
      cell: ({ status }) => (
        <Badge variant="light" size="sm" color={STATUSES[status].color}>
          {STATUSES[status].title}
        </Badge>
      ),
    },
    {
      title: 'Approve',
      hideTitle: true,
      numeric: true,
      cell: ({ confirmationUrl }) =>
        confirmationUrl && (
          <Button size="compact-xs" variant="default" onClick={() => openPayment(confirmationUrl)}>
            Payment page
          </Button>
        ),
    },
  ];
}
