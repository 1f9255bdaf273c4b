import { Stack, Tabs, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PlatformKeysPanel } from '../api_key/PlatformKeysPanel';
import { PackagesForSale } from '../credit_package/PackagesForSale';
import { PortfolioPanel } from '../portfolio/PortfolioPanel';
import { RateCardsPanel } from '../rate_card/RateCardsPanel';
import type { Permissions } from '../session/permissions';
import { PLATFORM_PARTS, type PlatformPart, platformHash } from '../session/route';

/** The platform's own page: all accounts, what is sold, and the platform's keys. */
export function PlatformPage({ part, can }: { part: PlatformPart; can: Permissions }) {
  const { t } = useTranslation();
  const parts = PLATFORM_PARTS.filter((one) => one !== 'keys' || can.administer);
  const shown = parts.includes(part) ? part : 'accounts';
  const panels: Record<PlatformPart, ReactNode> = {
    accounts: <PortfolioPanel mayCreate={can.administer} />,
    packages: <PackagesForSale mayChange={can.administer} />,
    rateCards: <RateCardsPanel mayPublish={can.administer} />,
    keys: <PlatformKeysPanel />,
  };
  return (
    <Stack gap="md">
      <Title order={1} size="h3">
        {t('platform.title')}
      </Title>
      <Tabs
        value={shown}
        keepMounted={false}
        onChange={(next) => {
          location.hash = platformHash(next as PlatformPart);
        }}
      >
        <Tabs.List mb="md" aria-label={t('platform.parts')}>
          {parts.map((one) => (
            <Tabs.Tab key={one} value={one} px={{ base: 'xs', xs: 'md' }}>
              {t(`platform.part.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {parts.map((one) => (
          <Tabs.Panel key={one} value={one}>
            {panels[one]}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}
