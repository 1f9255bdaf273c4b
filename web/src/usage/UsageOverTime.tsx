import { Anchor, Spoiler } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { Interval, UsageOverTimeFragment } from '../generated/graphql';
import { formatCount, formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { formatBucket } from '../time/format';
import { type Period, spanOf } from '../time/period';
import { UsageChart } from './UsageChart';

const OVER_TIME = graphql(`
  fragment UsageOverTime on UsageReport {
    buckets {
      start
      usage {
        messageCount
        credits
        cost {
          amount
          currencyCode
        }
      }
    }
  }
`);

type Bucket = UsageOverTimeFragment['buckets'][number];

/** Credits by bucket: a chart, and the same figures as a table. */
export function UsageOverTime(props: {
  report: FragmentType<typeof OVER_TIME>;
  interval: Interval;
  timeZone: string;
  /** Shows the days of an interval; left out while the report is that of other intervals. */
  onDays?(days: Period): void;
}) {
  const { t } = useTranslation();
  const { buckets } = readFragment(OVER_TIME, props.report);
  const name = (bucket: Bucket) => formatBucket(bucket.start, props.interval, props.timeZone);
  const columns: Column<Bucket>[] = [
    {
      title: t('column.from'),
      heading: true,
      cell: (bucket) => {
        const { onDays } = props;
        const span = spanOf(bucket.start, props.interval, props.timeZone);
        if (!span || !onDays) return name(bucket);
        return (
          <Anchor component="button" type="button" size="sm" onClick={() => onDays(span)}>
            {name(bucket)}
          </Anchor>
        );
      },
    },
    {
      title: t('column.messages'),
      numeric: true,
      cell: ({ usage }) => formatCount(usage.messageCount),
    },
    { title: t('column.credits'), decimal: ({ usage }) => usage.credits },
    { title: t('column.cost'), numeric: true, cell: ({ usage }) => formatMoney(usage.cost) },
  ];
  return (
    <>
      <UsageChart
        bars={buckets.map((bucket) => ({ name: name(bucket), credits: bucket.usage.credits }))}
      />
      <Spoiler
        maxHeight={0}
        showLabel={t('usage.showTable')}
        hideLabel={t('usage.hideTable')}
        mt="xs"
        styles={{ control: { fontSize: 'var(--mantine-font-size-sm)' } }}
      >
        <DataTable
          caption={t('usage.timeCaption')}
          narrow="table"
          columns={columns}
          rows={buckets}
          rowKey={(bucket) => bucket.start}
        />
      </Spoiler>
    </>
  );
}
