import { Anchor, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { HistoryRowFragment } from '../generated/graphql';
import { formatDecimal, isNegative, isZero } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Dialog } from '../screen/Dialog';
import { formatInstant } from '../time/format';
import { actorName } from './actor_name';

const ROW = graphql(`
  fragment HistoryRow on Transaction {
    id
    kind
    credits
    availableAfter
    note
    createdAt
    list {
      id
      name
    }
    message {
      id
      name
    }
    actor {
      kind
      name
      onBehalfOf
    }
    postings {
      book
      list {
        id
        name
      }
      credits
    }
  }
`);

/** Entries of the ledger, each with what was left after it. An entry opens to its postings. */
export function HistoryTable(props: {
  entries: readonly FragmentType<typeof ROW>[];
  timeZone: string;
}) {
  const { t } = useTranslation();
  const [opened, open] = useState<HistoryRowFragment>();
  const rows = props.entries.map((entry) => readFragment(ROW, entry));
  const columns: Column<HistoryRowFragment>[] = [
    {
      title: t('history.when'),
      heading: true,
      cell: (row) => (
        <Anchor
          component="button"
          type="button"
          size="sm"
          ta="start"
          aria-label={t('history.open', {
            kind: t(`history.kinds.${row.kind}`),
            at: formatInstant(row.createdAt, props.timeZone),
          })}
          onClick={() => open(row)}
        >
          {formatInstant(row.createdAt, props.timeZone)}
        </Anchor>
      ),
    },
    { title: t('history.what'), cell: (row) => <What row={row} /> },
    { title: t('history.who'), cell: (row) => actorName(t, row.actor) },
    { title: t('column.credits'), numeric: true, cell: ({ credits }) => signed(credits) },
    { title: t('history.after'), decimal: ({ availableAfter }) => availableAfter },
  ];
  return (
    <>
      <DataTable
        caption={t('history.caption')}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
      />
      {opened && (
        <Dialog title={t(`history.kinds.${opened.kind}`)} onClose={() => open(undefined)}>
          <Text size="sm">{formatInstant(opened.createdAt, props.timeZone)}</Text>
          <Text size="sm">{actorName(t, opened.actor)}</Text>
          {opened.note && (
            <Text size="sm" dir="auto">
              {opened.note}
            </Text>
          )}
          <DataTable
            caption={t('history.postings')}
            columns={postings(t)}
            rows={opened.postings.map((posting, at) => ({ ...posting, at: String(at) }))}
            rowKey={({ at }) => at}
          />
        </Dialog>
      )}
    </>
  );
}

/** What an entry is: its kind, and the list and the message that it is about. */
function What({ row }: { row: HistoryRowFragment }) {
  const { t } = useTranslation();
  const about = [row.message?.name, row.list?.name].filter((name) => name != null);
  return (
    <>
      {t(`history.kinds.${row.kind}`)}
      {about.length > 0 && (
        <Text size="xs" c="dimmed" dir="auto">
          {about.join(' · ')}
        </Text>
      )}
    </>
  );
}

type Posting = HistoryRowFragment['postings'][number] & { at: string };

function postings(t: TFunction): Column<Posting>[] {
  return [
    { title: t('history.book'), heading: true, cell: ({ book }) => t(`history.books.${book}`) },
    { title: t('column.list'), cell: ({ list }) => list?.name ?? '—' },
    { title: t('column.credits'), numeric: true, cell: ({ credits }) => signed(credits) },
  ];
}

/** A change with its sign: "+20", "−3". */
function signed(credits: string): string {
  if (isZero(credits)) return formatDecimal(credits);
  return isNegative(credits) ? `−${formatDecimal(credits.slice(1))}` : `+${formatDecimal(credits)}`;
}
