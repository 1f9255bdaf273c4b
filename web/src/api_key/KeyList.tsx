import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CombinedError, UseQueryExecute } from 'urql';
import type { Role } from '../generated/graphql';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import type { Paging } from '../screen/paging';
import { KeyTable } from './KeyTable';
import { NewKeyDialog } from './NewKeyDialog';
import { RevokeDialog } from './RevokeDialog';
import { RevokeOthersDialog } from './RevokeOthersDialog';
import type { Key } from './state';

interface Props {
  title: string;
  /** The account of the keys; the platform if there is none. */
  accountId?: string;
  /** The roles that a new key can have. */
  roles: readonly Role[];
  timeZone: string;
  mayChange: boolean;
  keys?: {
    nodes: Key[];
    pageInfo: { hasNextPage: boolean; endCursor?: string | null };
    totalCount: number;
  };
  paging: Paging;
  error?: CombinedError;
  fetching: boolean;
  ask: UseQueryExecute;
}

/** Lists keys, and makes and revokes them. */
export function KeyList(props: Props) {
  const { t } = useTranslation();
  const { accountId, timeZone, mayChange, keys, paging, ask } = props;
  const [open, setOpen] = useState<'new' | 'others' | Key>();

  function close() {
    setOpen(undefined);
    ask({ requestPolicy: 'network-only' });
  }

  const buttons = mayChange && (
    <Group gap="xs">
      <Button size="xs" variant="default" onClick={() => setOpen('others')}>
        {t('keys.revokeOthers')}
      </Button>
      <Button size="xs" onClick={() => setOpen('new')}>
        {t('keys.create')}
      </Button>
    </Group>
  );

  return (
    <Panel title={props.title} aside={buttons}>
      {props.error && <Failure error={props.error} onRetry={ask} />}
      {!keys && props.fetching && <Pending rows={4} />}
      {keys?.nodes.length === 0 && <Nothing>{t('keys.none')}</Nothing>}
      {keys && keys.nodes.length > 0 && (
        <>
          <KeyTable
            keys={keys.nodes}
            timeZone={timeZone}
            onRevoke={mayChange ? setOpen : undefined}
          />
          <Pager
            label={t('pager.keys')}
            paging={paging}
            pageInfo={keys.pageInfo}
            totalCount={keys.totalCount}
          />
        </>
      )}
      {open === 'new' && (
        <NewKeyDialog
          accountId={accountId}
          roles={props.roles}
          timeZone={timeZone}
          onClose={close}
        />
      )}
      {open === 'others' && <RevokeOthersDialog accountId={accountId} onClose={close} />}
      {typeof open === 'object' && <RevokeDialog apiKey={open} onClose={close} />}
    </Panel>
  );
}
