import { Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from 'urql';
import { BalancePanel } from '../balance/BalancePanel';
import { useBalanceChanges } from '../balance/changes';
import { useRefreshOn } from '../balance/refresh';
import { ListsPanel } from '../contact_list/ListsPanel';
import { LotsPanel } from '../credit_lot/LotsPanel';
import { PackagesPanel } from '../credit_package/PackagesPanel';
import { PurchasesPanel } from '../credit_package/PurchasesPanel';
import { ReturnNotice } from '../credit_package/ReturnNotice';
import { graphql } from '../generated';
import { QuotePanel } from '../quote/QuotePanel';
import { AutoRechargePanel } from '../recharge/AutoRechargePanel';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pending } from '../screen/Pending';
import type { Permissions } from '../session/permissions';
import { goTo, TABS, type Tab, useRoute } from '../session/route';
import { StatementPanel } from '../statement/StatementPanel';
import { today } from '../time/period';
import { UsagePanel } from '../usage/UsagePanel';

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

const TITLES: Record<Tab, string> = {
  credits: 'Credits',
  usage: 'Usage',
  quote: 'Quote',
  packages: 'Packages',
  billing: 'Billing',
};

/** One account: its balance is always visible, the rest is under tabs. */
export function AccountPage({ accountId, can }: { accountId: string; can: Permissions }) {
  const tabs = TABS.filter((one) => can.report || (one !== 'usage' && one !== 'billing'));
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
  if (!account && fetching) return <Pending what="the account" rows={6} />;
  if (!account) return <Nothing>No account has this id, or this key may not see it.</Nothing>;

  return (
    <Stack gap="md">
      <Group justify="space-between" align="baseline" gap="xs">
        <Title order={1} size="h3">
          {account.name}
        </Title>
        <Text size="xs" c="dimmed">
          Days in {account.timeZone}
        </Text>
      </Group>
      <ReturnNotice />
      <BalancePanel balance={account.balance} />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => goTo({ account: accountId, tab: next as Tab })}
      >
        <Tabs.List mb="md" aria-label="Parts of the account">
          {tabs.map((one) => (
            <Tabs.Tab key={one} value={one} px={{ base: 'xs', xs: 'md' }}>
              {TITLES[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="credits">
          <Stack gap="md">
            <ListsPanel
              accountId={accountId}
              mayAllocate={can.allocate}
              mayImport={can.importContacts}
              changes={changes}
            />
            {can.report && (
              <LotsPanel accountId={accountId} timeZone={account.timeZone} changes={changes} />
            )}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="usage">
          <UsagePanel accountId={accountId} timeZone={account.timeZone} />
        </Tabs.Panel>
        <Tabs.Panel value="quote">
          <QuotePanel accountId={accountId} changes={changes} />
        </Tabs.Panel>
        <Tabs.Panel value="packages">
          <Stack gap="md">
            <PackagesPanel accountId={accountId} mayPurchase={can.purchase} />
            {can.report && (
              <PurchasesPanel accountId={accountId} timeZone={account.timeZone} changes={changes} />
            )}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="billing">
          <Stack gap="md">
            <AutoRechargePanel
              accountId={accountId}
              timeZone={account.timeZone}
              currencyCode={account.currencyCode}
              mayChange={can.recharge}
              changes={changes}
            />
            <StatementPanel
              accountId={accountId}
              timeZone={account.timeZone}
              today={today(account.timeZone)}
              changes={changes}
            />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
