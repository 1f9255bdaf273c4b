import { Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { formatCount, formatDecimal, formatMoney } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { goTo, useRoute } from '../session/route';
import { formatDate } from '../time/format';
import { fitsInterval, instantsOf, type Period, periodProblem, today } from '../time/period';
import { Comparison } from './Comparison';
import { daysOf, intervalWord, partOf, periodWord, readInterval, readPeriod } from './choice';
import { DownloadButtons } from './DownloadButtons';
import { useDraft } from './draft';
import { IntervalPicker } from './IntervalPicker';
import { PeriodPicker } from './PeriodPicker';
import type { ReportInput } from './report_input';
import { conditions, type Restriction, readRestriction, restrictionWords } from './restriction';
import { UsageByCountry } from './UsageByCountry';
import { UsageByList } from './UsageByList';
import { UsageFilter } from './UsageFilter';
import { UsageOverTime } from './UsageOverTime';

const USAGE = graphql(`
  query Usage($input: UsageReportInput!) {
    usageReport(input: $input) {
      totals {
        messageCount
        recipientCount
        segmentCount
        credits
        cost {
          amount
          currencyCode
        }
      }
      ...Comparison
      ...UsageOverTime
      ...UsageByList
      ...UsageByCountry
    }
  }
`);

/**
 * An account's usage in a period: over time, by list, by country, and as a file. The address has
 * the period and the interval.
 */
export function UsagePanel({ accountId, timeZone }: { accountId: string; timeZone: string }) {
  const { t } = useTranslation();
  const { period: word, by, list, country, channel, key, person } = useRoute();
  const restriction = useMemo(
    () => readRestriction({ list, country, channel, key, person }),
    [list, country, channel, key, person],
  );
  const [draft, setDraft] = useDraft(word);
  const choice = draft ?? readPeriod(word);
  const day = today(timeZone);
  const days = useMemo(() => daysOf(choice, day), [choice, day]);
  const problem = periodProblem(days);
  const interval = problem ? 'DAY' : readInterval(by, days);

  const input = useMemo(
    () =>
      problem
        ? undefined
        : {
            accountId,
            interval,
            partOf: partOf(choice),
            ...instantsOf(days, timeZone),
            ...conditions(restriction),
          },
    [accountId, interval, choice, days, timeZone, problem, restriction],
  );

  function change(next: { period?: string; by?: string; restriction?: Restriction }) {
    const words = restrictionWords(next.restriction ?? restriction);
    goTo({ account: accountId, tab: 'usage', period: next.period, by: next.by, ...words });
  }

  function show(next: { period?: string; by?: string }) {
    setDraft(undefined);
    change(next);
  }

  return (
    <Stack gap="md">
      <Group align="end" gap="md" justify="space-between">
        <Group align="end" gap="md">
          <PeriodPicker
            choice={choice}
            days={days}
            onChange={(next) => {
              if (typeof next !== 'string' && periodProblem(next)) setDraft(next);
              else show({ period: periodWord(next), by });
            }}
          />
          <IntervalPicker
            interval={interval}
            fits={(one) => problem !== undefined || fitsInterval(one, days)}
            onChange={(next) => change({ period: word, by: intervalWord(next, days) })}
          />
        </Group>
        <DownloadButtons input={input} />
      </Group>
      <UsageFilter
        accountId={accountId}
        restriction={restriction}
        onChange={(next) => change({ period: word, by, restriction: next })}
      />
      {problem ? (
        <Text c="red" size="sm" role="alert">
          {t(`usage.${problem}`)}
        </Text>
      ) : (
        <Text size="xs" c="dimmed" role="status">
          {t('usage.days', {
            first: formatDate(days.first),
            last: formatDate(days.last),
            timeZone,
          })}
        </Text>
      )}
      {input && (
        <Report
          input={input}
          timeZone={timeZone}
          onDays={(days) => show({ period: periodWord(days) })}
        />
      )}
    </Stack>
  );
}

function Report(props: { input: ReportInput; timeZone: string; onDays(days: Period): void }) {
  const { input, timeZone, onDays } = props;
  const { t } = useTranslation();
  const [{ data, error, fetching }, ask] = useQuery({ query: USAGE, variables: { input } });
  if (error) return <Failure error={error} onRetry={ask} />;
  if (!data) return <Pending rows={8} />;
  const report = data.usageReport;
  const { totals } = report;
  return (
    <Stack gap="md" aria-busy={fetching} opacity={fetching ? 0.6 : 1}>
      <SimpleGrid component="dl" m={0} cols={{ base: 2, xs: 3, md: 5 }} spacing="md">
        <Total name={t('column.credits')} value={formatDecimal(totals.credits)} />
        <Total name={t('column.cost')} value={formatMoney(totals.cost)} />
        <Total name={t('column.messages')} value={formatCount(totals.messageCount)} />
        <Total name={t('column.recipients')} value={formatCount(totals.recipientCount)} />
        <Total name={t('column.segments')} value={formatCount(totals.segmentCount)} />
      </SimpleGrid>
      <Comparison report={report} timeZone={timeZone} />
      {totals.messageCount === 0 && <Nothing>{t('usage.nothing')}</Nothing>}
      {totals.messageCount > 0 && (
        <>
          <Panel title={t('usage.overTime')}>
            <UsageOverTime
              report={report}
              interval={input.interval}
              timeZone={timeZone}
              onDays={fetching ? undefined : onDays}
            />
          </Panel>
          <Panel title={t('usage.byList')}>
            <UsageByList report={report} whole={totals.credits} input={input} timeZone={timeZone} />
          </Panel>
          <Panel title={t('usage.byCountry')}>
            <UsageByCountry report={report} whole={totals.credits} />
          </Panel>
        </>
      )}
    </Stack>
  );
}

function Total({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text component="dt" size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} size="lg" fw={500} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
    </div>
  );
}
