import { Alert, Button, Group, Radio, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { changeOf, isEnough, unassignedAfter } from '../allocation/changes';
import type { AllocationMode } from '../generated/graphql';
import { formatDecimal, negated } from '../number/decimal';
import { NumberField, problemText } from '../number/NumberField';
import { editable, readNumber } from '../number/reading';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { errorsAt, received, type UserError } from '../screen/user_errors';
import { ALLOCATE } from './allocate';

interface Props {
  accountId: string;
  unassigned: string;
  list: {
    id: string;
    name: string;
    allocation: { mode: AllocationMode; assigned?: string | null };
  };
  /** The credits that the list is to have, if the reader comes for that. */
  needed?: string;
  onClose(): void;
}

const CREDITS = { kind: 'credits' } as const;

/** Sets a list's own limit, changes it, or makes the list share credits again. */
export function LimitDialog({ accountId, list, unassigned, needed, onClose }: Props) {
  const { t } = useTranslation();
  const [mode, setMode] = useState(list.allocation.mode);
  const [typed, setTyped] = useState(editable(needed ?? list.allocation.assigned ?? ''));
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, allocate] = useMutation(ALLOCATE);
  const limited = mode === 'LIMITED';
  const { here, elsewhere } = errorsAt(refusals, 'assigned');
  const change = changeOf({ list, limited, typed });
  const after = unassignedAfter(unassigned, typeof change === 'string' ? [] : [change]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const reading = readNumber(typed, CREDITS);
    if (limited && 'problem' in reading) {
      const message = problemText(t, reading.problem, CREDITS);
      setRefusals([{ field: ['assigned'], message }]);
      return;
    }
    setRefusals([]);
    const assigned = 'value' in reading ? reading.value : undefined;
    const allocation = { listId: list.id, mode, ...(limited && { assigned }) };
    const { data } = await allocate({ input: { accountId, allocations: [allocation] } });
    if (!data) return;
    const { userErrors } = data.allocateCredits;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <Dialog onClose={onClose} title={t('limit.title', { list: list.name })}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {error && <Failure error={error} />}
          {elsewhere && (
            <Alert color="red" role="alert">
              {elsewhere}
            </Alert>
          )}
          <Radio.Group
            label={t('limit.question')}
            value={mode}
            onChange={(value) => setMode(value as AllocationMode)}
          >
            <Stack gap="xs" mt="xs">
              <Radio
                value="SHARED"
                label={t('mode.SHARED')}
                description={t('limit.sharedMeaning')}
              />
              <Radio
                value="LIMITED"
                label={t('mode.LIMITED')}
                description={t('limit.limitedMeaning')}
              />
            </Stack>
          </Radio.Group>
          {limited && (
            <NumberField
              label={t('limit.assigned')}
              description={t('limit.assignedMeaning')}
              unit={CREDITS}
              autoFocus
              value={typed}
              error={here}
              onChange={(text) => {
                setTyped(text);
                setRefusals([]);
              }}
            />
          )}
          {!limited && here && (
            <Alert color="red" role="alert">
              {here}
            </Alert>
          )}
          <Text size="xs" c="dimmed">
            {t('limit.unassigned', { credits: formatDecimal(unassigned) })}{' '}
            {typeof change !== 'string' && t('limit.after', { credits: formatDecimal(after) })}
          </Text>
          {!isEnough(after) && (
            <Text size="sm" c="red" role="alert">
              {t('allocation.short', { credits: formatDecimal(negated(after)) })}
            </Text>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={fetching}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
