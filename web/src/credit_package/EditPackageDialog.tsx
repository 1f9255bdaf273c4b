import { Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { formatMoney, isZero, pricePerCredit } from '../number/decimal';
import { NumberField, problemText } from '../number/NumberField';
import { editable, readNumber } from '../number/reading';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { isDays, ValidityField } from './ValidityField';

const UPDATE = graphql(`
  mutation UpdatePackage($input: UpdateCreditPackageInput!) {
    updateCreditPackage(input: $input) {
      package {
        id
        name
        price {
          amount
          currencyCode
        }
        validityDays
      }
      userErrors {
        field
        message
      }
    }
  }
`);

interface Package {
  id: string;
  code: string;
  name: string;
  credits: string;
  price: { amount: string; currencyCode: string };
  validityDays?: number | null;
}

/** Changes a package's name, price and validity. What was bought stays as it is. */
export function EditPackageDialog({ one, onClose }: { one: Package; onClose(): void }) {
  const { t } = useTranslation();
  const { currencyCode } = one.price;
  const [name, setName] = useState(one.name);
  const [price, setPrice] = useState(editable(one.price.amount));
  const [days, setDays] = useState(one.validityDays ? String(one.validityDays) : '');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, update] = useMutation(UPDATE);
  const money = { kind: 'money', currencyCode } as const;
  const cost = readNumber(price, money);

  function edit(change: (text: string) => void) {
    return (text: string) => {
      change(text);
      setRefusals([]);
    };
  }

  async function submit() {
    const wrong: UserError[] = [];
    if ('problem' in cost) {
      wrong.push({ field: ['price'], message: problemText(t, cost.problem, money) });
    }
    if (!isDays(days)) wrong.push({ field: ['validityDays'], message: t('packages.notDays') });
    setRefusals(wrong);
    if (wrong.length > 0 || 'problem' in cost) return;
    const { data } = await update({
      input: {
        packageId: one.id,
        name,
        price: { amount: cost.value, currencyCode },
        validityDays: days.trim() ? Number(days) : null,
      },
    });
    if (!data) return;
    const { userErrors } = data.updateCreditPackage;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('packages.editTitle', { name: one.name, code: one.code })}
      action={t('action.save')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'name', 'price', 'validityDays')}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text size="sm">{t('packages.editMeaning')}</Text>
      <TextInput
        label={t('column.name')}
        attributes={{ input: { dir: 'auto' } }}
        autoComplete="off"
        data-autofocus
        value={name}
        error={errorsUnder(refusals, 'name')}
        onChange={(event) => edit(setName)(event.currentTarget.value)}
      />
      <NumberField
        label={t('column.price')}
        unit={money}
        value={price}
        error={errorsUnder(refusals, 'price')}
        onChange={edit(setPrice)}
      />
      {'value' in cost && !isZero(one.credits) && (
        <Text size="sm" role="status">
          {t('packages.perCredit', {
            price: formatMoney({ amount: pricePerCredit(cost.value, one.credits), currencyCode }),
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
