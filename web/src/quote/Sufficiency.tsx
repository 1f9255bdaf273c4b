import { Alert, Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LimitDialog } from '../contact_list/LimitDialog';
import { type FragmentType, graphql, readFragment } from '../generated';
import { formatDecimal, isNegative, negated, sum } from '../number/decimal';
import type { Permissions } from '../session/permissions';
import { goTo } from '../session/route';

export const SUFFICIENCY = graphql(`
  fragment Sufficiency on Quote {
    credits
    available
    sufficient
    shortfall
    suggestedPackage {
      id
      name
    }
  }
`);

interface Props {
  accountId: string;
  quote: FragmentType<typeof SUFFICIENCY>;
  /** The list that pays; the account's unassigned credits do if it is left out. */
  list?: {
    id: string;
    name: string;
    allocation: { mode: 'SHARED' | 'LIMITED'; assigned?: string | null };
  };
  unassigned: string;
  can: Permissions;
}

/**
 * Whether the credits suffice for the message and how many would be left, or what to do if they
 * don't: a list with a limit needs a higher one, which takes bought credits only if too few are
 * unassigned.
 */
export function Sufficiency({ accountId, quote: shown, list, unassigned, can }: Props) {
  const { t } = useTranslation();
  const [raising, setRaising] = useState(false);
  const quote = readFragment(SUFFICIENCY, shown);
  const amount = { credits: formatDecimal(quote.available) };
  const available = list ? t('quote.available', amount) : t('quote.availableUnassigned', amount);
  if (quote.sufficient) {
    const left = sum([quote.available, negated(quote.credits)]);
    return (
      <Text size="sm">
        {available} {t('quote.left', { credits: formatDecimal(left) })}
      </Text>
    );
  }

  const limited = list?.allocation.mode === 'LIMITED';
  // Beyond the unassigned credits, a limit can't be raised.
  const lacking = limited ? sum([quote.shortfall, negated(unassigned)]) : quote.shortfall;
  const suffices = limited && (isNegative(lacking) || lacking === '0');
  const missing = t('quote.missing', { credits: formatDecimal(quote.shortfall) });
  const advice = suffices
    ? t('quote.raise', { unassigned: formatDecimal(unassigned) })
    : limited
      ? t('quote.buyThenRaise', {
          unassigned: formatDecimal(unassigned),
          lacking: formatDecimal(lacking),
        })
      : quote.suggestedPackage && t('quote.package', { name: quote.suggestedPackage.name });
  return (
    <Alert color="red" role="alert">
      <Stack gap="xs" align="start">
        <Text size="sm">
          {available} {missing} {advice}
        </Text>
        {suffices && can.allocate && (
          <Button size="xs" variant="default" onClick={() => setRaising(true)}>
            {t('quote.raiseButton')}
          </Button>
        )}
        {!suffices && can.purchase && (
          <Button
            size="xs"
            variant="default"
            onClick={() => goTo({ account: accountId, tab: 'packages' })}
          >
            {t('quote.packagesButton')}
          </Button>
        )}
      </Stack>
      {raising && list && (
        <LimitDialog
          accountId={accountId}
          list={list}
          unassigned={unassigned}
          needed={quote.credits}
          onClose={() => setRaising(false)}
        />
      )}
    </Alert>
  );
}
