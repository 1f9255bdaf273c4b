import { Badge, Button } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
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
import { packageName } from './package_name';
import { openPayment } from './payment';
import { COLORS } from './status';

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
  const { t } = useTranslation();
  const paging = usePaging(5);
  const [{ data, error, fetching }, ask] = useQuery({
    query: PURCHASES,
    variables: { accountId: props.accountId, first: paging.size, after: paging.after },
  });
  useRefreshOn(props.changes, ask);
  const purchases = data?.account?.purchases;

  return (
    <Panel title={t('purchases.title')}>
      {error && <Failure error={error} onRetry={ask} />}
      {!purchases && fetching && <Pending />}
      {purchases?.nodes.length === 0 && <Nothing>{t('purchases.none')}</Nothing>}
      {purchases && purchases.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('purchases.title')}
            columns={columns(t, props.timeZone)}
            rows={purchases.nodes}
            rowKey={(purchase) => purchase.id}
          />
          <Pager
            label={t('pager.purchases')}
            paging={paging}
            pageInfo={purchases.pageInfo}
            totalCount={purchases.totalCount}
          />
        </>
      )}
    </Panel>
  );
}

function columns(t: TFunction, timeZone: string): Column<Purchase>[] {
  return [
    {
      title: t('column.started'),
      heading: true,
      cell: (one) => formatInstant(one.createdAt, timeZone),
    },
    {
      title: t('column.package'),
      cell: (one) => packageName(t, one),
    },
    { title: t('column.credits'), decimal: (one) => one.credits },
    { title: t('column.price'), numeric: true, cell: (one) => formatMoney(one.price) },
    {
      title: t('column.state'),
      cell: ({ status }) => (
        <Badge variant="light" size="sm" color={COLORS[status]}>
          {t(`payment.${status}.title`)}
        </Badge>
      ),
    },
    {
      title: t('column.approve'),
      hideTitle: true,
      numeric: true,
      cell: ({ confirmationUrl }) =>
        confirmationUrl && (
          <Button size="compact-xs" variant="default" onClick={() => openPayment(confirmationUrl)}>
            {t('payment.page')}
          </Button>
        ),
    },
  ];
}
