import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { ALLOCATE } from '../contact_list/allocate';
import { formatDecimal, isNegative, negated } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Figures } from '../screen/Figures';
import { errorsAt, received, type UserError } from '../screen/user_errors';
import { type Change, changeOf, type Draft, isEnough, taken, unassignedAfter } from './changes';

interface Props {
  accountId: string;
  unassigned: string;
  drafts: readonly Draft[];
  /** Whether the lists are read again after saving. */
  isRefreshing: boolean;
  onSaved(): void;
  onDiscard(): void;
}

/** Everything that saving would change, what stays unassigned, and the button that saves. */
export function Review({ accountId, unassigned, drafts, isRefreshing, ...on }: Props) {
  const { t } = useTranslation();
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [saved, setSaved] = useState(false);
  const [{ error, fetching }, allocate] = useMutation(ALLOCATE);
  const edited = drafts.map(changeOf);
  const changes = edited.filter((one): one is Change => typeof one !== 'string');
  const unreadable = edited.filter((one) => one === 'unreadable').length;
  const after = unassignedAfter(unassigned, changes);
  const enough = isEnough(after);

  async function save() {
    setRefusals([]);
    const allocations = changes.map(({ list, after: assigned }) => ({
      listId: list.id,
      ...(assigned === null ? { mode: 'SHARED' as const } : { mode: 'LIMITED' as const, assigned }),
    }));
    const { data } = await allocate({ input: { accountId, allocations } });
    if (!data) return;
    const { userErrors } = data.allocateCredits;
    setRefusals(named(userErrors, changes));
    if (userErrors.length > 0) return;
    setSaved(true);
    on.onSaved();
  }

  if (changes.length + unreadable === 0) {
    return (
      <Text size="sm" c="dimmed" mt="md" role="status">
        {saved && `${t('allocation.saved')} `}
        {t('limit.unassigned', { credits: formatDecimal(unassigned) })}
      </Text>
    );
  }
  const { elsewhere } = errorsAt(refusals);
  return (
    <Stack gap="sm" mt="md">
      {error && <Failure error={error} />}
      {elsewhere && (
        <Alert color="red" role="alert">
          {elsewhere}
        </Alert>
      )}
      <Text size="sm" fw={600}>
        {t('allocation.changes', { count: changes.length + unreadable })}
      </Text>
      <Stack component="ul" gap={4} m={0} pl="lg">
        {changes.map((change) => (
          <Text component="li" size="sm" key={change.list.id}>
            {changeText(t, change)}
          </Text>
        ))}
      </Stack>
      <Figures
        figures={[
          [t('allocation.now'), formatDecimal(unassigned)],
          [t('allocation.after'), formatDecimal(after)],
        ]}
      />
      {!enough && (
        <Text size="sm" c="red" role="alert">
          {t('allocation.short', { credits: formatDecimal(negated(after)) })}
        </Text>
      )}
      {unreadable > 0 && (
        <Text size="sm" c="red" role="status">
          {t('allocation.unreadable', { count: unreadable })}
        </Text>
      )}
      <Group gap="sm">
        <Button
          loading={fetching || isRefreshing}
          disabled={!enough || unreadable > 0}
          onClick={save}
        >
          {t('action.save')}
        </Button>
        <Button
          variant="default"
          disabled={fetching || isRefreshing}
          onClick={() => {
            setRefusals([]);
            setSaved(false);
            on.onDiscard();
          }}
        >
          {t('allocation.discard')}
        </Button>
      </Group>
    </Stack>
  );
}

/** "VIP: 705 → 1,500 (+795)". */
function changeText(t: TFunction, change: Change): string {
  const shown = (credits: string | null) =>
    credits === null ? t('lists.shared') : formatDecimal(credits);
  const text = t('allocation.change', {
    list: change.list.name,
    before: shown(change.before),
    after: shown(change.after),
  });
  const more = taken(change);
  if (change.before === null || change.after === null) return text;
  const difference = formatDecimal(more);
  const signed = isNegative(more) ? difference : t('allocation.addition', { credits: difference });
  return `${text} (${signed})`;
}

/** The server's errors, each with the list that it is about. */
function named(errors: readonly UserError[], changes: readonly Change[]): UserError[] {
  return received(errors).map(({ field, message }) => {
    const at = field?.indexOf('allocations') ?? -1;
    const change = at < 0 ? undefined : changes[Number(field?.[at + 1])];
    return { message: change ? `${change.list.name}: ${message}` : message };
  });
}
