import { Badge, Button } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { type Column, DataTable } from '../screen/DataTable';
import { formatInstant } from '../time/format';
import { type Key, type KeyState, keyState } from './state';

const COLORS: Record<KeyState, string> = { WORKING: 'teal', EXPIRED: 'orange', REVOKED: 'gray' };

/** API keys with what is known of them, and a button that revokes each. */
export function KeyTable(props: {
  keys: readonly Key[];
  timeZone: string;
  onRevoke?: (key: Key) => void;
}) {
  const { t } = useTranslation();
  return (
    <DataTable
      caption={t('keys.title')}
      columns={columns(t, props.timeZone, Date.now(), props.onRevoke)}
      rows={props.keys}
      rowKey={(key) => key.id}
    />
  );
}

function columns(
  t: TFunction,
  timeZone: string,
  now: number,
  onRevoke?: (key: Key) => void,
): Column<Key>[] {
  const shown: Column<Key>[] = [
    { title: t('column.name'), heading: true, cell: (key) => key.name },
    { title: t('column.role'), cell: (key) => t(`role.${key.role}`) },
    { title: t('column.created'), cell: (key) => formatInstant(key.createdAt, timeZone) },
    {
      title: t('column.lastUsed'),
      cell: (key) => (key.lastUsedAt ? formatInstant(key.lastUsedAt, timeZone) : t('keys.unused')),
    },
    {
      title: t('column.worksUntil'),
      cell: (key) => (key.expiresAt ? formatInstant(key.expiresAt, timeZone) : t('keys.noEnd')),
    },
    {
      title: t('column.state'),
      cell: (key) => {
        const state = keyState(key, now);
        return (
          <Badge variant="light" size="sm" color={COLORS[state]}>
            {state === 'REVOKED' && key.revokedAt
              ? t('keys.revokedAt', { at: formatInstant(key.revokedAt, timeZone) })
              : t(`keys.state.${state}`)}
          </Badge>
        );
      },
    },
  ];
  if (!onRevoke) return shown;
  return [
    ...shown,
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (key) =>
        keyState(key, now) === 'WORKING' && (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t('keys.revokeNamed', { name: key.name })}
            onClick={() => onRevoke(key)}
          >
            {t('keys.revoke')}
          </Button>
        ),
    },
  ];
}
