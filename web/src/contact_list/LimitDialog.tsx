import { Alert, Button, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import type { AllocationMode } from '../generated/graphql';
import { formatDecimal, parseCredits } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { errorsAt, type UserError } from '../screen/user_errors';

const ALLOCATE = graphql(`
  mutation AllocateCredits($input: AllocateCreditsInput!) {
    allocateCredits(input: $input) {
      lists {
        id
        allocation {
          mode
          assigned
          available
          held
        }
      }
      balance {
        ...BalanceFigures
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

interface Props {
  accountId: string;
  unassigned: string;
  list: {
    id: string;
    name: string;
    allocation: { mode: AllocationMode; assigned?: string | null };
  };
  onClose(): void;
}

/** Sets a list's own limit, changes it, or makes the list share credits again. */
export function LimitDialog({ accountId, list, unassigned, onClose }: Props) {
  const [mode, setMode] = useState(list.allocation.mode);
  const [typed, setTyped] = useState(list.allocation.assigned ?? '');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, allocate] = useMutation(ALLOCATE);
  const limited = mode === 'LIMITED';
  const { here, elsewhere } = errorsAt(refusals, 'assigned');

  async function submit(event: FormEvent) {
    event.preventDefault();
    const assigned = parseCredits(typed);
    if (limited && assigned === undefined) {
      const message = 'Enter a number of credits, with at most 4 digits after the point.';
      setRefusals([{ field: ['assigned'], message }]);
      return;
    }
    setRefusals([]);
    const allocation = { listId: list.id, mode, ...(limited && { assigned }) };
    const { data } = await allocate({ input: { accountId, allocations: [allocation] } });
    if (!data) return;
    setRefusals(data.allocateCredits.userErrors);
    if (data.allocateCredits.userErrors.length === 0) onClose();
  }

  return (
    <Modal opened onClose={onClose} title={`Limits of ${list.name}`}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {error && <Failure error={error} />}
          {elsewhere && (
            <Alert color="red" role="alert">
              {elsewhere}
            </Alert>
          )}
          <Radio.Group
            label="What may it spend?"
            value={mode}
            onChange={(value) => setMode(value as AllocationMode)}
          >
            <Stack gap="xs" mt="xs">
              <Radio
                value="SHARED"
                label="Shared"
                description="Draws on the unassigned credits, like every list without a limit."
              />
              <Radio
                value="LIMITED"
                label="Own limit"
                description="Draws on its own assigned credits only."
              />
            </Stack>
          </Radio.Group>
          {limited && (
            <TextInput
              label="Assigned credits"
              description="The credits available to the list after this change."
              inputMode="decimal"
              data-autofocus
              value={typed}
              error={here}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          {!limited && here && (
            <Alert color="red" role="alert">
              {here}
            </Alert>
          )}
          <Text size="xs" c="dimmed">
            Unassigned now: {formatDecimal(unassigned)} credits.
          </Text>
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={fetching}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
