import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { MonthlyReportsQuery } from '../generated/graphql';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant, formatMonth } from '../time/format';
import { DownloadReport } from './DownloadReport';
import { ScheduleDialog } from './ScheduleDialog';

const REPORTS = graphql(`
  query MonthlyReports($accountId: ID!, $first: Int!, $after: String) {
    account(id: $accountId) {
      id
      monthlyReportSchedule {
        enabled
        format
        interval
        nextAt
      }
      monthlyReports(first: $first, after: $after) {
        nodes {
          id
          month
          timeZone
          format
          interval
          generatedAt
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        totalCount
      }
    }
  }
`);

type Account = NonNullable<MonthlyReportsQuery['account']>;
type Report = Account['monthlyReports']['nodes'][number];

/** Whether a report is made each month, and the reports so far. */
export function MonthlyReportsPanel(props: {
  accountId: string;
  timeZone: string;
  mayChange: boolean;
}) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const [editing, setEditing] = useState(false);
  const paging = usePaging(12);
  const [{ data, error, fetching }, ask] = useQuery({
    query: REPORTS,
    variables: { accountId, first: paging.size, after: paging.after },
  });
  const account = data?.account;
  const reports = account?.monthlyReports;

  const edit = props.mayChange && account && (
    <Button
      size="xs"
      variant="default"
      aria-label={
        account.monthlyReportSchedule.enabled ? t('monthly.change') : t('monthly.setUpReports')
      }
      onClick={() => setEditing(true)}
    >
      {account.monthlyReportSchedule.enabled ? t('action.change') : t('monthly.setUp')}
    </Button>
  );

  return (
    <Panel title={t('monthly.title')} aside={edit}>
      {error && <Failure error={error} onRetry={ask} />}
      {!account && fetching && <Pending />}
      {account && reports && (
        <Stack gap="sm">
          <Schedule schedule={account.monthlyReportSchedule} timeZone={timeZone} />
          {reports.nodes.length === 0 ? (
            <Nothing>{t('monthly.none')}</Nothing>
          ) : (
            <DataTable
              caption={t('monthly.past')}
              columns={columns(t, timeZone)}
              rows={reports.nodes}
              rowKey={(report) => report.id}
            />
          )}
          <Pager
            label={t('pager.monthlyReports')}
            paging={paging}
            pageInfo={reports.pageInfo}
            totalCount={reports.totalCount}
          />
        </Stack>
      )}
      {editing && account && (
        <ScheduleDialog
          accountId={accountId}
          schedule={account.monthlyReportSchedule}
          onClose={() => {
            setEditing(false);
            ask({ requestPolicy: 'network-only' });
          }}
        />
      )}
    </Panel>
  );
}

function Schedule(props: { schedule: Account['monthlyReportSchedule']; timeZone: string }) {
  const { t } = useTranslation();
  const { enabled, format, interval, nextAt } = props.schedule;
  if (!enabled) {
    return (
      <Text size="sm" c="dimmed">
        {t('monthly.off')}
      </Text>
    );
  }
  return (
    <Group gap="xs">
      <Badge color="teal" variant="light">
        {t('monthly.on')}
      </Badge>
      <Text size="sm">
        {t('monthly.rule', {
          format: t(`monthly.formats.${format}`),
          interval: t(`monthly.intervals.${interval}`),
        })}{' '}
        {nextAt && t('monthly.next', { at: formatInstant(nextAt, props.timeZone) })}
      </Text>
    </Group>
  );
}

function columns(t: TFunction, timeZone: string): Column<Report>[] {
  return [
    { title: t('column.month'), heading: true, cell: (report) => formatMonth(report.month) },
    { title: t('column.format'), cell: (report) => t(`monthly.formats.${report.format}`) },
    { title: t('column.interval'), cell: (report) => t(`usage.interval.${report.interval}`) },
    { title: t('column.created'), cell: (report) => formatInstant(report.generatedAt, timeZone) },
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (report) => <DownloadReport id={report.id} month={formatMonth(report.month)} />,
    },
  ];
}
