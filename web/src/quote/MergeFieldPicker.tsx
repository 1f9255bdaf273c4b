import { Button, Menu, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';

const FIELDS = graphql(`
  query ListMergeFields($listId: ID!) {
    node(id: $listId) {
      __typename
      ... on ContactList {
        id
        mergeFields {
          name
          contactCount
        }
      }
    }
  }
`);

/** Offers the merge fields that a list's contacts have. Shows nothing if they have none. */
export function MergeFieldPicker(props: { listId: string; onPick(name: string): void }) {
  const { t } = useTranslation();
  const [{ data }] = useQuery({ query: FIELDS, variables: { listId: props.listId } });
  const fields = data?.node?.__typename === 'ContactList' ? data.node.mergeFields : [];
  if (fields.length === 0) return null;
  return (
    // The picked field goes into the text, and the cursor with it.
    <Menu returnFocus={false} position="bottom-start" withinPortal={false}>
      <Menu.Target>
        <Button variant="default" size="compact-xs" mt={6}>
          {t('quote.insertField')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={280} style={{ overflowY: 'auto' }}>
        {fields.map(({ name, contactCount }) => (
          <Menu.Item
            key={name}
            onClick={() => setTimeout(() => props.onPick(name))}
            rightSection={
              <Text size="xs" c="dimmed">
                {t('quote.fieldContacts', { count: contactCount })}
              </Text>
            }
          >
            <bdi>{name}</bdi>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
