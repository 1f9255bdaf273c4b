import { Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { formatMoney, isZero, pricePerCredit } from '../number/decimal';
import { NumberField, problemText } from '../number/NumberField';
import { readNumber } from '../number/reading';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { isDays, ValidityField } from './ValidityField';

const CREATE = graphql(`
  mutation CreatePackage($input: CreateCreditPackageInput!) {
    createCreditPackage(input: $input) {
      package {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);

const CREDITS = { kind: 'credits' } as const;

/** Creates a package for sale. */
export function NewPackageDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const [name, setName] = useState('');
  const [credits, setCredits] = useState('');
  const [currencyCode, setCurrency] = useState('EUR');
  const [price, setPrice] = useState('');
  const [days, setDays] = useState('');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, create] = useMutation(CREATE);
  const money = { kind: 'money', currencyCode } as const;
  const amount = readNumber(credits, CREDITS);
  const cost = readNumber(price, money);

  function edit(change: (text: string) => void) {
    return (text: string) => {
      change(text);
      setRefusals([]);
    };
  }

  async function submit() {
    const wrong: UserError[] = [];
    if ('problem' in amount) {
      wrong.push({ field: ['credits'], message: problemText(t, amount.problem, CREDITS) });
    }
    if ('problem' in cost) {
      wrong.push({ field: ['price'], message: problemText(t, cost.problem, money) });
    }
    if (!isDays(days)) wrong.push({ field: ['validityDays'], message: t('packages.notDays') });
    setRefusals(wrong);
    if (wrong.length > 0 || 'problem' in amount || 'problem' in cost) return;
    const { data } = await create({
      input: {
        code,
        name,
        credits: amount.value,
        price: { amount: cost.value, currencyCode },
        validityDays: days.trim() ? Number(days) : null,
      },
    });
    if (!data) return;
    const { userErrors } = data.createCreditPackage;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('packages.create')}
      action={t('packages.create')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'code', 'name', 'credits', 'price', 'validityDays')}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label={t('packages.code')}
        description={t('packages.codeMeaning')}
        autoComplete="off"
        data-autofocus
        value={code}
        error={errorsUnder(refusals, 'code')}
        onChange={(event) => edit(setCode)(event.currentTarget.value)}
      />
      <TextInput
        label={t('column.name')}
        attributes={{ input: { dir: 'auto' } }}
        autoComplete="off"
        value={name}
        error={errorsUnder(refusals, 'name')}
        onChange={(event) => edit(setName)(event.currentTarget.value)}
      />
      <NumberField
        label={t('column.credits')}
        unit={CREDITS}
        value={credits}
        error={errorsUnder(refusals, 'credits')}
        onChange={edit(setCredits)}
      />
      <Group align="start" gap="sm" grow>
        <NumberField
          label={t('column.price')}
          unit={money}
          value={price}
          error={errorsUnder(refusals, 'price')}
          onChange={edit(setPrice)}
        />
        <TextInput
          label={t('settings.currency')}
          autoComplete="off"
          maxLength={3}
          value={currencyCode}
          onChange={(event) => edit(setCurrency)(event.currentTarget.value.toUpperCase())}
        />
      </Group>
      {'value' in amount && 'value' in cost && !isZero(amount.value) && (
        <Text size="sm" role="status">
          {t('packages.perCredit', {
            price: formatMoney({ amount: pricePerCredit(cost.value, amount.value), currencyCode }),
          })}
        </Text>
      )}
      <ValidityField
        value={days}
        error={errorsUnder(refusals, 'validityDays')}
        onChange={edit(setDays)}
      />
    </FormDialog>
  );
}
