import { Badge, Button, Code, Group } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { type Column, DataTable } from '../screen/DataTable';
import { formatInstant } from '../time/format';
import { type Key, type KeyState, keyState } from './state';

const COLORS: Record<KeyState, string> = { WORKING: 'teal', EXPIRED: 'orange', REVOKED: 'gray' };

/** What can be done to a key. */
export interface KeyActions {
  onReplace(key: Key): void;
  onRevoke(key: Key): void;
}

/** API keys with what is known of them, and buttons that replace and revoke each. */
export function KeyTable(props: { keys: readonly Key[]; timeZone: string; actions?: KeyActions }) {
  const { t } = useTranslation();
  return (
    <DataTable
      caption={t('keys.title')}
      columns={columns(t, props.timeZone, Date.now(), props.actions)}
      rows={props.keys}
      rowKey={(key) => key.id}
    />
  );
}

function columns(t: TFunction, timeZone: string, now: number, actions?: KeyActions): Column<Key>[] {
  const shown: Column<Key>[] = [
    { title: t('column.name'), heading: true, cell: (key) => key.name },
    {
      title: t('column.begins'),
      cell: (key) => key.prefix && <Code>{key.prefix}…</Code>,
    },
    { title: t('column.role'), cell: (key) => t(`role.${key.role}`) },
    { title: t('keys.created'), cell: (key) => formatInstant(key.createdAt, timeZone) },
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
  if (!actions) return shown;
  return [
    ...shown,
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (key) =>
        keyState(key, now) === 'WORKING' && (
          <Group gap={4} justify="flex-end" wrap="nowrap">
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('keys.replaceNamed', { name: key.name })}
              onClick={() => actions.onReplace(key)}
            >
              {t('keys.replace')}
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('keys.revokeNamed', { name: key.name })}
              onClick={() => actions.onRevoke(key)}
            >
              {t('keys.revoke')}
            </Button>
          </Group>
        ),
    },
  ];
}
