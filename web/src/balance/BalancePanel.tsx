import { Anchor, Box, Group, Paper, SimpleGrid, Text } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import { formatDecimal, isZero } from '../number/decimal';
import { formatLastDay } from '../time/format';

const BALANCE = graphql(`
  fragment BalanceFigures on Balance {
    total
    held
    available
    assigned
    unassigned
    nextExpiry {
      credits
      expiresOn
    }
  }
`);

/** The account's balance as a row of figures. */
export function BalancePanel(props: {
  balance: FragmentType<typeof BALANCE>;
  /** The address of the messages that hold credits, for those who may read them. */
  scheduled?: string;
}) {
  const { t } = useTranslation();
  const balance = readFragment(BALANCE, props.balance);
  const { nextExpiry } = balance;
  const lastDay = nextExpiry && formatLastDay(nextExpiry.expiresOn);
  return (
    <Paper component="section" aria-label={t('balance.title')} withBorder p="md">
      <SimpleGrid component="dl" m={0} cols={{ base: 2, xs: 3, md: 6 }} spacing="md">
        <Figure name={t('balance.available')} strong note={t('balance.availableMeaning')}>
          {formatDecimal(balance.available)}
        </Figure>
        <Figure name={t('balance.unassigned')} note={t('balance.unassignedMeaning')}>
          {formatDecimal(balance.unassigned)}
        </Figure>
        <Figure name={t('balance.assigned')} note={t('balance.assignedMeaning')}>
          {formatDecimal(balance.assigned)}
        </Figure>
        <Figure
          name={t('balance.held')}
          note={t('balance.heldMeaning')}
          href={isZero(balance.held) ? undefined : props.scheduled}
        >
          {formatDecimal(balance.held)}
        </Figure>
        <Figure name={t('balance.total')} note={t('balance.totalMeaning')}>
          {formatDecimal(balance.total)}
        </Figure>
        <Figure
          name={t('balance.nextExpiry')}
          note={lastDay ? t('balance.usableThrough', { day: lastDay }) : t('balance.noExpiry')}
        >
          {nextExpiry ? formatDecimal(nextExpiry.credits) : '—'}
        </Figure>
      </SimpleGrid>
    </Paper>
  );
}

/** Where a figure of many digits may go on in the next line. */
const AFTER_SEPARATOR = /(?<=[.,])/;

function Figure(props: {
  name: string;
  note: string;
  strong?: boolean;
  /** Where the figure leads. */
  href?: string;
  children: string;
}) {
  const parts = props.children.split(AFTER_SEPARATOR).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its position alone.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
  return (
    <Box>
      <Text component="dt" size="xs" c="dimmed">
        {props.name}
      </Text>
      <Group component="dd" m={0} gap={0} style={{ flexDirection: 'column', alignItems: 'start' }}>
        <Text
          component="span"
          size="lg"
          fw={props.strong ? 700 : 500}
          style={{ fontVariantNumeric: 'tabular-nums', overflowWrap: 'anywhere' }}
          data-figure={props.name}
        >
          {props.href ? (
            <Anchor href={props.href} inherit>
              {parts}
            </Anchor>
          ) : (
            parts
          )}
        </Text>
        <Text component="span" size="xs" c="dimmed">
          {props.note}
        </Text>
      </Group>
    </Box>
  );
}
