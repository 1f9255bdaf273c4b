import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { openPayment } from '../credit_package/payment';
import { graphql } from '../generated';
import type { AutoRechargeQuery } from '../generated/graphql';
import { creditsText } from '../number/credits';
import { formatDecimal, formatMoney } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Figures } from '../screen/Figures';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { serverText } from '../screen/server_text';
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
  const { t } = useTranslation();
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
      {recharge.enabled ? t('action.change') : t('recharge.setUp')}
    </Button>
  );

  return (
    <Panel title={t('recharge.title')} aside={edit}>
      {error && <Failure error={error} onRetry={ask} />}
      {!recharge && fetching && <Pending />}
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
  const { t } = useTranslation();
  if (!recharge.enabled) {
    return (
      <Text size="sm" c="dimmed">
        {t('recharge.off')}
      </Text>
    );
  }
  const problem = recharge.suspendedReason ?? recharge.heldBack;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Badge color={problem ? 'yellow' : 'teal'} variant="light">
          {recharge.suspendedReason
            ? t('recharge.state.stopped')
            : problem
              ? t('recharge.state.waiting')
              : t('recharge.state.on')}
        </Badge>
        {recharge.package && recharge.threshold && (
          <Text size="sm">
            {t('recharge.rule', {
              name: recharge.package.name,
              credits: formatDecimal(recharge.package.credits),
              price: formatMoney(recharge.package.price),
              threshold: formatDecimal(recharge.threshold),
            })}
          </Text>
        )}
      </Group>
      {problem && (
        <Alert color="yellow" role="status">
          {serverText(problem)}{' '}
          {recharge.nextAttemptAt &&
            !recharge.suspendedReason &&
            t('recharge.nextAttempt', { at: formatInstant(recharge.nextAttemptAt, timeZone) })}
        </Alert>
      )}
      {recharge.confirmationUrl && (
        <Group>
          <Button size="xs" onClick={() => openPayment(recharge.confirmationUrl ?? '')}>
            {t('recharge.approve')}
          </Button>
        </Group>
      )}
      <Figures figures={figures(t, recharge, timeZone)} />
    </Stack>
  );
}

function figures(t: TFunction, recharge: AutoRecharge, timeZone: string): [string, string][] {
  const shown: [string, string][] = [
    [t('recharge.spent'), formatMoney(recharge.spentThisMonth)],
    [
      t('recharge.monthlyLimit'),
      recharge.monthlyLimit ? formatMoney(recharge.monthlyLimit) : t('recharge.noLimit'),
    ],
  ];
  if (recharge.remainingThisMonth) {
    shown.push([t('recharge.left'), formatMoney(recharge.remainingThisMonth)]);
  }
  if (recharge.inFlight) {
    shown.push([t('recharge.inFlight'), creditsText(t, recharge.inFlight.credits)]);
  }
  const limit = recharge.providerLimit;
  if (limit?.cap) {
    const cap = formatMoney(limit.cap);
    const used = limit.used && formatMoney(limit.used);
    shown.push([
      t('recharge.providerLimit'),
      used ? t('recharge.usedOf', { used, limit: cap }) : cap,
    ]);
  }
  if (limit?.periodEnd) {
    shown.push([t('recharge.periodEnds'), formatInstant(limit.periodEnd, timeZone)]);
  }
  return shown;
}
