import { Anchor, Badge, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { TFunction } from 'i18next';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LOCALES, language } from '../language/languages';
import { formatCount } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { serverText } from '../screen/server_text';
import { goTo, replaceHash, routeHash } from '../session/route';
import { formatInstant, formatLastDay } from '../time/format';
import { saveText } from '../usage/save';
import { type Account, usePortfolio } from './accounts';
import { writePortfolio } from './file';
import { NewAccountDialog } from './NewAccountDialog';
import { FILTERS, type Filter, ORDERS, type Order, passes, sorted } from './order';
import { useView, type View, viewHash } from './view';

/** The rows of a page. */
const ROWS = 50;

/**
 * All accounts with their credits, how long these last, what expires, and what was spent lately.
 * What it shows is in the address.
 */
export function PortfolioPanel({ mayCreate }: { mayCreate: boolean }) {
  const { t } = useTranslation();
  const view = useView();
  const { filter, order, reversed, search } = view;
  const [typed, setTyped] = useTyped(view);
  const [creating, setCreating] = useState(false);
  const paging = usePaging(ROWS);
  const { accounts, totalCount, error, retry } = usePortfolio(search);
  const shown = accounts && sorted(accounts, view, LOCALES[language()]);
  const rows = shown?.filter((account) => passes(account, filter)) ?? [];
  const first = Number(paging.after ?? 0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another view begins at its first page.
  useEffect(() => paging.restart(), [viewHash(view)]);

  function show(next: Partial<View>) {
    location.hash = viewHash({ ...view, search: typed.trim(), ...next });
  }

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
            attributes={{ input: { dir: 'auto' } }}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <NativeSelect
            size="xs"
            aria-label={t('portfolio.show')}
            data={FILTERS.map((value) => ({ value, label: t(`portfolio.filter.${value}`) }))}
            value={filter}
            onChange={(event) => show({ filter: event.currentTarget.value as Filter })}
          />
          <NativeSelect
            size="xs"
            aria-label={t('portfolio.sortBy')}
            data={ORDERS.map((value) => ({ value, label: t(`portfolio.order.${value}`) }))}
            value={order}
            onChange={(event) => show({ order: event.currentTarget.value as Order })}
          />
          <Button
            size="xs"
            variant={reversed ? 'light' : 'default'}
            aria-pressed={reversed}
            onClick={() => show({ reversed: !reversed })}
          >
            {t('portfolio.reverse')}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={rows.length === 0}
            onClick={() => saveText(writePortfolio(rows), 'accounts.csv')}
          >
            {t('action.downloadCsv')}
          </Button>
          {mayCreate && (
            <Button size="xs" onClick={() => setCreating(true)}>
              {t('portfolio.create')}
            </Button>
          )}
        </Group>
      }
    >
      {error && <Failure error={error} onRetry={retry} />}
      {!accounts && !error && <Pending rows={8} />}
      {accounts && rows.length === 0 && !error && (
        <Nothing>
          {filter !== 'all'
            ? t('portfolio.noneSuch')
            : search
              ? t('account.noneNamed', { search })
              : t('portfolio.none')}
        </Nothing>
      )}
      {accounts && totalCount > accounts.length && (
        <Text size="xs" c="dimmed" mb="xs" role="status">
          {t('portfolio.part', {
            shown: formatCount(accounts.length),
            all: formatCount(totalCount),
          })}
        </Text>
      )}
      {rows.length > 0 && (
        <>
          <DataTable
            caption={t('portfolio.title')}
            columns={columns(t)}
            rows={rows.slice(first, first + ROWS)}
            rowKey={(account) => account.id}
          />
          <Pager
            label={t('pager.portfolio')}
            paging={paging}
            pageInfo={{
              hasNextPage: first + ROWS < rows.length,
              endCursor: String(first + ROWS),
            }}
            totalCount={rows.length}
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

/** The name that is searched for, as it is typed. The address follows, and is followed. */
function useTyped(view: View): [string, (typed: string) => void] {
  const [typed, setTyped] = useState(view.search);
  const [settled] = useDebouncedValue(typed.trim(), 250);
  const written = useRef(view.search);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing changes the address.
  useEffect(() => {
    if (settled === view.search) return;
    written.current = settled;
    replaceHash(viewHash({ ...view, search: settled }));
  }, [settled]);
  useEffect(() => {
    // Not while more is being typed.
    if (written.current === view.search) return;
    written.current = view.search;
    setTyped(view.search);
  }, [view.search]);
  return [typed, setTyped];
}

function columns(t: TFunction): Column<Account>[] {
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
    { title: t('column.runway'), cell: (account) => <Runway account={account} /> },
    { title: t('column.expiringSoon'), decimal: ({ forecast }) => forecast.expiringInThirtyDays },
    { title: t('column.recharge'), cell: (account) => <Recharge account={account} /> },
    { title: t('column.spentThisMonth'), decimal: ({ forecast }) => forecast.usedThisMonth },
    { title: t('column.spentLastMonth'), decimal: ({ forecast }) => forecast.usedLastMonth },
    {
      title: t('column.lastEntry'),
      cell: ({ ledgerHead, timeZone }) =>
        ledgerHead.at ? formatInstant(ledgerHead.at, timeZone) : '—',
    },
  ];
}

/** How long the credits last at the pace of the last thirty days. */
function Runway({ account: { forecast } }: { account: Account }) {
  const { t } = useTranslation();
  const { runsOutOn, runwayDays } = forecast;
  if (!runsOutOn || runwayDays == null) return '—';
  return (
    <Stack gap={0}>
      {t('portfolio.days', { count: runwayDays })}
      {runwayDays > 0 && (
        <Text size="xs" c="dimmed">
          {t('forecast.through', { day: formatLastDay(runsOutOn) })}
        </Text>
      )}
    </Stack>
  );
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
