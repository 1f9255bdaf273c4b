import { Anchor, Badge, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { PortfolioQuery } from '../generated/graphql';
import { formatDecimal } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { serverText } from '../screen/server_text';
import { goTo, routeHash } from '../session/route';
import { formatLastDay } from '../time/format';
import { NewAccountDialog } from './NewAccountDialog';
import { type Spent, useSpent } from './spent';

const PORTFOLIO = graphql(`
  query Portfolio($first: Int!, $after: String, $search: String) {
    accounts(first: $first, after: $after, search: $search) {
      nodes {
        id
        name
        timeZone
        balance {
          available
          held
          nextExpiry {
            credits
            expiresOn
          }
        }
        autoRecharge {
          enabled
          suspendedReason
          heldBack
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

type Account = PortfolioQuery['accounts']['nodes'][number];

/** All accounts with their credits, what expires next, and what they spent lately. */
export function PortfolioPanel({ mayCreate }: { mayCreate: boolean }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [creating, setCreating] = useState(false);
  const paging = usePaging(20);
  const [{ data, error, fetching }, ask] = useQuery({
    query: PORTFOLIO,
    variables: { first: paging.size, after: paging.after, search: search || null },
    requestPolicy: 'cache-and-network',
  });
  const accounts = data?.accounts;
  const spent = useSpent(accounts?.nodes);

  return (
    <Panel
      title={t('portfolio.title')}
      aside={
        <Group gap="sm">
          <TextInput
            size="xs"
            type="search"
            aria-label={t('portfolio.search')}
            placeholder={t('action.searchByName')}
            dir="auto"
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              paging.restart();
            }}
          />
          {mayCreate && (
            <Button size="xs" onClick={() => setCreating(true)}>
              {t('portfolio.create')}
            </Button>
          )}
        </Group>
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!accounts && fetching && <Pending rows={8} />}
      {accounts?.nodes.length === 0 && (
        <Nothing>{search ? t('account.noneNamed', { search }) : t('portfolio.none')}</Nothing>
      )}
      {accounts && accounts.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('portfolio.title')}
            columns={columns(t, spent)}
            rows={accounts.nodes}
            rowKey={(account) => account.id}
          />
          <Pager
            label={t('pager.portfolio')}
            paging={paging}
            pageInfo={accounts.pageInfo}
            totalCount={accounts.totalCount}
          />
        </>
      )}
      {creating && (
        <NewAccountDialog
          onClose={() => setCreating(false)}
          onCreated={(account) => goTo({ account, tab: 'administration' })}
        />
      )}
    </Panel>
  );
}

function columns(t: TFunction, spent: ReadonlyMap<string, Spent>): Column<Account>[] {
  const figure = (account: Account, month: keyof Spent) => {
    const value = spent.get(account.id)?.[month];
    return value === undefined ? '…' : value === null ? '—' : formatDecimal(value);
  };
  return [
    {
      title: t('column.account'),
      heading: true,
      cell: (account) => (
        <Anchor href={routeHash({ account: account.id, tab: 'credits' })} size="sm" dir="auto">
          {account.name}
        </Anchor>
      ),
    },
    { title: t('column.available'), decimal: ({ balance }) => balance.available },
    { title: t('column.held'), decimal: ({ balance }) => balance.held },
    {
      title: t('column.nextExpiry'),
      cell: ({ balance: { nextExpiry } }) =>
        nextExpiry ? (
          <Stack gap={0}>
            {formatDecimal(nextExpiry.credits)}
            <Text size="xs" c="dimmed">
              {t('balance.usableThrough', { day: formatLastDay(nextExpiry.expiresOn) })}
            </Text>
          </Stack>
        ) : (
          '—'
        ),
    },
    { title: t('column.recharge'), cell: (account) => <Recharge account={account} /> },
    {
      title: t('column.spentThisMonth'),
      numeric: true,
      cell: (account) => figure(account, 'thisMonth'),
    },
    {
      title: t('column.spentLastMonth'),
      numeric: true,
      cell: (account) => figure(account, 'lastMonth'),
    },
  ];
}

/** Whether the account buys credits by itself, and what stops it. */
function Recharge({ account: { autoRecharge } }: { account: Account }) {
  const { t } = useTranslation();
  const { enabled, suspendedReason, heldBack } = autoRecharge;
  if (!enabled) return t('portfolio.rechargeOff');
  const state = suspendedReason ? 'stopped' : heldBack ? 'waiting' : 'on';
  const reason = suspendedReason ?? heldBack;
  return (
    <Stack gap={0} align="start">
      <Badge size="sm" variant="light" color={reason ? 'yellow' : 'teal'}>
        {t(`recharge.state.${state}`)}
      </Badge>
      {reason && (
        <Text size="xs" c="dimmed" maw="16rem">
          {serverText(reason)}
        </Text>
      )}
    </Stack>
  );
}
