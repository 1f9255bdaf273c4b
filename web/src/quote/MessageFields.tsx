import { Checkbox, Group, Textarea } from '@mantine/core';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Draft } from './draft';
import { MergeFieldPicker } from './MergeFieldPicker';

/** The fields of a message's content: its text, with a picker of merge fields, and its form. */
export function MessageFields(props: {
  /** The list whose merge fields are offered. */
  listId: string | null;
  draft: Draft;
  error?: string;
  onChange(change: Partial<Draft>): void;
}) {
  const { t } = useTranslation();
  const { draft, onChange } = props;
  return (
    <>
      <MessageText
        listId={props.listId}
        text={draft.text}
        error={props.error}
        onChange={(text) => onChange({ text })}
      />
      <Group gap="lg" align="start">
        <Checkbox
          label={t('quote.withImage')}
          checked={draft.withImage}
          onChange={(event) => onChange({ withImage: event.currentTarget.checked })}
        />
        <Checkbox
          label={t('quote.smartEncoding')}
          description={t('quote.smartEncodingMeaning')}
          checked={draft.smartEncoding}
          onChange={(event) => onChange({ smartEncoding: event.currentTarget.checked })}
        />
      </Group>
    </>
  );
}

/** The field of a message's text, with a picker of merge fields. */
export function MessageText(props: {
  /** The list whose merge fields are offered. */
  listId: string | null;
  text: string;
  error?: string;
  onChange(text: string): void;
}) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  return (
    <div>
      <Textarea
        ref={field}
        label={t('quote.text')}
        description={t('quote.mergeFieldsHint', { example: '{{firstName|friend}}' })}
        attributes={{ input: { dir: 'auto' } }}
        autosize
        minRows={5}
        maxRows={14}
        value={props.text}
        error={props.error}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      {props.listId && (
        <MergeFieldPicker
          listId={props.listId}
          onPick={(name) => insert(field.current, `{{${name}}}`)}
        />
      )}
    </div>
  );
}

/** Writes at the cursor, as if it were typed: the browser can undo it. */
function insert(field: HTMLTextAreaElement | null, text: string) {
  if (!field) return;
  field.focus();
  // Deprecated, and still the only way that keeps the field's history.
  document.execCommand('insertText', false, text);
}
