import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pending } from '../screen/Pending';
import { goTo, type Route, useRoute } from '../session/route';
import { Explanation } from './Explanation';

const OPEN_MESSAGE = graphql(`
  query OpenMessage($id: ID!) {
    node(id: $id) {
      __typename
      ... on Message {
        id
        account {
          id
        }
        ...ExplainedMessage
      }
    }
  }
`);

/**
 * The message that the address names, and why it costs what it does: a reload and a link show it
 * again, and the back button closes it.
 */
export function OpenMessage(props: { id: string; accountId: string; timeZone: string }) {
  const { t } = useTranslation();
  const route = useRoute();
  const [{ data, error }, ask] = useQuery({ query: OPEN_MESSAGE, variables: { id: props.id } });
  const message = data?.node && 'account' in data.node ? data.node : undefined;
  return (
    <Dialog
      title={t('column.message')}
      size="xl"
      onClose={() => goTo({ ...route, message: undefined })}
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!data && !error && <Pending rows={6} />}
      {data &&
        (message?.account.id === props.accountId ? (
          <Explanation message={message} timeZone={props.timeZone} />
        ) : (
          <Nothing>{t('messages.notFound')}</Nothing>
        ))}
    </Dialog>
  );
}

/** Opens a message where the reader is. */
export function openMessage(route: Route, { id }: { id: string }): void {
  goTo({ ...route, message: id });
}
