import { NativeSelect, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import { defaultCard, newestIn } from '../rate_card/newest';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { DEFAULT_ZONE, zones } from '../settings/choices';

const CARDS = graphql(`
  query CardsOfNewAccount {
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

const CREATE = graphql(`
  mutation CreateAccount($input: CreateAccountInput!) {
    createAccount(input: $input) {
      account {
        id
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** The currency of an account that names none. */
const DEFAULT_CURRENCY = 'EUR';

/** Creates an account, which is opened then. */
export function NewAccountDialog(props: { onCreated(id: string): void; onClose(): void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [timeZone, setTimeZone] = useState(DEFAULT_ZONE);
  const [currencyCode, setCurrency] = useState(DEFAULT_CURRENCY);
  const [chosen, setCode] = useState<string>();
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data: listed }] = useQuery({ query: CARDS });
  const [{ error, fetching }, create] = useMutation(CREATE);
  // An account's card is in its currency.
  const cards = newestIn(currencyCode, listed?.rateCards.nodes ?? []);
  const card = cards.find((card) => card.code === chosen) ?? defaultCard(currencyCode, cards);
  const hasNone = listed !== undefined && cards.length === 0;

  async function submit() {
    setRefusals([]);
    const rateCardId = card?.id;
    const { data } = await create({ input: { name, timeZone, currencyCode, rateCardId } });
    if (!data) return;
    const { userErrors, account } = data.createAccount;
    setRefusals(received(userErrors));
    if (account) props.onCreated(account.id);
  }

  return (
    <FormDialog
      title={t('portfolio.create')}
      action={t('portfolio.create')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'name', 'timeZone', 'currencyCode', 'rateCardId')}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <TextInput
        label={t('settings.name')}
        attributes={{ input: { dir: 'auto' } }}
        autoComplete="off"
        data-autofocus
        value={name}
        error={errorsUnder(refusals, 'name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={t('settings.timeZone')}
        description={t('settings.timeZoneMeaning')}
        searchable
        allowDeselect={false}
        limit={60}
        data={zones(DEFAULT_ZONE)}
        value={timeZone}
        error={errorsUnder(refusals, 'timeZone')}
        nothingFoundMessage={t('settings.noZone')}
        onChange={(zone) => zone && setTimeZone(zone)}
      />
      <TextInput
        label={t('settings.currency')}
        description={t('portfolio.currencyMeaning')}
        autoComplete="off"
        maxLength={3}
        value={currencyCode}
        error={errorsUnder(refusals, 'currencyCode')}
        onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
      />
      <NativeSelect
        label={t('terms.rateCard')}
        description={
          hasNone ? t('portfolio.noCardIn', { currency: currencyCode }) : t('terms.rateCardMeaning')
        }
        disabled={hasNone}
        value={card?.code}
        data={cards.map((card) => card.code)}
        error={errorsUnder(refusals, 'rateCardId')}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
