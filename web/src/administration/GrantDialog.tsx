import { Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { formatDecimal, sum } from '../number/decimal';
import { NumberField, problemText } from '../number/NumberField';
import { readNumber } from '../number/reading';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { newIdempotencyKey } from '../session/idempotency_key';
import { dayAfter } from '../time/period';

const GRANT = graphql(`
  mutation GrantCredits($input: GrantCreditsInput!) {
    grantCredits(input: $input) {
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

/** Gives an account credits, with the reason. */
export function GrantDialog(props: { accountId: string; available: string; onClose(): void }) {
  const { t } = useTranslation();
  const { accountId, available, onClose } = props;
  const [typed, setTyped] = useState('');
  const [lastDay, setLastDay] = useState('');
  const [note, setNote] = useState('');
  // Clicking twice, or again after a lost response, gives them once.
  const [idempotencyKey, setKey] = useState(newIdempotencyKey);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, grant] = useMutation(GRANT);
  const reading = readNumber(typed, CREDITS);

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
    const expiresOn = lastDay ? dayAfter(lastDay) : null;
    const { data } = await grant({
      input: { accountId, credits: reading.value, expiresOn, note, idempotencyKey },
    });
    if (!data) return;
    const { userErrors } = data.grantCredits;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('grants.grant')}
      action={t('grants.grant')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'credits', 'expiresOn', 'note')}
      onSubmit={submit}
      onClose={onClose}
    >
      <NumberField
        label={t('column.credits')}
        unit={CREDITS}
        autoFocus
        value={typed}
        error={errorsUnder(refusals, 'credits')}
        onChange={edit(setTyped)}
      />
      <TextInput
        type="date"
        label={t('column.usableThrough')}
        description={t('grants.lastDayMeaning')}
        value={lastDay}
        error={errorsUnder(refusals, 'expiresOn')}
        onChange={(event) => edit(setLastDay)(event.currentTarget.value)}
      />
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
      {'value' in reading && (
        <Text size="sm" role="status">
          {t('grants.after', {
            before: formatDecimal(available),
            after: formatDecimal(sum([available, reading.value])),
          })}
        </Text>
      )}
    </FormDialog>
  );
}
