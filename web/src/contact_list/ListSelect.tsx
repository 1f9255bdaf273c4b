import { Select, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { formatCount } from '../number/decimal';

const LIST_OPTIONS = graphql(`
  query ListOptions($accountId: ID!, $search: String, $chosen: ID!, $hasChosen: Boolean!) {
    node(id: $chosen) @include(if: $hasChosen) {
      __typename
      ... on ContactList {
        id
        name
        recipientCount
      }
    }
    account(id: $accountId) {
      id
      lists(first: 50, search: $search) {
        nodes {
          id
          name
          recipientCount
        }
      }
    }
  }
`);

/** Chooses one of the account's lists by name. */
export function ListSelect(props: {
  accountId: string;
  value: string | null;
  /** What is wrong with the choice. */
  error?: string;
  onChange(listId: string | null): void;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<{ value: string; label: string }>();
  // The field shows the chosen list's name as if it had been typed; that is not a search.
  const [search] = useDebouncedValue(typed === chosen?.label ? '' : typed.trim(), 250);
  const [{ data, error, fetching }] = useQuery({
    query: LIST_OPTIONS,
    variables: {
      accountId: props.accountId,
      search: search || null,
      chosen: props.value ?? '',
      // A list that wasn't chosen here, but by the page's address.
      hasChosen: props.value !== null && props.value !== chosen?.value,
    },
  });
  const option = (list: { id: string; name: string; recipientCount: number }) => ({
    value: list.id,
    label: `${list.name} (${formatCount(list.recipientCount)})`,
  });
  const found = (data?.account?.lists.nodes ?? []).map(option);
  const given = data?.node?.__typename === 'ContactList' ? option(data.node) : chosen;
  const options =
    given && !found.some((one) => one.value === given.value) ? [given, ...found] : found;

  return (
    <Select
      label={t('listSelect.label')}
      placeholder={t('listSelect.placeholder')}
      attributes={{ input: { dir: 'auto' } }}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': t('listSelect.clear') }}
      // The server has already searched.
      filter={({ options: all }) => all}
      renderOption={({ option }) => (
        <Text size="sm" dir="auto" flex={1}>
          {option.label}
        </Text>
      )}
      data={options}
      value={props.value}
      onChange={(value, option) => {
        setChosen(option ?? undefined);
        props.onChange(value);
      }}
      onSearchChange={setTyped}
      nothingFoundMessage={fetching ? t('listSelect.searching') : t('listSelect.none')}
      error={error ? t('listSelect.failed') : props.error}
    />
  );
}
