import { Checkbox, Group, SimpleGrid, Stack, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { ListSelect } from '../contact_list/ListSelect';
import { Nothing } from '../screen/Nothing';
import { Panel } from '../screen/Panel';
import { QuoteFigures } from './QuoteFigures';
import { SegmentationFigures } from './SegmentationFigures';

/** A text box for a message, with its segments and cost updated at once. */
export function QuotePanel({ accountId, changes }: { accountId: string; changes: number }) {
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
      <Panel title="Message">
        <Stack gap="md">
          <ListSelect accountId={accountId} value={listId} onChange={setListId} />
          <Textarea
            label="Text"
            description="Merge fields: {{firstName}} or {{firstName|friend}}"
            autosize
            minRows={5}
            maxRows={14}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Group gap="lg">
            <Checkbox
              label="With an image (MMS)"
              checked={withImage}
              onChange={(event) => setWithImage(event.currentTarget.checked)}
            />
            <Checkbox
              label="Smart encoding"
              checked={smartEncoding}
              onChange={(event) => setSmartEncoding(event.currentTarget.checked)}
            />
          </Group>
        </Stack>
      </Panel>
      <Stack gap="md">
        <Panel title="Cost">
          {listId ? (
            <QuoteFigures accountId={accountId} listId={listId} draft={draft} changes={changes} />
          ) : (
            <Nothing>Choose a list to see what the message costs.</Nothing>
          )}
        </Panel>
        <Panel title="Segments">
          <SegmentationFigures draft={draft} />
        </Panel>
      </Stack>
    </SimpleGrid>
  );
}
