import { Badge, Button, Group } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { RateCardsQuery } from '../generated/graphql';
import { formatCount, formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { formatInstant } from '../time/format';
import { DownloadRates } from './DownloadRates';
import { newestOfEach } from './newest';
import { PublishDialog } from './PublishDialog';

const CARDS = graphql(`
  query RateCards($first: Int!, $after: String) {
    rateCards(first: $first, after: $after) {
      nodes {
        id
        code
        version
        description
        publishedAt
        creditValue {
          amount
          currencyCode
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

type Card = RateCardsQuery['rateCards']['nodes'][number];

/** All versions of all rate cards; publishes new ones from files. */
export function RateCardsPanel({ mayPublish }: { mayPublish: boolean }) {
  const { t } = useTranslation();
  const [publishing, setPublishing] = useState<string>();
  const paging = usePaging(20);
  const [{ data, error, fetching }, ask] = useQuery({
    query: CARDS,
    variables: { first: paging.size, after: paging.after },
  });
  const cards = data?.rateCards;

  return (
    <Panel
      title={t('rates.title')}
      aside={
        mayPublish && (
          <Button size="xs" onClick={() => setPublishing('')}>
            {t('rates.publishNew')}
          </Button>
        )
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!cards && fetching && <Pending rows={4} />}
      {cards?.nodes.length === 0 && <Nothing>{t('rates.none')}</Nothing>}
      {cards && cards.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('rates.title')}
            columns={columns(
              t,
              paging.page === 1 ? cards.nodes : [],
              mayPublish ? setPublishing : undefined,
            )}
            rows={cards.nodes}
            rowKey={(card) => card.id}
          />
          <Pager
            label={t('pager.rateCards')}
            paging={paging}
            pageInfo={cards.pageInfo}
            totalCount={cards.totalCount}
          />
        </>
      )}
      {publishing !== undefined && (
        <PublishDialog
          code={publishing}
          onClose={() => {
            setPublishing(undefined);
            ask({ requestPolicy: 'network-only' });
          }}
        />
      )}
    </Panel>
  );
}

function columns(
  t: TFunction,
  first: readonly Card[],
  onPublish?: (code: string) => void,
): Column<Card>[] {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  // Of the first page only: on a later one, the newest of a code may be on a page before.
  const newest = new Set(newestOfEach(first).map(({ id }) => id));
  return [
    { title: t('terms.rateCard'), heading: true, cell: (card) => card.code },
    {
      title: t('column.version'),
      cell: (card) => (
        <Group gap={6} wrap="nowrap">
          {formatCount(card.version)}
          {newest.has(card.id) && (
            <Badge size="sm" variant="light" color="teal">
              {t('rates.newest')}
            </Badge>
          )}
        </Group>
      ),
    },
    {
      title: t('column.published'),
      // Cards that come with the server have no instant of their own.
      cell: ({ publishedAt }) =>
        publishedAt.startsWith('1970-01-01') ? '—' : formatInstant(publishedAt, timeZone),
    },
    {
      title: t('rates.value'),
      numeric: true,
      cell: (card) => formatMoney(card.creditValue),
    },
    { title: t('rates.note'), cell: (card) => card.description ?? '—' },
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (card) => (
        <Group gap={6} justify="flex-end" wrap="nowrap">
          <DownloadRates card={card} />
          {onPublish && newest.has(card.id) && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('rates.publishOf', { code: card.code })}
              onClick={() => onPublish(card.code)}
            >
              {t('rates.publish')}
            </Button>
          )}
        </Group>
      ),
    },
  ];
}
