import { NativeSelect, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import { newestOfEach } from '../rate_card/newest';
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

/** The card and currency of an account that names none. */
const DEFAULTS = { card: 'default', currency: 'EUR' };

/** Creates an account, which is opened then. */
export function NewAccountDialog(props: { onCreated(id: string): void; onClose(): void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [timeZone, setTimeZone] = useState(DEFAULT_ZONE);
  const [currencyCode, setCurrency] = useState(DEFAULTS.currency);
  const [code, setCode] = useState(DEFAULTS.card);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data: listed }] = useQuery({ query: CARDS });
  const [{ error, fetching }, create] = useMutation(CREATE);
  const cards = newestOfEach(listed?.rateCards.nodes ?? []);

  async function submit() {
    setRefusals([]);
    const rateCardId = cards.find((card) => card.code === code)?.id;
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
        description={t('terms.rateCardMeaning')}
        value={code}
        data={[...new Set([DEFAULTS.card, ...cards.map((card) => card.code)])]}
        error={errorsUnder(refusals, 'rateCardId')}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
