import { Checkbox, Group, SimpleGrid, Stack, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ListSelect } from '../contact_list/ListSelect';
import { Nothing } from '../screen/Nothing';
import { Panel } from '../screen/Panel';
import type { Permissions } from '../session/permissions';
import { DraftSegments } from './DraftSegments';
import { QuoteFigures } from './QuoteFigures';

/** A text box for a message, with its segments and cost updated at once. */
export function QuotePanel(props: { accountId: string; can: Permissions; changes: number }) {
  const { t } = useTranslation();
  const { accountId, can, changes } = props;
  const [listId, setListId] = useState<string | null>(null);
  const [text, setText] = useState('');
  const [withImage, setWithImage] = useState(false);
  const [smartEncoding, setSmartEncoding] = useState(false);
  const [settled] = useDebouncedValue(text, 300);
  const draft = useMemo(
    () => ({ text: settled, withImage, smartEncoding }),
    [settled, withImage, smartEncoding],
  );

  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
      <Panel title={t('quote.message')}>
        <Stack gap="md">
          <ListSelect accountId={accountId} value={listId} onChange={setListId} />
          <Textarea
            label={t('quote.text')}
            description={t('quote.mergeFieldsHint', { example: '{{firstName|friend}}' })}
            dir="auto"
            autosize
            minRows={5}
            maxRows={14}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Group gap="lg" align="start">
            <Checkbox
              label={t('quote.withImage')}
              checked={withImage}
              onChange={(event) => setWithImage(event.currentTarget.checked)}
            />
            <Checkbox
              label={t('quote.smartEncoding')}
              description={t('quote.smartEncodingMeaning')}
              checked={smartEncoding}
              onChange={(event) => setSmartEncoding(event.currentTarget.checked)}
            />
          </Group>
        </Stack>
      </Panel>
      <Stack gap="md">
        {listId ? (
          <QuoteFigures
            accountId={accountId}
            listId={listId}
            draft={draft}
            can={can}
            changes={changes}
          />
        ) : (
          <>
            <Panel title={t('quote.cost')}>
              <Nothing>{t('quote.chooseList')}</Nothing>
            </Panel>
            <Panel title={t('segments.title')}>
              <DraftSegments draft={draft} />
            </Panel>
          </>
        )}
      </Stack>
    </SimpleGrid>
  );
}
