import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { openPayment } from '../credit_package/payment';
import { graphql } from '../generated';
import type { AutoRechargeQuery } from '../generated/graphql';
import { formatDecimal, formatMoney } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Figures } from '../screen/Figures';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { formatInstant } from '../time/format';
import { RechargeDialog } from './RechargeDialog';

const AUTO_RECHARGE = graphql(`
  query AutoRecharge($accountId: ID!) {
    account(id: $accountId) {
      id
      autoRecharge {
        enabled
        threshold
        package {
          id
          name
          credits
          price {
            amount
            currencyCode
          }
        }
        monthlyLimit {
          amount
          currencyCode
        }
        spentThisMonth {
          amount
          currencyCode
        }
        remainingThisMonth {
          amount
          currencyCode
        }
        suspendedReason
        heldBack
        nextAttemptAt
        confirmationUrl
        inFlight {
          id
          credits
        }
        providerLimit {
          cap {
            amount
            currencyCode
          }
          used {
            amount
            currencyCode
          }
          periodEnd
        }
      }
    }
  }
`);

type AutoRecharge = NonNullable<AutoRechargeQuery['account']>['autoRecharge'];

/** Whether the account buys credits by itself, within which limits, and what stops it. */
export function AutoRechargePanel(props: {
  accountId: string;
  timeZone: string;
  currencyCode: string;
  mayChange: boolean;
  changes: number;
}) {
  const { accountId, timeZone } = props;
  const [editing, setEditing] = useState(false);
  const [{ data, error, fetching }, ask] = useQuery({
    query: AUTO_RECHARGE,
    variables: { accountId },
  });
  useRefreshOn(props.changes, ask);
  const recharge = data?.account?.autoRecharge;

  const edit = props.mayChange && recharge && (
    <Button size="xs" variant="default" onClick={() => setEditing(true)}>
      {recharge.enabled ? 'Change' : 'Set up'}
    </Button>
  );

  return (
    <Panel title="Automatic recharge" aside={edit}>
      {error && <Failure error={error} onRetry={ask} />}
      {!recharge && fetching && <Pending what="the automatic recharge" />}
      {recharge && <Settings recharge={recharge} timeZone={timeZone} />}
      {editing && recharge && (
        <RechargeDialog
          accountId={accountId}
          currencyCode={props.currencyCode}
          recharge={recharge}
          onClose={() => {
            setEditing(false);
            ask({ requestPolicy: 'network-only' });
          }}
        />
      )}
    </Panel>
  );
}

function Settings({ recharge, timeZone }: { recharge: AutoRecharge; timeZone: string }) {
  if (!recharge.enabled) {
    return (
      <Text size="sm" c="dimmed">
        Off. When credits run low, messages wait until somebody buys a package.
      </Text>
    );
  }
  const problem = recharge.suspendedReason ?? recharge.heldBack;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Badge color={problem ? 'yellow' : 'teal'} variant="light">
          {recharge.suspendedReason ? 'Stopped' : problem ? 'Waiting' : 'On'}
        </Badge>
        {recharge.package && recharge.threshold && (
          <Text size="sm">
            Buys {recharge.package.name} ({formatDecimal(recharge.package.credits)} credits for{' '}
            {formatMoney(recharge.package.price)}) when fewer than{' '}
            {formatDecimal(recharge.threshold)} credits are available.
          </Text>
        )}
      </Group>
      {problem && (
        <Alert color="yellow" role="status">
          {problem}
          {recharge.nextAttemptAt &&
            !recharge.suspendedReason &&
            ` It is tried again on ${formatInstant(recharge.nextAttemptAt, timeZone)}.`}
        </Alert>
      )}
      {recharge.confirmationUrl && (
        <Group>
          <Button size="xs" onClick={() => openPayment(recharge.confirmationUrl ?? '')}>
            Approve automatic charges
          </Button>
        </Group>
      )}
      <Figures figures={figures(recharge, timeZone)} />
    </Stack>
  );
}

function figures(recharge: AutoRecharge, timeZone: string): [string, string][] {
  const shown: [string, string][] = [
    ['Spent this month', formatMoney(recharge.spentThisMonth)],
    ['Monthly limit', recharge.monthlyLimit ? formatMoney(recharge.monthlyLimit) : 'none'],
  ];
  if (recharge.remainingThisMonth) {
    shown.push(['Left this month', formatMoney(recharge.remainingThisMonth)]);
  }
  if (recharge.inFlight) {
    shown.push(['On its way', `${formatDecimal(recharge.inFlight.credits)} credits`]);
  }
  const limit = recharge.providerLimit;
  if (limit?.cap) {
    const used = limit.used ? `${formatMoney(limit.used)} of ` : '';
    shown.push(['Payment provider’s limit', `${used}${formatMoney(limit.cap)}`]);
  }
  if (limit?.periodEnd) {
    shown.push(['Its period ends', formatInstant(limit.periodEnd, timeZone)]);
  }
  return shown;
}
