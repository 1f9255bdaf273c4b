import { Button, MultiSelect, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { countryName, destinations } from '../country/countries';
import { graphql } from '../generated';
import type { Channel, PackagesQuery } from '../generated/graphql';
import { formatCount, formatMoney, pricePerCredit } from '../number/decimal';
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
    creditPackages(accountId: $accountId, first: $first, after: $after) {
      nodes {
        id
        code
        name
        credits
        price {
          amount
          currencyCode
        }
        validityDays
        capacity(accountId: $accountId, countryCodes: $countryCodes, channel: $channel) {
          countryCode
          creditsPerMessage
          messageCount
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

/** Every channel, in the order shown; the type makes a missing one an error. */
const CHANNELS = Object.keys({ SMS: true, MMS: true } satisfies Record<Channel, true>);

/**
 * The packages for sale in the account's currency, the messages that each buys to the chosen
 * destinations, and a button to buy it.
 */
export function PackagesPanel(props: {
  accountId: string;
  currencyCode: string;
  mayPurchase: boolean;
}) {
  const { t } = useTranslation();
  const { accountId, currencyCode } = props;
  const [countryCodes, setCountryCodes] = useState<string[]>(['IT', 'DE', 'GB']);
  const [channel, setChannel] = useState<Channel>('SMS');
  const [buying, setBuying] = useState<Package>();
  const paging = usePaging(100);
  const variables = useMemo(
    () => ({ accountId, countryCodes, channel, first: paging.size, after: paging.after }),
    [accountId, countryCodes, channel, paging.size, paging.after],
  );
  const [{ data, error, fetching }, ask] = useQuery({ query: PACKAGES, variables });
  const packages = data?.creditPackages;
  const offered = packages?.nodes ?? [];

  return (
    <Panel title={t('packages.title')}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" style={{ alignItems: 'end' }}>
          <MultiSelect
            label={t('packages.messagesTo')}
            searchable
            maxValues={6}
            data={destinations()}
            value={countryCodes}
            onChange={setCountryCodes}
          />
          <SegmentedControl
            aria-label={t('packages.channel')}
            value={channel}
            onChange={(value) => setChannel(value as Channel)}
            data={CHANNELS}
            w={160}
          />
        </SimpleGrid>
        {error && <Failure error={error} onRetry={ask} />}
        {!packages && fetching && <Pending />}
        {packages && offered.length === 0 && (
          <Nothing>{t('packages.none', { currency: currencyCode })}</Nothing>
        )}
        {packages && (
          <div>
            {offered.length > 0 && (
              <DataTable
                caption={t('packages.caption', { channel })}
                columns={columns(
                  t,
                  offered,
                  countryCodes,
                  props.mayPurchase ? setBuying : undefined,
                )}
                rows={offered}
                rowKey={(one) => one.id}
              />
            )}
            <Pager
              label={t('pager.packages')}
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

function columns(
  t: TFunction,
  offered: readonly Package[],
  countryCodes: string[],
  onBuy?: (one: Package) => void,
): Column<Package>[] {
  const isRepeated = ({ name }: Package) => offered.filter((one) => one.name === name).length > 1;
  const shown: Column<Package>[] = [
    {
      title: t('column.package'),
      heading: true,
      cell: (one) => (
        <>
          {one.name}
          {isRepeated(one) && (
            <Text size="xs" c="dimmed">
              {one.code}
            </Text>
          )}
        </>
      ),
    },
    { title: t('column.credits'), decimal: (one) => one.credits },
    { title: t('column.price'), numeric: true, cell: (one) => formatMoney(one.price) },
    {
      title: t('column.pricePerCredit'),
      numeric: true,
      cell: ({ price, credits }) =>
        formatMoney({ ...price, amount: pricePerCredit(price.amount, credits) }),
    },
    {
      title: t('column.validity'),
      numeric: true,
      cell: (one) =>
        one.validityDays ? t('packages.days', { count: one.validityDays }) : t('packages.noLimit'),
    },
    ...countryCodes.map((code) => ({
      title: t('packages.to', { country: countryName(code) }),
      numeric: true,
      cell: (one: Package) => capacity(t, one, code),
    })),
  ];
  if (!onBuy) return shown;
  return [
    ...shown,
    {
      title: t('packages.buy'),
      hideTitle: true,
      numeric: true,
      cell: (one) => (
        <Button
          size="compact-xs"
          aria-label={t('packages.buyNamed', {
            name: isRepeated(one) ? `${one.name} (${one.code})` : one.name,
          })}
          onClick={() => onBuy(one)}
        >
          {t('packages.buy')}
        </Button>
      ),
    },
  ];
}

function capacity(t: TFunction, one: Package, countryCode: string): string {
  const found = one.capacity.find((row) => row.countryCode === countryCode);
  if (found?.creditsPerMessage == null) return t('country.notServed');
  return found.messageCount == null ? t('packages.unlimited') : formatCount(found.messageCount);
}
