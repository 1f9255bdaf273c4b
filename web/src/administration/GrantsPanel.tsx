import { Button, Group } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { LotName } from '../credit_lot/LotName';
import { graphql } from '../generated';
import type { SpendableLotsQuery } from '../generated/graphql';
import { isZero } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant, formatLastDay } from '../time/format';
import { GrantDialog } from './GrantDialog';
import { RevokeCreditsDialog } from './RevokeCreditsDialog';

const LOTS = graphql(`
  query SpendableLots($accountId: ID!, $first: Int!, $after: String) {
    account(id: $accountId) {
      id
      balance {
        available
      }
      lots(first: $first, after: $after, state: ACTIVE) {
        nodes {
          id
          source
          note
          purchase {
            id
            package {
              id
              name
            }
          }
          remaining
          held
          expiresOn
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

type Lot = NonNullable<SpendableLotsQuery['account']>['lots']['nodes'][number];

/** Gives credits without payment, and takes them back: from one lot, or as they would be spent. */
export function GrantsPanel(props: { accountId: string; timeZone: string; changes: number }) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const [open, setOpen] = useState<'grant' | 'revoke' | Lot>();
  const paging = usePaging(10);
  const [{ data, error, fetching }, ask] = useQuery({
    query: LOTS,
    variables: { accountId, first: paging.size, after: paging.after },
  });
  useRefreshOn(props.changes, ask);
  const account = data?.account;
  const lots = account?.lots;

  function close() {
    setOpen(undefined);
    ask({ requestPolicy: 'network-only' });
  }

  const buttons = account && (
    <Group gap="xs">
      <Button
        size="xs"
        variant="default"
        disabled={isZero(account.balance.available)}
        onClick={() => setOpen('revoke')}
      >
        {t('grants.revoke')}
      </Button>
      <Button size="xs" onClick={() => setOpen('grant')}>
        {t('grants.grant')}
      </Button>
    </Group>
  );

  return (
    <Panel title={t('grants.title')} aside={buttons}>
      {error && <Failure error={error} onRetry={ask} />}
      {!lots && fetching && <Pending />}
      {lots?.nodes.length === 0 && <Nothing>{t('grants.none')}</Nothing>}
      {lots && lots.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('grants.lots')}
            columns={columns(t, timeZone, setOpen)}
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
      {open === 'grant' && account && (
        <GrantDialog accountId={accountId} available={account.balance.available} onClose={close} />
      )}
      {open && open !== 'grant' && account && (
        <RevokeCreditsDialog
          accountId={accountId}
          available={account.balance.available}
          lot={open === 'revoke' ? undefined : open}
          onClose={close}
        />
      )}
    </Panel>
  );
}

function columns(t: TFunction, timeZone: string, onRevoke: (lot: Lot) => void): Column<Lot>[] {
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
    { title: t('column.remaining'), decimal: (lot) => lot.remaining },
    { title: t('column.held'), decimal: (lot) => lot.held },
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (lot) =>
        !isZero(lot.remaining) && (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t('grants.revokeFromThis', {
              source: t(`lots.source.${lot.source}`),
              at: formatInstant(lot.createdAt, timeZone),
            })}
            onClick={() => onRevoke(lot)}
          >
            {t('grants.revokeFrom')}
          </Button>
        ),
    },
  ];
}
