import { Box, Group, Paper, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { type FragmentType, graphql, readFragment } from '../generated';
import { formatDecimal, formatMoney } from '../number/decimal';
import { formatLastDay } from '../time/format';

const BALANCE = graphql(`
  fragment BalanceFigures on Balance {
    total
    held
    available
    assigned
    unassigned
    value {
      amount
      currencyCode
    }
    nextExpiry {
      credits
      expiresOn
    }
  }
`);

/** The account's balance as a row of figures. */
export function BalancePanel(props: { balance: FragmentType<typeof BALANCE> }) {
  const balance = readFragment(BALANCE, props.balance);
  return (
    <Paper component="section" aria-label="Balance" withBorder p="md">
      <SimpleGrid component="dl" m={0} cols={{ base: 2, xs: 3, md: 6 }} spacing="md">
        <Figure name="Available" strong note={`worth ${formatMoney(balance.value)}`}>
          {formatDecimal(balance.available)}
        </Figure>
        <Figure name="Unassigned" note="shared by lists without a limit">
          {formatDecimal(balance.unassigned)}
        </Figure>
        <Figure name="Assigned" note="set aside for limited lists">
          {formatDecimal(balance.assigned)}
        </Figure>
        <Figure name="Held" note="for scheduled messages">
          {formatDecimal(balance.held)}
        </Figure>
        <Figure name="Total" note="available and held">
          {formatDecimal(balance.total)}
        </Figure>
        <Figure
          name="Next to expire"
          note={
            balance.nextExpiry
              ? `usable through ${formatLastDay(balance.nextExpiry.expiresOn)}`
              : 'no expiry'
          }
        >
          {balance.nextExpiry ? formatDecimal(balance.nextExpiry.credits) : '—'}
        </Figure>
      </SimpleGrid>
    </Paper>
  );
}

function Figure(props: { name: string; note: string; strong?: boolean; children: ReactNode }) {
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
          style={{ fontVariantNumeric: 'tabular-nums' }}
          data-figure={props.name}
        >
          {props.children}
        </Text>
        <Text component="span" size="xs" c="dimmed">
          {props.note}
        </Text>
      </Group>
    </Box>
  );
}
