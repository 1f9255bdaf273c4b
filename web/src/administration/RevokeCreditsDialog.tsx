import { Button, Group, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { formatDecimal, isNegative, negated, sum } from '../number/decimal';
import { NumberField, problemText } from '../number/NumberField';
import { editable, readNumber } from '../number/reading';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { newIdempotencyKey } from '../session/idempotency_key';

const REVOKE = graphql(`
  mutation RevokeCredits($input: RevokeCreditsInput!) {
    revokeCredits(input: $input) {
      balance {
        ...BalanceFigures
      }
      userErrors {
        field
        message
      }
    }
  }
`);

const CREDITS = { kind: 'credits' } as const;

/** Takes credits back from one lot, or from those that would be spent first, with the reason. */
export function RevokeCreditsDialog(props: {
  accountId: string;
  available: string;
  lot?: { id: string; source: 'AUTO_RECHARGE' | 'GRANT' | 'PURCHASE'; remaining: string };
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { accountId, available, lot, onClose } = props;
  const [typed, setTyped] = useState('');
  const [note, setNote] = useState('');
  // Clicking twice, or again after a lost response, takes them once.
  const [idempotencyKey, setKey] = useState(newIdempotencyKey);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, revoke] = useMutation(REVOKE);
  const reading = readNumber(typed, CREDITS);
  const most = lot?.remaining ?? available;
  const left = 'value' in reading ? sum([most, negated(reading.value)]) : undefined;

  function edit(change: (text: string) => void) {
    return (text: string) => {
      change(text);
      setRefusals([]);
      setKey(newIdempotencyKey());
    };
  }

  async function submit() {
    if ('problem' in reading) {
      setRefusals([{ field: ['credits'], message: problemText(t, reading.problem, CREDITS) }]);
      return;
    }
    setRefusals([]);
    const { data } = await revoke({
      input: { accountId, lotId: lot?.id, credits: reading.value, note, idempotencyKey },
    });
    if (!data) return;
    const { userErrors } = data.revokeCredits;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('grants.revoke')}
      action={t('grants.revoke')}
      destructive
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'credits', 'note')}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text size="sm">
        {lot
          ? t('grants.fromLot', {
              source: t(`lots.source.${lot.source}`),
              credits: formatDecimal(lot.remaining),
            })
          : t('grants.fromAny', { credits: formatDecimal(available) })}
      </Text>
      <Group align="start" gap="sm" wrap="nowrap">
        <NumberField
          label={t('column.credits')}
          unit={CREDITS}
          autoFocus
          value={typed}
          error={errorsUnder(refusals, 'credits')}
          onChange={edit(setTyped)}
        />
        <Button variant="default" mt={24} onClick={() => edit(setTyped)(editable(most))}>
          {t('grants.all')}
        </Button>
      </Group>
      <Textarea
        label={t('column.reason')}
        description={t('grants.reasonMeaning')}
        attributes={{ input: { dir: 'auto' } }}
        autosize
        minRows={2}
        maxRows={6}
        value={note}
        error={errorsUnder(refusals, 'note')}
        onChange={(event) => edit(setNote)(event.currentTarget.value)}
      />
      {left !== undefined && (
        <Text size="sm" role="status" c={isNegative(left) ? 'red' : undefined}>
          {isNegative(left)
            ? t('grants.tooMany', { credits: formatDecimal(negated(left)) })
            : t('grants.left', { credits: formatDecimal(left) })}
        </Text>
      )}
    </FormDialog>
  );
}
