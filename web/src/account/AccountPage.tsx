import { Alert, Button, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { lazy, type ReactNode, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { BalancePanel } from '../balance/BalancePanel';
import { useBalanceChanges } from '../balance/changes';
import { useRefreshOn } from '../balance/refresh';
import { ListsPanel } from '../contact_list/ListsPanel';
import { LotsPanel } from '../credit_lot/LotsPanel';
import { ReturnNotice } from '../credit_package/ReturnNotice';
import { graphql } from '../generated';
import { isZero } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pending } from '../screen/Pending';
import type { Permissions } from '../session/permissions';
import { goTo, routeHash, type Tab, tabsOf, useRoute } from '../session/route';

// The first screen loads none of these.
const MessagesTab = lazy(async () => ({
  default: (await import('../message/MessagesTab')).MessagesTab,
}));
const AllocationPanel = lazy(async () => ({
  default: (await import('../allocation/AllocationPanel')).AllocationPanel,
}));
const UsagePanel = lazy(async () => ({
  default: (await import('../usage/UsagePanel')).UsagePanel,
}));
const ForecastPanel = lazy(async () => ({
  default: (await import('../forecast/ForecastPanel')).ForecastPanel,
}));
const HistoryPanel = lazy(async () => ({
  default: (await import('../history/HistoryPanel')).HistoryPanel,
}));
const QuotePanel = lazy(async () => ({
  default: (await import('../quote/QuotePanel')).QuotePanel,
}));
const PackagesTab = lazy(async () => ({
  default: (await import('../credit_package/PackagesTab')).PackagesTab,
}));
const BillingTab = lazy(async () => ({
  default: (await import('../statement/BillingTab')).BillingTab,
}));
const SettingsTab = lazy(async () => ({
  default: (await import('../settings/SettingsTab')).SettingsTab,
}));
const AdministrationTab = lazy(async () => ({
  default: (await import('../administration/AdministrationTab')).AdministrationTab,
}));

const ACCOUNT = graphql(`
  query Account($id: ID!) {
    account(id: $id) {
      id
      name
      timeZone
      currencyCode
      balance {
        total
        held
        available
        assigned
        ...BalanceFigures
      }
    }
  }
`);

/** One account: its balance is always visible, the rest is under tabs. */
export function AccountPage({ accountId, can }: { accountId: string; can: Permissions }) {
  const { t } = useTranslation();
  const tabs = tabsOf(can);
  const { tab: asked } = useRoute();
  const tab = tabs.includes(asked) ? asked : 'credits';
  const [{ data, error, fetching }, ask] = useQuery({
    query: ACCOUNT,
    variables: { id: accountId },
  });
  const account = data?.account;
  const changes = useBalanceChanges(accountId, account?.balance, can.report);
  useRefreshOn(changes, ask);

  if (error) return <Failure error={error} onRetry={ask} />;
  if (!account && fetching) return <Pending rows={6} />;
  if (!account) return <Nothing>{t('account.notFound')}</Nothing>;

  const { timeZone, currencyCode } = account;
  const panels: Record<Tab, ReactNode> = {
    credits: (
      <Stack gap="md">
        <ListsPanel accountId={accountId} timeZone={timeZone} can={can} changes={changes} />
        {can.report && (
          <ForecastPanel
            accountId={accountId}
            timeZone={timeZone}
            mayBuy={can.purchase}
            changes={changes}
          />
        )}
        {can.report && <LotsPanel accountId={accountId} timeZone={timeZone} changes={changes} />}
      </Stack>
    ),
    messages: <MessagesTab accountId={accountId} timeZone={timeZone} can={can} changes={changes} />,
    limits: <AllocationPanel accountId={accountId} timeZone={timeZone} changes={changes} />,
    usage: <UsagePanel accountId={accountId} timeZone={timeZone} />,
    history: <HistoryPanel accountId={accountId} timeZone={timeZone} changes={changes} />,
    quote: <QuotePanel accountId={accountId} can={can} changes={changes} />,
    packages: (
      <PackagesTab
        accountId={accountId}
        currencyCode={currencyCode}
        timeZone={timeZone}
        can={can}
        changes={changes}
      />
    ),
    billing: (
      <BillingTab
        accountId={accountId}
        currencyCode={currencyCode}
        timeZone={timeZone}
        can={can}
        changes={changes}
      />
    ),
    settings: <SettingsTab accountId={accountId} timeZone={timeZone} can={can} />,
    administration: (
      <AdministrationTab
        accountId={accountId}
        currencyCode={currencyCode}
        timeZone={timeZone}
        can={can}
        changes={changes}
      />
    ),
  };

  return (
    <Stack gap="md">
      <Group justify="space-between" align="baseline" gap="xs">
        <Title order={1} size="h3" dir="auto">
          {account.name}
        </Title>
        <Text size="xs" c="dimmed">
          {t('account.timeZone', { timeZone })}
        </Text>
      </Group>
      <ReturnNotice />
      <BalancePanel
        balance={account.balance}
        scheduled={can.report ? routeHash({ account: accountId, tab: 'messages' }) : undefined}
      />
      {isZero(account.balance.total) && can.purchase && tab !== 'packages' && (
        <Alert color="cyan" title={t('account.noCredits')}>
          <Group justify="space-between" gap="sm">
            <Text size="sm">{t('account.firstStep')}</Text>
            <Button size="xs" onClick={() => goTo({ account: accountId, tab: 'packages' })}>
              {t('quote.packagesButton')}
            </Button>
          </Group>
        </Alert>
      )}
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => goTo({ account: accountId, tab: next as Tab })}
      >
        <Tabs.List mb="md" aria-label={t('account.parts')}>
          {tabs.map((one) => (
            <Tabs.Tab key={one} value={one} px={{ base: 'xs', xs: 'md' }}>
              {t(`tab.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map((one) => (
          <Tabs.Panel key={one} value={one}>
            <Suspense fallback={<Pending rows={6} />}>{panels[one]}</Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}
