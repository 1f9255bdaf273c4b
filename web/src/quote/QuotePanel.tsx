import { SimpleGrid, Stack } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ListSelect } from '../contact_list/ListSelect';
import { Nothing } from '../screen/Nothing';
import { Panel } from '../screen/Panel';
import type { Permissions } from '../session/permissions';
import { DraftSegments } from './DraftSegments';
import type { Draft } from './draft';
import { MessageFields } from './MessageFields';
import { QuoteFigures } from './QuoteFigures';
import { useQuote } from './useQuote';

const EMPTY: Draft = { text: '', withImage: false, smartEncoding: false };

/** A text box for a message, with its segments and cost updated at once. */
export function QuotePanel(props: { accountId: string; can: Permissions; changes: number }) {
  const { t } = useTranslation();
  const { accountId, can, changes } = props;
  const [listId, setListId] = useState<string | null>(null);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [settled] = useDebouncedValue(draft, 300);
  const audience = useMemo(() => (listId ? { listId } : undefined), [listId]);
  const answer = useQuote({ accountId, audience, draft: settled, can, changes });

  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
      <Panel title={t('quote.message')}>
        <Stack gap="md">
          <ListSelect accountId={accountId} value={listId} onChange={setListId} />
          <MessageFields
            listId={can.report ? listId : null}
            draft={draft}
            onChange={(change) => setDraft((known) => ({ ...known, ...change }))}
          />
        </Stack>
      </Panel>
      <Stack gap="md">
        {listId ? (
          <QuoteFigures accountId={accountId} answer={answer} draft={settled} can={can} />
        ) : (
          <>
            <Panel title={t('quote.cost')}>
              <Nothing>{t('quote.chooseList')}</Nothing>
            </Panel>
            <Panel title={t('segments.title')}>
              <DraftSegments draft={settled} />
            </Panel>
          </>
        )}
      </Stack>
    </SimpleGrid>
  );
}
