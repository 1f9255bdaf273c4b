import { Anchor, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { LotName } from '../credit_lot/LotName';
import { graphql } from '../generated';
import type { Book, EntryLotsQuery, HistoryRowFragment } from '../generated/graphql';
import { type Column, DataTable } from '../screen/DataTable';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { routeHash, useRoute } from '../session/route';
import { formatInstant, formatLastDay } from '../time/format';
import { actorName } from './actor_name';

const LOTS = graphql(`
  query EntryLots($id: ID!) {
    node(id: $id) {
      id
      ... on Transaction {
        postings {
          book
          lotCount
          lots {
            credits
            lot {
              id
              source
              note
              expiresOn
              purchase {
                id
                package {
                  id
                  name
                }
              }
            }
          }
        }
      }
    }
  }
`);

/** An opened entry of the ledger: its postings, and the lots whose credits moved. */
export function EntryDialog(props: {
  entry: HistoryRowFragment;
  timeZone: string;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { entry, timeZone, onClose } = props;
  const { account } = useRoute();
  const about = [entry.message?.name, entry.list?.name].filter((name) => name != null);
  return (
    <Dialog title={t(`history.kinds.${entry.kind}`)} onClose={onClose}>
      <Stack gap={2} mb="sm">
        {about.length > 0 && (
          <Text size="sm" fw={500} dir="auto">
            {about.join(' · ')}
          </Text>
        )}
        <Text size="sm">
          {formatInstant(entry.createdAt, timeZone)} · {actorName(t, entry.actor)}
        </Text>
        {entry.note && (
          <Text size="sm" dir="auto">
            {entry.note}
          </Text>
        )}
        {entry.message && (
          <Anchor
            size="sm"
            href={routeHash({ account, tab: 'messages', message: entry.message.id })}
          >
            {t('history.openMessage')}
          </Anchor>
        )}
      </Stack>
      <DataTable
        caption={t('history.postings')}
        columns={postingColumns(t)}
        rows={entry.postings.map((posting, at) => ({ ...posting, at: String(at) }))}
        rowKey={({ at }) => at}
      />
      {entry.postings.length > 0 && <Lots id={entry.id} />}
    </Dialog>
  );
}

function Lots({ id }: { id: string }) {
  const { t } = useTranslation();
  const [{ data, error, fetching }, ask] = useQuery({ query: LOTS, variables: { id } });
  if (error) return <Failure error={error} onRetry={ask} />;
  const found = data?.node && 'postings' in data.node ? data.node.postings : [];
  if (!data && fetching) return <Pending rows={2} />;
  const postings = found.filter(({ book }) => OWN.includes(book));
  const rows = postings.flatMap(({ book, lots }) => lots.map((lot) => ({ ...lot, book })));
  if (rows.length === 0) return null;
  const more = postings.reduce((sum, { lots, lotCount }) => sum + lotCount - lots.length, 0);
  return (
    <>
      <Text size="sm" fw={600} mt="sm">
        {t('history.lots')}
      </Text>
      <DataTable
        caption={t('history.lots')}
        columns={lotColumns(t)}
        rows={rows.map((row, at) => ({ ...row, at: String(at) }))}
        rowKey={({ at }) => at}
      />
      {more > 0 && (
        <Text size="xs" c="dimmed">
          {t('history.moreLots', { count: more })}
        </Text>
      )}
    </>
  );
}

/** The books with credits that the account has. What leaves them is in another book, too. */
const OWN: readonly Book[] = ['AVAILABLE', 'HELD'];

type Posting = HistoryRowFragment['postings'][number] & { at: string };

function postingColumns(t: TFunction): Column<Posting>[] {
  return [
    { title: t('history.book'), heading: true, cell: ({ book }) => t(`history.books.${book}`) },
    { title: t('column.list'), cell: ({ list }) => list?.name ?? '—' },
    { title: t('column.credits'), signed: true, decimal: ({ credits }) => credits },
  ];
}

type Node = NonNullable<EntryLotsQuery['node']>;
type Moved = Extract<Node, { postings: unknown }>['postings'][number]['lots'][number];

function lotColumns(t: TFunction): Column<Moved & { book: Book; at: string }>[] {
  return [
    { title: t('history.lot'), heading: true, cell: ({ lot }) => <LotName lot={lot} /> },
    {
      title: t('column.usableThrough'),
      cell: ({ lot }) => (lot.expiresOn ? formatLastDay(lot.expiresOn) : t('lots.neverExpires')),
    },
    { title: t('history.book'), cell: ({ book }) => t(`history.books.${book}`) },
    { title: t('column.credits'), signed: true, decimal: ({ credits }) => credits },
  ];
}
