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
import { ReplaceDialog } from './ReplaceDialog';
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

/** What is open above the list. */
type Open = { kind: 'new' | 'others' } | { kind: 'replace' | 'revoke'; key: Key };

/** Lists keys, and makes, replaces and revokes them. */
export function KeyList(props: Props) {
  const { t } = useTranslation();
  const { accountId, timeZone, mayChange, keys, paging, ask } = props;
  const [open, setOpen] = useState<Open>();

  function close() {
    setOpen(undefined);
    ask({ requestPolicy: 'network-only' });
  }

  const buttons = mayChange && (
    <Group gap="xs">
      <Button size="xs" variant="default" onClick={() => setOpen({ kind: 'others' })}>
        {t('keys.revokeOthers')}
      </Button>
      <Button size="xs" onClick={() => setOpen({ kind: 'new' })}>
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
            actions={
              mayChange
                ? {
                    onReplace: (key) => setOpen({ kind: 'replace', key }),
                    onRevoke: (key) => setOpen({ kind: 'revoke', key }),
                  }
                : undefined
            }
          />
          <Pager
            label={t('pager.keys')}
            paging={paging}
            pageInfo={keys.pageInfo}
            totalCount={keys.totalCount}
          />
        </>
      )}
      {open?.kind === 'new' && (
        <NewKeyDialog
          accountId={accountId}
          roles={props.roles}
          timeZone={timeZone}
          onClose={close}
        />
      )}
      {open?.kind === 'others' && <RevokeOthersDialog accountId={accountId} onClose={close} />}
      {open?.kind === 'replace' && <ReplaceDialog apiKey={open.key} onClose={close} />}
      {open?.kind === 'revoke' && <RevokeDialog apiKey={open.key} onClose={close} />}
    </Panel>
  );
}
