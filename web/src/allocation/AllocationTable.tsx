import { Button, Group, Switch, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { formatDecimal, isZero } from '../number/decimal';
import { NumberField } from '../number/NumberField';
import { editable } from '../number/reading';
import { type Column, DataTable } from '../screen/DataTable';
import { type Draft, type Limits, untouched } from './changes';

export interface Row extends Limits {
  allocation: Limits['allocation'] & { held: string };
}

interface Props {
  lists: readonly Row[];
  /** The lists that are edited, by id. */
  drafts: ReadonlyMap<string, Draft>;
  /** The credits that lists used this month, by id; undefined until they are known. */
  used: ReadonlyMap<string, string> | undefined;
  /** The credits that lists used in a month on average, by id; undefined until they are known. */
  average: ReadonlyMap<string, string> | undefined;
  onEdit(draft: Draft): void;
}

const CREDITS = { kind: 'credits' } as const;

/** Lists with their limits, each edited in its row. */
export function AllocationTable(props: Props) {
  const { t } = useTranslation();
  return (
    <DataTable
      caption={t('allocation.caption')}
      columns={columns(t, props)}
      rows={props.lists}
      rowKey={(list) => list.id}
    />
  );
}

function columns(t: TFunction, { drafts, used, average, onEdit }: Props): Column<Row>[] {
  const draftOf = (list: Row) => ({ ...(drafts.get(list.id) ?? untouched(list)), list });
  // A list that isn't in a report used nothing.
  const figure = (known: ReadonlyMap<string, string> | undefined, list: Row) =>
    known && (known.get(list.id) ?? '0');
  return [
    { title: t('column.list'), heading: true, cell: (list) => list.name },
    { title: t('allocation.usedThisMonth'), decimal: (list) => figure(used, list) },
    {
      title: t('allocation.average'),
      numeric: true,
      cell: (list) => {
        const credits = figure(average, list);
        return (
          <Suggestion
            list={list}
            credits={credits}
            onUse={(typed) => onEdit({ list, limited: true, typed })}
          />
        );
      },
    },
    { title: t('column.held'), decimal: (list) => list.allocation.held },
    {
      title: t('allocation.limited'),
      cell: (list) => (
        <Switch
          aria-label={t('allocation.limitedFor', { list: list.name })}
          checked={draftOf(list).limited}
          onChange={(event) => onEdit({ ...draftOf(list), limited: event.currentTarget.checked })}
        />
      ),
    },
    {
      title: t('column.available'),
      cell: (list) => {
        const draft = draftOf(list);
        return draft.limited ? (
          <NumberField
            aria-label={t('allocation.creditsOf', { list: list.name })}
            size="xs"
            unit={CREDITS}
            value={draft.typed}
            onChange={(typed) => onEdit({ ...draft, typed })}
          />
        ) : (
          <Text span size="sm" c="dimmed">
            {t('lists.shared')}
          </Text>
        );
      },
    },
  ];
}

/** What the list used in a month on average, and a button to make it the limit. */
function Suggestion(props: { list: Row; credits: string | undefined; onUse(typed: string): void }) {
  const { t } = useTranslation();
  const { list, credits } = props;
  if (credits === undefined) return '—';
  const shown = formatDecimal(credits);
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      {shown}
      {!isZero(credits) && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={t('allocation.useFor', { credits: shown, list: list.name })}
          onClick={() => props.onUse(editable(credits))}
        >
          {t('allocation.use')}
        </Button>
      )}
    </Group>
  );
}
