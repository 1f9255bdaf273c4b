import { Button, MultiSelect, SegmentedControl, SimpleGrid, Stack } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { countryName, DESTINATIONS } from '../country/countries';
import { graphql } from '../generated';
import type { Channel, PackagesQuery } from '../generated/graphql';
import { formatCount, formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { PurchaseDialog } from './PurchaseDialog';

const PACKAGES = graphql(`
  query Packages(
    $accountId: ID!
    $countryCodes: [CountryCode!]!
    $channel: Channel!
    $first: Int!
    $after: String
  ) {
    creditPackages(first: $first, after: $after) {
      nodes {
        id
        name
        credits
        price {
          amount
          currencyCode
        }
        validityDays
        capacity(accountId: $accountId, countryCodes: $countryCodes, channel: $channel) {
          countryCode
          messages
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

type Package = PackagesQuery['creditPackages']['nodes'][number];

/**
 * The packages for sale, the messages that each buys to the chosen destinations, and a button to
 * buy it.
 */
export function PackagesPanel({
  accountId,
  mayPurchase,
}: {
  accountId: string;
  mayPurchase: boolean;
}) {
  const [countryCodes, setCountryCodes] = useState<string[]>(['IT', 'DE', 'GB']);
  const [channel, setChannel] = useState<Channel>('SMS');
  const [buying, setBuying] = useState<Package>();
  const paging = usePaging(20);
  const variables = useMemo(
    () => ({ accountId, countryCodes, channel, first: paging.size, after: paging.after }),
    [accountId, countryCodes, channel, paging.size, paging.after],
  );
  const [{ data, error, fetching }, ask] = useQuery({ query: PACKAGES, variables });
  const packages = data?.creditPackages;

  return (
    <Panel title="Packages">
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" style={{ alignItems: 'end' }}>
          <MultiSelect
            label="Messages to"
            searchable
            maxValues={6}
            data={DESTINATIONS}
            value={countryCodes}
            onChange={setCountryCodes}
          />
          <SegmentedControl
            aria-label="Channel"
            value={channel}
            onChange={(value) => setChannel(value as Channel)}
            data={['SMS', 'MMS']}
            w={160}
          />
        </SimpleGrid>
        {error && <Failure error={error} onRetry={ask} />}
        {!packages && fetching && <Pending what="packages" />}
        {packages?.nodes.length === 0 && <Nothing>No packages are for sale.</Nothing>}
        {packages && packages.nodes.length > 0 && (
          <div>
            <DataTable
              caption={`Packages, and how many one-segment ${channel} each buys`}
              columns={columns(countryCodes, mayPurchase ? setBuying : undefined)}
              rows={packages.nodes}
              rowKey={(one) => one.id}
            />
            <Pager
              what="packages"
              paging={paging}
              pageInfo={packages.pageInfo}
              totalCount={packages.totalCount}
            />
          </div>
        )}
      </Stack>
      {buying && (
        <PurchaseDialog accountId={accountId} offer={buying} onClose={() => setBuying(undefined)} />
      )}
    </Panel>
  );
}

function columns(countryCodes: string[], onBuy?: (one: Package) => void): Column<Package>[] {
  const shown: Column<Package>[] = [
    { title: 'Package', heading: true, cell: (one) => one.name },
    { title: 'Credits', decimal: (one) => one.credits },
    { title: 'Price', numeric: true, cell: (one) => formatMoney(one.price) },
    {
      title: 'Valid for',
      numeric: true,
      cell: (one) => (one.validityDays ? `${formatCount(one.validityDays)} days` : 'no limit'),
    },
    ...countryCodes.map((code) => ({
      title: `To ${countryName(code)}`,
      numeric: true,
      cell: (one: Package) => capacity(one, code),
    })),
  ];
  if (!onBuy) return shown;
  return [
    ...shown,
    {
      title: 'Buy',
      hideTitle: true,
      numeric: true,
      cell: (one) => (
        <Button size="compact-xs" aria-label={`Buy ${one.name}`} onClick={() => onBuy(one)}>
          Buy
        </Button>
      ),
    },
  ];
}

function capacity(one: Package, countryCode: string): string {
  const found = one.capacity.find((row) => row.countryCode === countryCode);
  return found?.messages == null ? 'not served' : formatCount(found.messages);
}
