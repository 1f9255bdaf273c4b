import { Anchor, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { HistoryRowFragment } from '../generated/graphql';
import { type Column, DataTable } from '../screen/DataTable';
import { formatInstant } from '../time/format';
import { actorName } from './actor_name';
import { EntryDialog } from './EntryDialog';

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

/**
 * Entries of the ledger, each with what was left after it. An entry opens to its postings and lots.
 */
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
    { title: t('history.what'), wide: true, cell: (row) => <What row={row} /> },
    { title: t('history.who'), cell: (row) => actorName(t, row.actor) },
    { title: t('column.credits'), signed: true, decimal: ({ credits }) => credits },
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
        <EntryDialog entry={opened} timeZone={props.timeZone} onClose={() => open(undefined)} />
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
