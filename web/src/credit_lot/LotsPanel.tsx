import { Badge, SegmentedControl, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { CreditLotState, LotsQuery } from '../generated/graphql';
import { formatDecimal, isZero } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant, formatLastDay } from '../time/format';
import { LotName } from './LotName';

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
          held
          used
          expired
          revoked
          note
          purchase {
            id
            package {
              id
              name
            }
          }
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

const COLORS: Record<CreditLotState, string> = {
  ACTIVE: 'teal',
  EXHAUSTED: 'gray',
  EXPIRED: 'orange',
};

/** The account's credit lots. */
export function LotsPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const { t } = useTranslation();
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
      title={t('lots.title')}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('lots.which')}
          value={state}
          onChange={(value) => {
            setState(value as CreditLotState | 'ALL');
            paging.restart();
          }}
          data={[
            { value: 'ACTIVE', label: t('lots.active') },
            { value: 'ALL', label: t('lots.all') },
          ]}
        />
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!lots && fetching && <Pending />}
      {lots?.nodes.length === 0 && <Nothing>{t('lots.none')}</Nothing>}
      {lots && lots.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('lots.title')}
            columns={columns(t, props.timeZone)}
            rows={lots.nodes}
            rowKey={(lot) => lot.id}
          />
          <Pager
            label={t('pager.lots')}
            paging={paging}
            pageInfo={lots.pageInfo}
            totalCount={lots.totalCount}
          />
        </>
      )}
    </Panel>
  );
}

function columns(t: TFunction, timeZone: string): Column<Lot>[] {
  return [
    {
      title: t('column.source'),
      heading: true,
      cell: (lot) => <LotName lot={lot} />,
    },
    { title: t('column.created'), cell: (lot) => formatInstant(lot.createdAt, timeZone) },
    {
      title: t('column.usableThrough'),
      cell: (lot) => (lot.expiresOn ? formatLastDay(lot.expiresOn) : t('lots.neverExpires')),
    },
    { title: t('column.granted'), decimal: (lot) => lot.granted },
    { title: t('column.remaining'), decimal: (lot) => lot.remaining },
    { title: t('column.held'), decimal: (lot) => lot.held },
    { title: t('column.used'), decimal: (lot) => lot.used },
    { title: t('column.expired'), decimal: (lot) => lot.expired },
    {
      title: t('column.state'),
      cell: ({ state, revoked }) => (
        <Stack gap={0} align="start">
          <Badge variant="light" size="sm" color={COLORS[state]}>
            {t(`lots.state.${state}`)}
          </Badge>
          {!isZero(revoked) && (
            <Text size="xs" c="dimmed">
              {t('lots.revoked', { credits: formatDecimal(revoked) })}
            </Text>
          )}
        </Stack>
      ),
    },
  ];
}
