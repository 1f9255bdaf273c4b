import { Button } from '@mantine/core';
import { useState } from 'react';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { UsageByListFragment } from '../generated/graphql';
import { formatCount, formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Share } from './Share';

const BY_LIST = graphql(`
  fragment UsageByList on UsageReport {
    lists(first: 100) {
      list {
        id
        name
      }
      usage {
        messages
        recipients
        segments
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
export function UsageByList(props: { report: FragmentType<typeof BY_LIST>; whole: string }) {
  const { lists } = readFragment(BY_LIST, props.report);
  const [all, setAll] = useState(false);
  const columns: Column<Row>[] = [
    { title: 'List', heading: true, cell: ({ list }) => list?.name ?? 'Without a list' },
    { title: 'Messages', numeric: true, cell: ({ usage }) => formatCount(usage.messages) },
    { title: 'Recipients', numeric: true, cell: ({ usage }) => formatCount(usage.recipients) },
    { title: 'Segments', numeric: true, cell: ({ usage }) => formatCount(usage.segments) },
    { title: 'Credits', decimal: ({ usage }) => usage.credits },
    { title: 'Cost', numeric: true, cell: ({ usage }) => formatMoney(usage.cost) },
    { title: 'Share', cell: ({ usage }) => <Share part={usage.credits} whole={props.whole} /> },
  ];
  return (
    <>
      <DataTable
        caption="Usage by contact list"
        columns={columns}
        rows={all ? lists : lists.slice(0, FIRST_ROWS)}
        rowKey={(row) => row.list?.id ?? 'none'}
      />
      {lists.length > FIRST_ROWS && !all && (
        <Button size="compact-sm" variant="subtle" mt="xs" onClick={() => setAll(true)}>
          {lists.length < 100 ? `Show all ${lists.length}` : 'Show the first 100'}
        </Button>
      )}
    </>
  );
}
