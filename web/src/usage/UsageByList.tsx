import { Anchor, Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { UsageByListFragment } from '../generated/graphql';
import { formatCount, formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { MessagesDialog } from './MessagesDialog';
import type { ReportInput } from './report_input';
import { Share } from './Share';

const BY_LIST = graphql(`
  fragment UsageByList on UsageReport {
    lists(first: 100) {
      list {
        id
        name
      }
      usage {
        messageCount
        recipientCount
        segmentCount
        credits
        cost {
          amount
          currencyCode
        }
      }
    }
  }
`);

type Row = UsageByListFragment['lists'][number];

/** Rows shown before the rest is requested. */
const FIRST_ROWS = 10;

/** Usage by contact list, most credits first, in the report's order. */
export function UsageByList(props: {
  report: FragmentType<typeof BY_LIST>;
  whole: string;
  input: ReportInput;
  timeZone: string;
}) {
  const { t } = useTranslation();
  const { lists } = readFragment(BY_LIST, props.report);
  const [all, setAll] = useState(false);
  const [opened, open] = useState<Row['list']>();
  const columns: Column<Row>[] = [
    {
      title: t('column.list'),
      heading: true,
      cell: ({ list }) =>
        list ? (
          <Anchor
            component="button"
            type="button"
            size="sm"
            ta="start"
            dir="auto"
            aria-label={t('messages.open', { list: list.name })}
            onClick={() => open(list)}
          >
            {list.name}
          </Anchor>
        ) : (
          t('usage.noList')
        ),
    },
    {
      title: t('column.messages'),
      numeric: true,
      cell: ({ usage }) => formatCount(usage.messageCount),
    },
    {
      title: t('column.recipients'),
      numeric: true,
      cell: ({ usage }) => formatCount(usage.recipientCount),
    },
    {
      title: t('column.segments'),
      numeric: true,
      cell: ({ usage }) => formatCount(usage.segmentCount),
    },
    { title: t('column.credits'), decimal: ({ usage }) => usage.credits },
    { title: t('column.cost'), numeric: true, cell: ({ usage }) => formatMoney(usage.cost) },
    {
      title: t('column.share'),
      cell: ({ usage }) => <Share part={usage.credits} whole={props.whole} />,
    },
  ];
  return (
    <>
      <DataTable
        caption={t('usage.listCaption')}
        columns={columns}
        rows={all ? lists : lists.slice(0, FIRST_ROWS)}
        rowKey={(row) => row.list?.id ?? 'none'}
      />
      {opened && (
        <MessagesDialog
          list={opened}
          input={props.input}
          timeZone={props.timeZone}
          onClose={() => open(undefined)}
        />
      )}
      {lists.length > FIRST_ROWS && !all && (
        <Button size="compact-sm" variant="subtle" mt="xs" onClick={() => setAll(true)}>
          {lists.length < 100 ? t('usage.showAll', { count: lists.length }) : t('usage.showFirst')}
        </Button>
      )}
    </>
  );
}
