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
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

/** What stands below the lists that are offered if there are more. It can't be chosen. */
const MORE = 'more';

/** The buttons are at the right of the field, where a name from right to left begins. */
const AT_START = {
  paddingLeft: 'var(--input-padding-inline-start)',
  paddingRight: 'var(--input-padding-inline-end)',
};
const BESIDE_BUTTONS = { ...AT_START, paddingRight: '3.5rem' };

/** Chooses one of the account's lists by name. */
export function ListSelect(props: {
  accountId: string;
  value: string | null;
  /** What is read if none is chosen; that one is to be chosen if it is left out. */
  placeholder?: string;
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
  const more = data?.account?.lists.pageInfo.hasNextPage
    ? [{ value: MORE, label: t('listSelect.more'), disabled: true }]
    : [];

  return (
    <Select
      label={t('listSelect.label')}
      placeholder={props.placeholder ?? t('listSelect.placeholder')}
      attributes={{ input: { dir: 'auto' } }}
      styles={{ input: props.value ? BESIDE_BUTTONS : AT_START }}
      classNames={{ option: 'list-option' }}
      searchable
      // The field has the focus, too, if its choice is refused: the reason stands below it.
      openOnFocus={false}
      clearable
      clearButtonProps={{ 'aria-label': t('listSelect.clear') }}
      // The server has already searched.
      filter={({ options: all }) => all}
      renderOption={({ option }) => (
        <Text size="sm" dir="auto" flex={1} miw={0} style={{ overflowWrap: 'anywhere' }}>
          {option.label}
        </Text>
      )}
      data={[...options, ...more]}
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
