import { Select, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';

const ACTORS = graphql(`
  query ActorOptions($accountId: ID!) {
    account(id: $accountId) {
      id
      actors(first: 500) {
        name
        apiKeyId
        onBehalfOf
      }
    }
  }
`);

/** Who sent messages: an API key, or whoever keys acted for. Neither is everybody. */
export interface Sender {
  key?: string;
  person?: string;
}

/** Restricts usage to what one key sent, or to what was sent on behalf of one person. */
export function ActorSelect(props: {
  accountId: string;
  actor: Sender;
  onChange(actor: Sender): void;
}) {
  const { t } = useTranslation();
  const { key, person } = props.actor;
  const [{ data, error }] = useQuery({
    query: ACTORS,
    variables: { accountId: props.accountId },
  });
  const keys = new Map<string, string>();
  const people = new Set<string>();
  for (const { apiKeyId, name, onBehalfOf } of data?.account?.actors ?? []) {
    if (apiKeyId) keys.set(apiKeyId, name ?? apiKeyId);
    if (onBehalfOf) people.add(onBehalfOf);
  }
  // The address may name somebody who isn't among them.
  if (key && !keys.has(key)) keys.set(key, key);
  if (person) people.add(person);
  const value = key ? keyValue(key) : person ? personValue(person) : null;

  return (
    <Select
      label={t('usage.sentBy')}
      placeholder={t('usage.everybody')}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': t('usage.clearSender') }}
      attributes={{ input: { dir: 'auto' } }}
      nothingFoundMessage={t('usage.noSender')}
      renderOption={({ option }) => (
        <Text size="sm" dir="auto" flex={1}>
          {option.label}
        </Text>
      )}
      data={[
        {
          group: t('usage.onBehalfOf'),
          items: [...people].sort().map((label) => ({ value: personValue(label), label })),
        },
        {
          group: t('usage.keys'),
          items: [...keys].map(([id, label]) => ({ value: keyValue(id), label })),
        },
      ]}
      value={value}
      onChange={(chosen) =>
        props.onChange({
          key: chosen?.startsWith('key:') ? chosen.slice('key:'.length) : undefined,
          person: chosen?.startsWith('for:') ? chosen.slice('for:'.length) : undefined,
        })
      }
      error={error && t('usage.noSenders')}
    />
  );
}

function keyValue(id: string): string {
  return `key:${id}`;
}

function personValue(label: string): string {
  return `for:${label}`;
}
