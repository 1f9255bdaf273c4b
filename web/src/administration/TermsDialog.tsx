import { Alert, NativeSelect, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import type { Settlement, UpdateAccountInput } from '../generated/graphql';
import { NumberField, problemText } from '../number/NumberField';
import { editable, readNumber } from '../number/reading';
import { newestIn } from '../rate_card/newest';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';

const CARDS = graphql(`
  query CardsToChoose {
    rateCards(first: 500) {
      nodes {
        id
        code
        version
        creditValue {
          currencyCode
        }
      }
    }
  }
`);

const UPDATE = graphql(`
  mutation UpdateTerms($input: UpdateAccountInput!) {
    updateAccount(input: $input) {
      account {
        id
        settlement
        retentionMonths
      }
      userErrors {
        field
        message
      }
    }
  }
`);

interface Props {
  account: {
    id: string;
    settlement: Settlement;
    retentionMonths?: number | null;
    subscriptionFee: { amount: string };
    rateCard: { code: string };
  };
  currencyCode: string;
  onClose(): void;
}

/** Every way of settling; the type makes a missing one an error. */
const SETTLEMENTS = Object.keys({
  AUTOMATIC: true,
  REPORTED: true,
} satisfies Record<Settlement, true>) as Settlement[];

/** Changes what the platform sets for an account. Only what differs is sent. */
export function TermsDialog({ account, currencyCode, onClose }: Props) {
  const { t } = useTranslation();
  const money = { kind: 'money', currencyCode } as const;
  const before = account.retentionMonths == null ? '' : String(account.retentionMonths);
  const [code, setCode] = useState(account.rateCard.code);
  const [fee, setFee] = useState(editable(account.subscriptionFee.amount));
  const [settlement, setSettlement] = useState(account.settlement);
  const [months, setMonths] = useState(before);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data: listed }] = useQuery({ query: CARDS });
  const [{ error, fetching }, update] = useMutation(UPDATE);
  const cards = newestIn(currencyCode, listed?.rateCards.nodes ?? []);
  const amount = readNumber(fee, money);

  async function submit() {
    const wrong: UserError[] = [];
    const input: UpdateAccountInput = { accountId: account.id };
    if ('problem' in amount) {
      wrong.push({ field: ['subscriptionFee'], message: problemText(t, amount.problem, money) });
    } else if (fee !== editable(account.subscriptionFee.amount)) {
      input.subscriptionFee = { amount: amount.value, currencyCode };
    }
    if (months.trim() !== before) {
      if (/^\d{0,4}$/.test(months.trim())) {
        input.retentionMonths = months.trim() === '' ? null : Number(months);
      } else {
        wrong.push({ field: ['retentionMonths'], message: t('terms.notMonths') });
      }
    }
    if (settlement !== account.settlement) input.settlement = settlement;
    if (code !== account.rateCard.code) {
      input.rateCardId = cards.find((card) => card.code === code)?.id;
    }
    setRefusals(wrong);
    if (wrong.length > 0) return;
    const { data } = await update({ input });
    if (!data) return;
    const { userErrors } = data.updateAccount;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  const isShorter =
    /^\d+$/.test(months.trim()) && (before === '' || Number(months) < Number(before));
  return (
    <FormDialog
      title={t('terms.change')}
      action={t('action.save')}
      busy={fetching}
      error={error}
      problem={otherErrors(
        refusals,
        'rateCardId',
        'subscriptionFee',
        'settlement',
        'retentionMonths',
      )}
      onSubmit={submit}
      onClose={onClose}
    >
      <NativeSelect
        label={t('terms.rateCard')}
        description={t('terms.rateCardMeaning')}
        value={code}
        data={[...new Set([account.rateCard.code, ...cards.map((card) => card.code)])]}
        error={errorsUnder(refusals, 'rateCardId')}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <NumberField
        label={t('terms.feeIn', { currency: currencyCode })}
        description={t('terms.feeMeaning')}
        unit={money}
        value={fee}
        error={errorsUnder(refusals, 'subscriptionFee')}
        onChange={(text) => {
          setFee(text);
          setRefusals([]);
        }}
      />
      <Radio.Group
        label={t('terms.settlement')}
        value={settlement}
        error={errorsUnder(refusals, 'settlement')}
        onChange={(value) => setSettlement(value as Settlement)}
      >
        <Stack gap="xs" mt="xs">
          {SETTLEMENTS.map((one) => (
            <Radio
              key={one}
              value={one}
              label={t(`terms.settlements.${one}`)}
              description={t(`terms.settlementMeanings.${one}`)}
            />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        label={t('terms.retentionIn')}
        description={t('terms.retentionMeaning')}
        inputMode="numeric"
        autoComplete="off"
        value={months}
        error={errorsUnder(refusals, 'retentionMonths')}
        onChange={(event) => {
          setMonths(event.currentTarget.value);
          setRefusals([]);
        }}
      />
      {isShorter && (
        <Alert color="red" role="status">
          <Text size="sm">{t('terms.erases')}</Text>
        </Alert>
      )}
    </FormDialog>
  );
}
