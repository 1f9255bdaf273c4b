import { Stack, Title } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { ForecastDrawingsQuery } from '../generated/graphql';
import { isZero, sum } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { today } from '../time/today';
import { type Outlook, outlookOf } from './outlook';
import { Runway } from './Runway';
import { stepsOf } from './steps';
import { Waterfall } from './Waterfall';
import { MEASURED_DAYS } from './walk';

/** What the drawings need: the forecast, the lots, the days before and what is scheduled. */
const DRAWINGS = graphql(`
  query ForecastDrawings($accountId: ID!, $usage: UsageReportInput!) {
    account(id: $accountId) {
      id
      consumptionOrder
      balance {
        available
        held
      }
      lots(first: 1000, state: ACTIVE) {
        nodes {
          id
          remaining
          expiresOn
        }
      }
      scheduledMessages(first: 1000) {
        nodes {
          id
          sendAt
          credits
        }
      }
      forecast {
        asOf
        usedInThirtyDays
        usedInMonthAYearAgo
        runsOutOn
        earliestRunsOutOn
        latestRunsOutOn
        expiries {
          expiresOn
          credits
          used
          lost
          held
        }
      }
    }
    usageReport(input: $usage) {
      buckets {
        start
        usage {
          credits
        }
      }
    }
  }
`);

const DAY = 86_400_000;

/** When the credits run out, and what becomes of those that expire, as drawings. */
export default function ForecastDrawings(props: {
  accountId: string;
  timeZone: string;
  changes: number;
}) {
  const { t } = useTranslation();
  const usage = useMemo(() => {
    // Whole days, and a day more: the report's first day may be a part, and its last one is today.
    const from = new Date(Date.now() - (MEASURED_DAYS + 2) * DAY).toISOString();
    const to = new Date(Date.now() + DAY).toISOString();
    return { accountId: props.accountId, from, to, interval: 'DAY' as const };
  }, [props.accountId]);
  const [{ data, error, fetching }, ask] = useQuery({
    query: DRAWINGS,
    variables: { accountId: props.accountId, usage },
  });
  useRefreshOn(props.changes, ask);
  if (error) return <Failure error={error} onRetry={ask} />;
  if (!data?.account) return fetching ? <Pending rows={6} /> : null;
  const { balance, forecast } = data.account;
  if (isZero(sum([balance.available, balance.held]))) return null;
  return (
    <Stack gap="xs">
      <Title order={3} size="h6">
        {t('forecast.runway')}
      </Title>
      <Runway outlook={outlook(data.account, data.usageReport, props.timeZone)} />
      {forecast.expiries.length > 0 && (
        <>
          <Title order={3} size="h6">
            {t('forecast.waterfall')}
          </Title>
          <Waterfall
            steps={stepsOf(balance, forecast)}
            today={today(props.timeZone, new Date(forecast.asOf))}
          />
        </>
      )}
    </Stack>
  );
}

type Account = NonNullable<ForecastDrawingsQuery['account']>;
type Report = ForecastDrawingsQuery['usageReport'];

function outlook(account: Account, report: Report, timeZone: string): Outlook {
  const { forecast, lots, scheduledMessages, consumptionOrder, balance } = account;
  const date = (instant: string) => today(timeZone, new Date(instant));
  const present = date(forecast.asOf);
  const before = report.buckets.filter(({ start }) => date(start) < present);
  return outlookOf({
    ...forecast,
    today: present,
    order: consumptionOrder,
    lots: lots.nodes,
    used: before.slice(-MEASURED_DAYS).map(({ usage }) => usage.credits),
    held: balance.held,
    scheduled: scheduledMessages.nodes.map(({ sendAt, credits }) => ({
      day: date(sendAt),
      credits,
    })),
  });
}
