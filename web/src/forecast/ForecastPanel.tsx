import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { ForecastQuery } from '../generated/graphql';
import { creditsText } from '../number/credits';
import { isZero } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { WhenSeen } from '../screen/WhenSeen';
import { goTo } from '../session/route';
import { formatLastDay, formatMonth } from '../time/format';
import { today } from '../time/today';

// The first screen doesn't load them.
const ForecastDrawings = lazy(() => import('./ForecastDrawings'));

/** About the height of the drawings. */
const DRAWINGS = 340;

const FORECAST = graphql(`
  query Forecast($accountId: ID!) {
    account(id: $accountId) {
      id
      forecast {
        usedInThirtyDays
        usedInMonthAYearAgo
        runsOutOn
        runwayDays
        earliestRunsOutOn
        latestRunsOutOn
        lost
        expiries {
          expiresOn
          credits
          used
          lost
          held
        }
        suggestedPackage {
          id
          name
          credits
        }
      }
    }
  }
`);

type Forecast = NonNullable<ForecastQuery['account']>['forecast'];
type Expiry = Forecast['expiries'][number];

/** When the account's credits run out at its pace, and which of them expire unused. */
export function ForecastPanel(props: {
  accountId: string;
  timeZone: string;
  mayBuy: boolean;
  changes: number;
}) {
  const { t } = useTranslation();
  const [{ data, error, fetching }, ask] = useQuery({
    query: FORECAST,
    variables: { accountId: props.accountId },
    requestPolicy: 'cache-and-network',
  });
  useRefreshOn(props.changes, ask);
  const forecast = data?.account?.forecast;

  return (
    <Panel title={t('forecast.title')}>
      {error && <Failure error={error} onRetry={ask} />}
      {!forecast && fetching && <Pending rows={2} />}
      {forecast && (
        <Stack gap="sm">
          <Pace forecast={forecast} timeZone={props.timeZone} />
          <WhenSeen height={DRAWINGS}>
            <Suspense fallback={<Pending rows={6} />}>
              <ForecastDrawings
                accountId={props.accountId}
                timeZone={props.timeZone}
                changes={props.changes}
              />
            </Suspense>
          </WhenSeen>
          {forecast.suggestedPackage && forecast.runsOutOn && (
            <Group justify="space-between" gap="sm">
              <Text size="sm">
                <bdi>{forecast.suggestedPackage.name}</bdi>
                {t('forecast.covers', {
                  credits: creditsText(t, forecast.suggestedPackage.credits),
                })}
              </Text>
              {props.mayBuy && (
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => goTo({ account: props.accountId, tab: 'packages' })}
                >
                  {t('quote.packagesButton')}
                </Button>
              )}
            </Group>
          )}
          {!isZero(forecast.lost) && (
            <Alert color="yellow" p="xs">
              {t('forecast.lost', { credits: creditsText(t, forecast.lost) })}
            </Alert>
          )}
          {forecast.expiries.length > 0 ? (
            <DataTable
              caption={t('forecast.expiries')}
              columns={columns(t)}
              rows={forecast.expiries}
              rowKey={(expiry) => expiry.expiresOn}
            />
          ) : (
            <Text size="sm">{t('forecast.nothingExpires')}</Text>
          )}
        </Stack>
      )}
    </Panel>
  );
}

/** How long the credits last: at the pace of the last month, and between which days. */
function Pace({ forecast, timeZone }: { forecast: Forecast; timeZone: string }) {
  const { t } = useTranslation();
  const { usedInThirtyDays: used, usedInMonthAYearAgo: before } = forecast;
  const end = (day: string | null | undefined) =>
    day ? t('forecast.through', { day: formatLastDay(day) }) : t('forecast.beyond');
  const band = [forecast.earliestRunsOutOn, forecast.latestRunsOutOn] as const;
  const month = `${Number(today(timeZone).slice(0, 4)) - 1}${today(timeZone).slice(4, 7)}-01`;
  return (
    <Stack gap={2}>
      <Text size="sm" fw={500} data-figure="runway">
        {isZero(used)
          ? t('forecast.noPace')
          : t(forecast.runwayDays === 0 ? 'forecast.today' : 'forecast.lasts', {
              pace: creditsText(t, used),
              end: end(forecast.runsOutOn),
            })}{' '}
        {!isZero(used) && forecast.runwayDays
          ? t('forecast.days', { count: forecast.runwayDays })
          : null}
      </Text>
      {band[0] !== band[1] && (
        <Text size="sm" c="dimmed">
          {t('forecast.band', { early: end(band[0]), late: end(band[1]) })}
        </Text>
      )}
      {!isZero(before) && (
        <Text size="sm" c="dimmed">
          {t('forecast.yearAgo', { month: formatMonth(month), credits: creditsText(t, before) })}
        </Text>
      )}
    </Stack>
  );
}

function columns(t: TFunction): Column<Expiry>[] {
  return [
    {
      title: t('column.usableThrough'),
      heading: true,
      cell: (expiry) => formatLastDay(expiry.expiresOn),
    },
    { title: t('column.credits'), decimal: ({ credits }) => credits },
    { title: t('forecast.used'), decimal: ({ used }) => used },
    { title: t('forecast.unused'), decimal: ({ lost }) => lost },
    { title: t('forecast.held'), decimal: ({ held }) => held },
  ];
}
